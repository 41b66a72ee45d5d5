import fc from 'fast-check';
import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { chain } from '../../test/transform-chains.ts';
import { annotationSchema, carryLabels, type LabelGeometry, type LabelKinds } from './labels.ts';
import { transformOf } from './picture-map.ts';
import {
  composeTransforms,
  cropTransform,
  flipTransform,
  type ImageTransform,
  invertTransform,
  mirrorTransform,
  type Point,
  resizeTransform,
} from './transform.ts';
import { turnDirectionBy } from './turn.ts';

const size = { width: 100, height: 60 };
const mirror = mirrorTransform(size);
const flip = flipTransform(size);
const crop = cropTransform(size, { left: 10, top: 5, width: 40, height: 30 });
/** Twice as wide, three times as high. */
const stretch = resizeTransform(size, { width: 200, height: 180 });

/** The value that a transform makes of a label of one kind. */
const carried = <Kind extends keyof LabelKinds>(
  transform: ImageTransform,
  kind: Kind,
  value: LabelKinds[Kind],
) =>
  carryLabels(transform, { value }, { value: kind } as unknown as LabelGeometry<{ value: LabelKinds[Kind] }>)
    .value;

type Example<Kind extends keyof LabelKinds> = {
  readonly value: LabelKinds[Kind];
  readonly mirrored: LabelKinds[Kind];
  readonly flipped: LabelKinds[Kind];
  readonly cropped: LabelKinds[Kind];
  readonly stretched: LabelKinds[Kind];
};

const triangle: readonly Point[] = [
  [50, 20],
  [20, 40],
  [20, 10],
];

const examples: { readonly [Kind in keyof LabelKinds]: Example<Kind> } = {
  invariant: {
    value: { any: 1 },
    mirrored: { any: 1 },
    flipped: { any: 1 },
    cropped: { any: 1 },
    stretched: { any: 1 },
  },
  point: { value: [30, 20], mirrored: [70, 20], flipped: [30, 40], cropped: [20, 15], stretched: [60, 60] },
  points: {
    value: [
      [30, 20],
      [0, 60],
    ],
    mirrored: [
      [70, 20],
      [100, 60],
    ],
    flipped: [
      [30, 40],
      [0, 0],
    ],
    cropped: [
      [20, 15],
      [-10, 55],
    ],
    stretched: [
      [60, 60],
      [0, 180],
    ],
  },
  polygon: {
    value: triangle,
    mirrored: [
      [50, 20],
      [80, 40],
      [80, 10],
    ],
    flipped: [
      [50, 40],
      [20, 20],
      [20, 50],
    ],
    cropped: [
      [40, 15],
      [10, 35],
      [10, 5],
    ],
    stretched: [
      [100, 60],
      [40, 120],
      [40, 30],
    ],
  },
  box: {
    value: [10, 20, 30, 5],
    mirrored: [60, 20, 30, 5],
    flipped: [10, 35, 30, 5],
    cropped: [0, 15, 30, 5],
    stretched: [20, 60, 60, 15],
  },
  corners: {
    value: [10, 20, 40, 25],
    mirrored: [60, 20, 90, 25],
    flipped: [10, 35, 40, 40],
    cropped: [0, 15, 30, 20],
    stretched: [20, 60, 80, 75],
  },
  x: { value: 30, mirrored: 70, flipped: 30, cropped: 20, stretched: 60 },
  y: { value: 20, mirrored: 20, flipped: 40, cropped: 15, stretched: 60 },
  width: { value: 7, mirrored: 7, flipped: 7, cropped: 7, stretched: 14 },
  height: { value: 7, mirrored: 7, flipped: 7, cropped: 7, stretched: 21 },
  uvd: {
    value: [30, 20, 450],
    mirrored: [70, 20, 450],
    flipped: [30, 40, 450],
    cropped: [20, 15, 450],
    stretched: [60, 60, 450],
  },
  direction: {
    value: [0.6, 0.3, -0.7],
    mirrored: [-0.6, 0.3, -0.7],
    flipped: [0.6, -0.3, -0.7],
    cropped: [0.6, 0.3, -0.7],
    stretched: [0.6, 0.3, -0.7],
  },
  pitch: { value: 0.2, mirrored: 0.2, flipped: -0.2, cropped: 0.2, stretched: 0.2 },
  yaw: { value: 0.2, mirrored: -0.2, flipped: 0.2, cropped: 0.2, stretched: 0.2 },
  roll: { value: 0.2, mirrored: -0.2, flipped: -0.2, cropped: 0.2, stretched: 0.2 },
  orientation: {
    value: Math.PI / 4,
    mirrored: (3 * Math.PI) / 4,
    flipped: -Math.PI / 4,
    cropped: Math.PI / 4,
    stretched: Math.atan2(3, 2),
  },
  side: { value: 'left', mirrored: 'right', flipped: 'right', cropped: 'left', stretched: 'left' },
  camera: {
    value: [80, 1, 49.5, 0, 70, 29.5, 0, 0, 1],
    mirrored: [-80, -1, 49.5, 0, 70, 29.5, 0, 0, 1],
    flipped: [80, 1, 49.5, 0, -70, 29.5, 0, 0, 1],
    cropped: [80, 1, 39.5, 0, 70, 24.5, 0, 0, 1],
    stretched: [160, 2, 99.5, 0, 210, 89.5, 0, 0, 1],
  },
  companion: {
    value: 'mask.png',
    mirrored: 'mask.png',
    flipped: 'mask.png',
    cropped: 'mask.png',
    stretched: 'mask.png',
  },
};

