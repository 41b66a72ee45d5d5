/** @file Labels of any picture: objects with classes, boxes, outlines, masks and keypoints. */
import { type AnnotationSchema, annotationSchema } from '@simgan/core';
import { z } from 'zod';
import { carryMask } from './carry-mask.ts';
import { LONGEST_RUN_TEXT, type RunLengthMask } from './run-length.ts';

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** An object of JSON values. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A named point of an object. */
export interface Keypoint {
  readonly name: string;
  /** Pixels; `null` where it is not labeled. */
  readonly point: readonly [x: number, y: number] | null;
  /** 0: not labeled. 1: labeled and hidden. 2: labeled and visible. */
  readonly visibility: 0 | 1 | 2;
}

/** One object in a picture. Every part is optional but its class. */
export interface LabeledObject {
  readonly class: string;
  /** `[left, top, width, height]`, pixels. */
  readonly box?: readonly [left: number, top: number, width: number, height: number];
  /** Closed outlines, pixels; several where the object is in parts. */
  readonly polygons?: readonly (readonly (readonly [x: number, y: number])[])[];
  readonly mask?: RunLengthMask;
  readonly keypoints?: readonly Keypoint[];
  /** Whether the label covers many objects that were not told apart. */
  readonly isCrowd?: boolean;
  /** What else is known and does not change with the picture's geometry. */
  readonly fields?: JsonObject;
}

/**
 * What is known of a picture. Coordinates are those of `@simgan/core/geometry`: pixels from the outer corner of the top
 * left pixel, whose center is (0.5, 0.5).
 */
export interface ObjectsAnnotation {
  /** The class of the whole picture. */
  readonly class?: string;
  readonly objects: readonly LabeledObject[];
  /** What else is known and does not change with the picture's geometry. */
  readonly fields?: JsonObject;
}

/** More objects, points or keypoints than these are in no picture; a file can claim any number. */
export const MOST_OBJECTS = 10_000;
const MOST_POINTS = 100_000;
const MOST_KEYPOINTS = 1000;
const LONGEST_NAME = 200;

const coordinate = z.number().min(-1e7).max(1e7);
const extent = z.number().min(0).max(1e7);
const point = z.tuple([coordinate, coordinate]);
const name = z.string().min(1).max(LONGEST_NAME);
const side = z
  .int()
  .min(1)
  .max(2 ** 16);
const fields = z.record(z.string().max(LONGEST_NAME), z.json());

const maskSchema = z.strictObject({
  size: z.tuple([side, side]),
  counts: z.union([z.string().max(LONGEST_RUN_TEXT), z.array(z.int().nonnegative()).max(LONGEST_RUN_TEXT)]),
});

const objectSchema = z.strictObject({
  class: name,
  box: z.tuple([coordinate, coordinate, extent, extent]).optional(),
  polygons: z.array(z.array(point).min(3).max(MOST_POINTS)).max(MOST_OBJECTS).optional(),
  mask: maskSchema.optional(),
  keypoints: z
    .array(
      z.strictObject({
        name,
        point: point.nullable(),
        visibility: z.union([z.literal(0), z.literal(1), z.literal(2)]),
      }),
    )
    .max(MOST_KEYPOINTS)
    .optional(),
  isCrowd: z.boolean().optional(),
  fields: fields.optional(),
});

/** Validates an {@link ObjectsAnnotation}; limits keep what a hostile file claims within memory. */
export const objectsSchema = z.strictObject({
  class: name.optional(),
  objects: z.array(objectSchema).max(MOST_OBJECTS),
  fields: fields.optional(),
});

/**
 * The schema and geometry of objects, for plugins whose annotations they are. `carryLabels` with its geometry moves
 * boxes, outlines and keypoints, and resamples masks by their nearest pixels.
 *
 * @example
 * const annotation = { objects: [{ class: 'cup', box: [10, 20, 30, 40] as const }] };
 * const half = { from: { width: 64, height: 64 }, to: { width: 32, height: 32 }, scale: [0.5, 0.5], shift: [0, 0] } as const;
 * carryLabels<ObjectsAnnotation>(half, annotation, objectsAnnotation.geometry); // box [5, 10, 15, 20]
 */
export const objectsAnnotation: AnnotationSchema<ObjectsAnnotation> = annotationSchema<ObjectsAnnotation>(
  objectsSchema as unknown as AnnotationSchema<ObjectsAnnotation>,
  {
    class: 'invariant',
    objects: {
      each: {
        class: 'invariant',
        box: 'box',
        polygons: { each: 'polygon' },
        mask: carryMask,
        keypoints: { each: { name: 'invariant', point: 'point', visibility: 'invariant' } },
        isCrowd: 'invariant',
        fields: 'invariant',
      },
    },
    fields: 'invariant',
  },
);

/** Why a value is not an {@link ObjectsAnnotation}, as a clause; `undefined` if it is one. */
export function objectsProblem(value: unknown): string | undefined {
  const { error } = objectsSchema.safeParse(value);
  return error && issueText(error);
}

/** The first issues of a schema as a clause. */
export function issueText({ issues }: z.ZodError): string {
  const shown = issues.slice(0, 3).map(({ path, message }) => {
    const place = path.map(String).join('.');
    return place ? `${place}: ${message}` : message;
  });
  return issues.length > 3 ? `${shown.join('; ')}; and ${issues.length - 3} more` : shown.join('; ');
}
