/** @file The kinds of labels, and how each follows a map of its picture. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { SimganError } from '../errors.ts';
import { mapOf, type PictureMap } from './picture-map.ts';
import type { ImageTransform, Point } from './transform.ts';
import { turnDirectionBy, turnInPictureBy, turnOf, turnRollBy, turnSingleAngleBy } from './turn.ts';

/**
 * A function that moves a value with its picture, for labels of none of the {@link LabelKinds} or for several that
 * depend on each other. It also gets the whole annotation, as it was before the move.
 *
 * @throws SimganError INVALID_ARGUMENT if the value has no one answer under this map.
 */
export interface LabelMove<Value> {
  (map: PictureMap, value: Value, annotation: unknown): Value;
  /** Where in the picture the value has borders, closed outlines in pixels, if it has any: where labels are looked for. */
  readonly outlines?: (value: Value) => readonly (readonly Point[])[];
}

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
  /** `[left, top, width, height]`. Turned or bent, it becomes the smallest box about its moved outline. */
  box: readonly [left: number, top: number, width: number, height: number];
  /** `[left, top, right, bottom]`; follows as `box` does. */
  corners: readonly [left: number, top: number, right: number, bottom: number];
  /** A single horizontal coordinate; not under maps that rotate or bend. */
  x: number;
  /** A single vertical coordinate; not under maps that rotate or bend. */
  y: number;
  /** A horizontal extent; not under maps that rotate or bend. */
  width: number;
  /** A vertical extent; not under maps that rotate or bend. */
  height: number;
  /** `[x, y, depth]`: a point in the picture and its depth, which does not change. */
  uvd: Vector;
  /** A 3-D direction in the camera frame (x right, y down): changes with mirroring and rotation, not with scaling. */
  direction: Vector;
  /** Radians about the picture's horizontal axis; under rotations of up to 2 degrees, at which it stays. */
  pitch: number;
  /** Radians about the picture's vertical axis; as `pitch`. */
  yaw: number;
  /** Radians about the viewing axis, clockwise in the picture. */
  roll: number;
  /** The angle of a line in the picture plane: radians from the picture's right toward its bottom. */
  orientation: number;
  /** Whose eye or hand it is: mirroring swaps `left` and `right`. */
  side: 'left' | 'right';
  /**
   * A camera's matrix `[fx, s, cx, 0, fy, cy, 0, 0, 1]`, row by row, pixels counted from the center of the top left one as in
   * OpenCV: follows scales and crops; mirrored, its focal length is negative. Not under maps that rotate or bend.
   */
  camera: readonly number[];
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

/**
 * Under this key, an object's geometry holds that of all fields that it does not name: for labels of other programs,
 * whose fields are not known in advance.
 */
export const OTHER_FIELDS: unique symbol = Symbol('other fields');

type Parts = { readonly [field: string]: unknown; readonly [OTHER_FIELDS]?: unknown };

/** The geometry of a field within that of its object; `undefined` if none is declared. */
export function fieldGeometry(geometry: object, field: string): unknown {
  const parts = geometry as Parts;
  return Object.hasOwn(parts, field) ? parts[field] : parts[OTHER_FIELDS];
}

/** The geometry of each element of a list. That of an object's fields also counts for the objects of a list. */
export function elementGeometry(geometry: object): unknown {
  return Object.hasOwn(geometry, 'each') ? (geometry as Parts).each : geometry;
}

/** A Standard Schema validator, and the geometry of the annotations that it accepts. Annotations are plain JSON. */
export interface AnnotationSchema<Annotation = unknown> extends StandardSchemaV1<unknown, Annotation> {
  readonly geometry: LabelGeometry<Annotation>;
}

/**
 * Declares how the labels of a schema follow when a picture is cropped, scaled, mirrored, rotated or bent.
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
 * Moves an annotation together with its picture. Absent fields stay absent.
 *
 * Directions and angles turn with the map's rotation at the middle of the picture.
 *
 * @param geometry - the geometry of the annotation's schema.
 * @throws SimganError INVALID_ARGUMENT, naming the field, if the annotation has one that the geometry does not declare
 * or whose kind has no one answer under this map.
 * @example
 * const mirrored = carryLabels(mirrorTransform(image), annotation, plugin.annotation.geometry);
 * const turned = carryLabels(affineMap(image, { rotation: 0.2 }), annotation, plugin.annotation.geometry);
 */
export function carryLabels<Annotation>(
  map: ImageTransform | PictureMap,
  annotation: Annotation,
  geometry: LabelGeometry<NoInfer<Annotation>>,
): Annotation {
  const carrying = { map: 'move' in map ? map : mapOf(map), annotation };
  return carryFields(carrying, annotation, geometry as Geometry, '') as Annotation;
}

type Geometry = LabelKind | LabelMove<unknown> | { readonly [field: string]: Geometry };

interface Carrying {
  readonly map: PictureMap;
  readonly annotation: unknown;
}