test.each(Object.keys(examples) as (keyof LabelKinds)[])(
  'labels of the kind %s follow their picture',
  (kind) => {
    const { value, mirrored, flipped, cropped, stretched } = examples[kind];
    expect(carried(mirror, kind, value)).toEqual(mirrored);
    expect(carried(flip, kind, value)).toEqual(flipped);
    expect(carried(crop, kind, value)).toEqual(cropped);
    expect(carried(stretch, kind, value)).toEqual(stretched);
    expect(carried(composeTransforms(mirror, mirror), kind, value)).toEqual(value);
  },
);

test('every kind follows a chain as it follows its steps, and the way back undoes it', () => {
  const kinds = Object.keys(examples) as (keyof LabelKinds)[];
  fc.assert(
    fc.property(chain, fc.constantFrom(...kinds), ({ steps, whole }, kind) => {
      const { value } = examples[kind];
      const atOnce = carried(whole, kind, value);
      const stepwise = steps.reduce<LabelKinds[typeof kind]>((at, step) => carried(step, kind, at), value);
      expect(flat(stepwise)).toEqual(flat(atOnce).map(close));
      expect(flat(carried(invertTransform(whole), kind, atOnce))).toEqual(flat(value).map(close));
    }),
  );
});

const flat = (value: unknown): unknown[] => (Array.isArray(value) ? value.flatMap(flat) : [value]);
const close = (value: unknown) => (typeof value === 'number' ? expect.closeTo(value, 6) : value);

const schema = z.object({
  pupil: z.tuple([z.number(), z.number()]),
  lids: z.array(z.tuple([z.number(), z.number()]).nullable()),
  gaze: z.object({ pitch: z.number(), direction: z.tuple([z.number(), z.number(), z.number()]).optional() }),
  eyes: z.array(
    z.object({
      side: z.enum(['left', 'right']),
      box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
    }),
  ),
  camera: z.object({ name: z.string(), focal: z.number() }),
  mask: z.string().optional(),
  shift: z.number(),
});
const annotation = annotationSchema(schema, {
  pupil: 'point',
  lids: { each: 'point' },
  gaze: { pitch: 'pitch', direction: 'direction' },
  eyes: { each: { side: 'side', box: 'box' } },
  camera: 'invariant',
  mask: 'companion',
  shift: (map, shift) => shift * transformOf(map)!.scale[0],
});
const example: z.infer<typeof schema> = {
  pupil: [30, 20],
  lids: [[10, 10], null, [20, 10]],
  gaze: { pitch: 0.1, direction: [0.6, 0, -0.8] },
  eyes: [
    { side: 'left', box: [10, 20, 30, 5] },
    { side: 'right', box: [60, 20, 30, 5] },
  ],
  camera: { name: 'a', focal: 3 },
  shift: 5,
};

