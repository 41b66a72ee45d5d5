/** @file The kinds of labels, and how each follows a geometric transform of its picture. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { SimganError } from '../errors.ts';
import {
  type ImageTransform,
  movePoint,
  type Point,
  turnAngles,
  turnDirection,
  turnInPicture,
} from './transform.ts';

/** A function that moves a value with a transform, for labels of none of the {@link LabelKinds}. */
export type LabelMove<Value> = (transform: ImageTransform, value: Value) => Value;

type Vector = readonly [x: number, y: number, z: number];

/** The kinds of labels and their values. Lengths in pixels of the picture unless stated otherwise. */
export interface LabelKinds {
  /** Never changes: a class, an openness, a name. */
  invariant: unknown;
  /** `[x, y]`. */
  point: Point;
  /** `[[x, y], …]` in a fixed order: landmarks. */
  points: readonly Point[];
  /** `[[x, y], …]`: a closed outline, clockwise or counterclockwise. */
  polygon: readonly Point[];
  /** `[left, top, width, height]`. */
  box: readonly [left: number, top: number, width: number, height: number];
  /** `[left, top, right, bottom]`. */
  corners: readonly [left: number, top: number, right: number, bottom: number];
  /** A single horizontal coordinate. */
  x: number;
  /** A single vertical coordinate. */
  y: number;
  /** A horizontal extent. */
  width: number;
  /** A vertical extent. */
  height: number;
  /** `[x, y, depth]`: a point in the picture and its depth, which does not change. */
  uvd: Vector;
  /** A 3-D direction in the camera frame (x right, y down): changes with mirroring, not with scaling. */
  direction: Vector;
  /** Radians about the picture's horizontal axis. */
  pitch: number;
  /** Radians about the picture's vertical axis. */
  yaw: number;
  /** Radians about the viewing axis. */
  roll: number;
  /** The angle of a line in the picture plane: radians from the picture's right toward its bottom. */
  orientation: number;
  /** Whose eye or hand it is: mirroring swaps `left` and `right`. */
  side: 'left' | 'right';
  /** The file of a companion picture (mask, depth, normals) that shares the picture's geometry. */
  companion: string;
}

/** The name of a kind of label. */
export type LabelKind = keyof LabelKinds;

type KindOf<Value> = {
  [Kind in LabelKind]: Value extends LabelKinds[Kind] ? Kind : never;
}[LabelKind];

/**
 * The geometry of one value: a kind, the geometry of each element of a list (`null` stays `null`), of each field of
 * an object, or a function.
 */
export type ValueGeometry<Value> =
  | KindOf<Value>
  | LabelMove<Value>
  | (Value extends readonly (infer Element)[]
      ? { readonly each: ValueGeometry<NonNullable<Element>> }
      : never)
  | (Value extends readonly unknown[] ? never : Value extends object ? LabelGeometry<Value> : never);

/** The geometry of every field of an annotation. Forgetting a field is a compile error. */
export type LabelGeometry<Annotation> = {
  readonly [Field in keyof Annotation]-?: ValueGeometry<NonNullable<Annotation[Field]>>;
};

/** A Standard Schema validator, and the geometry of the annotations that it accepts. Annotations are plain JSON. */
export interface AnnotationSchema<Annotation = unknown> extends StandardSchemaV1<unknown, Annotation> {
  readonly geometry: LabelGeometry<Annotation>;
}

/**
 * Declares how the labels of a schema follow when a picture is cropped, scaled or mirrored.
 *
 * @param schema - any Standard Schema validator (zod, valibot, arktype).
 * @example
 * const annotation = annotationSchema(z.object({ pupil: z.tuple([z.number(), z.number()]), gazePitch: z.number() }), {
 *   pupil: 'point',
 *   gazePitch: 'pitch',
 * });
 */
export function annotationSchema<Annotation>(
  schema: StandardSchemaV1<unknown, Annotation>,
  geometry: LabelGeometry<NoInfer<Annotation>>,
): AnnotationSchema<Annotation> {
  return { '~standard': schema['~standard'], geometry };
}

/**
 * Transforms an annotation together with its picture. Absent fields stay absent.
 *
 * @param geometry - the geometry of the annotation's schema.
 * @throws SimganError INVALID_ARGUMENT if the annotation has a field that the geometry does not declare.
 * @example
 * const mirrored = carryLabels(mirrorTransform(image), annotation, plugin.annotation.geometry);
 */
export function carryLabels<Annotation>(
  transform: ImageTransform,
  annotation: Annotation,
  geometry: LabelGeometry<NoInfer<Annotation>>,
): Annotation {
  return carryFields(transform, annotation, geometry as Geometry, '') as Annotation;
}

type Geometry = LabelKind | LabelMove<unknown> | { readonly [field: string]: Geometry };

function carry(transform: ImageTransform, value: unknown, geometry: Geometry, path: string): unknown {
  if (value === undefined || value === null) return value;
  if (typeof geometry === 'function') return geometry(transform, value);
  if (typeof geometry === 'string') return (moves[geometry] as LabelMove<unknown>)(transform, value);
  if (Array.isArray(value)) {
    const each = geometry.each!;
    return value.map((element, index) => carry(transform, element, each, `${path}[${index}]`));
  }
  return carryFields(transform, value, geometry, path);
}

function carryFields(transform: ImageTransform, value: unknown, geometry: Geometry, path: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const fields = geometry as { readonly [field: string]: Geometry };
  return Object.fromEntries(
    Object.entries(value).map(([field, member]) => {
      const place = path ? `${path}.${field}` : field;
      if (!Object.hasOwn(fields, field)) {
        throw new SimganError(
          'INVALID_ARGUMENT',
          `The annotation's field ${place} has no declared geometry, so it cannot follow its picture. Declare it with annotationSchema(…), as 'invariant' if it never changes.`,
        );
      }
      return [field, carry(transform, member, fields[field]!, place)];
    }),
  );
}

const movePoints = (transform: ImageTransform, points: readonly Point[]) =>
  points.map((point) => movePoint(transform, point));

const moves: { readonly [Kind in LabelKind]: LabelMove<LabelKinds[Kind]> } = {
  invariant: (_, value) => value,
  point: movePoint,
  points: movePoints,
  polygon: movePoints,
  box(transform, [left, top, width, height]) {
    const [x0, y0, x1, y1] = moves.corners(transform, [left, top, left + width, top + height]);
    return [x0, y0, x1 - x0, y1 - y0];
  },
  corners(transform, [left, top, right, bottom]) {
    const [a, b] = [movePoint(transform, [left, top]), movePoint(transform, [right, bottom])];
    return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  },
  x: (transform, x) => movePoint(transform, [x, 0])[0],
  y: (transform, y) => movePoint(transform, [0, y])[1],
  width: ({ scale }, width) => Math.abs(scale[0]) * width,
  height: ({ scale }, height) => Math.abs(scale[1]) * height,
  uvd: (transform, [u, v, depth]) => [...movePoint(transform, [u, v]), depth],
  direction: turnDirection,
  pitch: (transform, pitch) => turnAngles(transform, { pitch }).pitch,
  yaw: (transform, yaw) => turnAngles(transform, { yaw }).yaw,
  roll: (transform, roll) => turnAngles(transform, { roll }).roll,
  orientation: turnInPicture,
  // One reflection swaps the sides, two are a rotation.
  side: ({ scale }, side) => (scale[0] * scale[1] < 0 ? (side === 'left' ? 'right' : 'left') : side),
  companion: (_, file) => file,
};