function carry(carrying: Carrying, value: unknown, geometry: Geometry, path: string): unknown {
  if (value === undefined || value === null) return value;
  if (typeof geometry === 'object') {
    if (!Array.isArray(value)) return carryFields(carrying, value, geometry, path);
    const each = elementGeometry(geometry) as Geometry;
    return value.map((element, index) => carry(carrying, element, each, `${path}[${index}]`));
  }
  const move = typeof geometry === 'function' ? geometry : (moves[geometry] as LabelMove<unknown>);
  try {
    return move(carrying.map, value, carrying.annotation);
  } catch (error) {
    if (!(error instanceof SimganError)) throw error;
    throw new SimganError(error.code, `The annotation's field ${path}: ${error.message}`, { cause: error });
  }
}

function carryFields(carrying: Carrying, value: unknown, geometry: Geometry, path: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, member]) => {
      const place = path ? `${path}.${field}` : field;
      const own = fieldGeometry(geometry as object, field) as Geometry | undefined;
      if (own === undefined) {
        throw new SimganError(
          'INVALID_ARGUMENT',
          `The annotation's field ${place} has no declared geometry, so it cannot follow its picture. Declare it with annotationSchema(…), as 'invariant' if it never changes.`,
        );
      }
      return [field, carry(carrying, member, own, place)];
    }),
  );
}

const movePoints = (map: PictureMap, points: readonly Point[]) => points.map((point) => map.move(point));

const moves: {
  readonly [Kind in LabelKind]: (map: PictureMap, value: LabelKinds[Kind]) => LabelKinds[Kind];
} = {
  invariant: (_, value) => value,
  point: (map, point) => map.move(point),
  points: movePoints,
  polygon: movePoints,
  box(map, [left, top, width, height]) {
    const [x0, y0, x1, y1] = moves.corners(map, [left, top, left + width, top + height]);
    return [x0, y0, x1 - x0, y1 - y0];
  },
  corners(map, corners) {
    const outline = outlineOf(corners, map).map((point) => map.move(point));
    const [xs, ys] = [outline.map(([x]) => x), outline.map(([, y]) => y)];
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  },
  x: (map, x) => separate(map, 'x', 0) * x + map.affine!.shift[0],
  y: (map, y) => separate(map, 'y', 1) * y + map.affine!.shift[1],
  width: (map, width) => Math.abs(separate(map, 'width', 0)) * width,
  height: (map, height) => Math.abs(separate(map, 'height', 1)) * height,
  uvd: (map, [u, v, depth]) => [...map.move([u, v]), depth],
  direction: turnDirectionBy,
  pitch: (map, pitch) => turnSingleAngleBy(map, 'pitch', pitch),
  yaw: (map, yaw) => turnSingleAngleBy(map, 'yaw', yaw),
  roll: turnRollBy,
  orientation: turnInPictureBy,
  // One reflection swaps the sides, two are a rotation.
  side: (map, side) => (turnOf(map).isMirrored ? (side === 'left' ? 'right' : 'left') : side),
  camera: moveCamera,
  companion: (_, file) => file,
};

/** A box's corners, and under a map that bends, points of its edges: at least two for each pixel, within reason. */
function outlineOf(
  [left, top, right, bottom]: LabelKinds['corners'],
  { affine }: PictureMap,
): readonly Point[] {
  const parts = (length: number) =>
    affine ? 1 : Math.min(256, Math.max(8, Math.ceil(2 * Math.abs(length))));
  const edge = (from: Point, to: Point): Point[] => {
    const count = parts(Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])));
    return Array.from({ length: count }, (_, i) => [
      from[0] + ((to[0] - from[0]) * i) / count,
      from[1] + ((to[1] - from[1]) * i) / count,
    ]);
  };
  const ring: Point[] = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
  return ring.flatMap((corner, i) => edge(corner, ring[(i + 1) % 4]!));
}

/** The matrix of a camera whose picture is scaled and cropped. Its own pixels count from centers, the map's from corners. */
function moveCamera(map: PictureMap, matrix: readonly number[]): readonly number[] {
  const [x, y] = [separate(map, 'camera', 0), separate(map, 'camera', 1)];
  const [fx, skew, cx, below, fy, cy, ...last] = matrix as [number, number, number, number, number, number];
  const [shiftX, shiftY] = map.affine!.shift;
  return [
    x * fx,
    x * skew,
    x * (cx + 0.5) + shiftX - 0.5,
    below,
    y * fy,
    y * (cy + 0.5) + shiftY - 0.5,
    ...last,
  ];
}

/** The scale along one axis of a map in which that coordinate does not depend on the other. */
function separate({ affine }: PictureMap, kind: string, axis: 0 | 1): number {
  const [a, b, c, d] = affine?.matrix ?? [0, 1, 1, 0];
  if ((axis === 0 ? b : c) === 0) return axis === 0 ? a : d;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `A label of the kind ${kind} has no one answer where a picture is rotated, sheared or bent, as it depends on where along the other axis it is meant. Declare a point or a box instead.`,
  );
}