test('nested fields, lists and gaps in them follow by the geometry of the schema', () => {
  expect(carryLabels(mirror, example, annotation.geometry)).toEqual({
    pupil: [70, 20],
    lids: [[90, 10], null, [80, 10]],
    gaze: { pitch: 0.1, direction: [-0.6, 0, -0.8] },
    eyes: [
      { side: 'right', box: [60, 20, 30, 5] },
      { side: 'left', box: [10, 20, 30, 5] },
    ],
    camera: { name: 'a', focal: 3 },
    shift: -5,
  });
  const copy = structuredClone(example);
  carryLabels(mirror, example, annotation.geometry);
  expect(example).toEqual(copy);
});

test('absent fields stay absent, null and undefined stay what they are', () => {
  const { gaze, ...without } = example;
  const carriedOver = carryLabels(mirror, { ...without, gaze: { pitch: gaze.pitch } }, annotation.geometry);
  expect(carriedOver.gaze).toEqual({ pitch: 0.1 });
  expect('mask' in carriedOver).toBe(false);
  const undefinedMask: typeof example = { ...example, mask: undefined };
  expect(carryLabels(mirror, undefinedMask, annotation.geometry)).toHaveProperty('mask', undefined);
  const nullable: { at: Point | null } = { at: null };
  expect(carryLabels(mirror, nullable, { at: 'point' })).toEqual({ at: null });
});

test('a field whose geometry is not declared is refused with its place', () => {
  const refusal = (place: string) =>
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: `The annotation's field ${place} has no declared geometry, so it cannot follow its picture. Declare it with annotationSchema(…), as 'invariant' if it never changes.`,
    });
  const { geometry } = annotation;
  expect(() => carryLabels(mirror, { ...example, blink: 1 } as typeof example, geometry)).toThrow(
    refusal('blink'),
  );
  const gaze = { ...example.gaze, roll: 1 };
  expect(() => carryLabels(mirror, { ...example, gaze } as typeof example, geometry)).toThrow(
    refusal('gaze.roll'),
  );
  const eyes = [example.eyes[0]!, { ...example.eyes[1]!, iris: [1, 2] }];
  expect(() => carryLabels(mirror, { ...example, eyes } as typeof example, geometry)).toThrow(
    refusal('eyes[1].iris'),
  );
  // Names of Object's own properties are no geometry.
  expect(() =>
    carryLabels(mirror, { ...example, toString: 1 } as unknown as typeof example, geometry),
  ).toThrow(refusal('toString'));
});

test('a schema with geometry validates as before and knows its annotation', async () => {
  expect(annotation['~standard'].validate(example)).toEqual({ value: example });
  expect(await annotation['~standard'].validate({ ...example, shift: 'far' })).toHaveProperty('issues');
  const output = annotation['~standard'].types?.output;
  expectTypeOf(output!).toEqualTypeOf<z.infer<typeof schema>>();
});

test('geometry that does not fit the annotation does not compile', () => {
  interface Label {
    readonly at: Point;
    readonly gaze?: readonly [number, number, number];
    readonly kind: string;
    readonly joints: readonly (Point | null)[];
    readonly pose: { readonly yaw: number };
  }
  const geometry: LabelGeometry<Label> = {
    at: 'point',
    gaze: turnDirectionBy,
    kind: 'invariant',
    joints: { each: 'point' },
    pose: { yaw: 'yaw' },
  };
  expect(Object.keys(geometry)).toHaveLength(5);
  const { kind: _, ...withoutKind } = geometry;
  // @ts-expect-error a field is forgotten
  const forgotten: LabelGeometry<Label> = withoutKind;
  const { gaze: __, ...withoutGaze } = geometry;
  // @ts-expect-error an optional field is forgotten
  const optional: LabelGeometry<Label> = withoutGaze;
  // @ts-expect-error a nested field is forgotten
  const nested: LabelGeometry<Label> = { ...geometry, pose: {} };
  // @ts-expect-error a class is no point
  const mismatched: LabelGeometry<Label> = { ...geometry, kind: 'point' };
  // @ts-expect-error a point is no single coordinate
  const coordinate: LabelGeometry<Label> = { ...geometry, at: 'x' };
  // @ts-expect-error there is no such kind
  const unknown: LabelGeometry<Label> = { ...geometry, at: 'pixel' };
  // @ts-expect-error a field too many
  annotationSchema(z.object({ at: z.number() }), { at: 'x', more: 'x' });
  // @ts-expect-error a field too few
  annotationSchema(z.object({ at: z.number(), more: z.number() }), { at: 'x' });
  expect([forgotten, optional, nested, mismatched, coordinate, unknown]).toHaveLength(6);
});
