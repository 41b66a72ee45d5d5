import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  carryLabels,
  composeTransforms,
  cropTransform,
  flipTransform,
  type ImageTransform,
  invertTransform,
  type LabelMoves,
  mirrorTransform,
  movePoint,
  type Point,
  resample,
  resizeTransform,
  type Size,
  turnAngles,
  turnDirection,
  turnInPicture,
  unmoved,
} from './geometry.ts';
import type { ImageSpec } from './image.ts';

const size: fc.Arbitrary<Size> = fc.record({
  width: fc.integer({ min: 20, max: 60 }),
  height: fc.integer({ min: 20, max: 60 }),
});
const part = fc.double({ min: 0, max: 1, noNaN: true });
/** A step from a given size: what it does is drawn before the size is known. */
const step = fc.oneof(
  fc.tuple(part, part, part, part).map(([x, y, w, h]) => (from: Size): ImageTransform => {
    const [width, height] = [
      Math.ceil(from.width * (0.6 + 0.4 * w)),
      Math.ceil(from.height * (0.6 + 0.4 * h)),
    ];
    return cropTransform(from, {
      left: x * (from.width - width),
      top: y * (from.height - height),
      width,
      height,
    });
  }),
  fc.tuple(part, part).map(
    ([w, h]) =>
      (from: Size) =>
        resizeTransform(from, {
          width: Math.ceil(from.width * (0.6 + w)),
          height: Math.ceil(from.height * (0.6 + h)),
        }),
  ),
  fc.constant(mirrorTransform),
  fc.constant(flipTransform),
);
const chain = fc.tuple(size, fc.array(step, { minLength: 1, maxLength: 4 })).map(([from, steps]) => {
  let at = from;
  const [first, ...rest] = steps.map((make) => {
    const transform = make(at);
    at = transform.to;
    return transform;
  });
  return { steps: [first!, ...rest], whole: composeTransforms(first!, ...rest) };
});
const point: fc.Arbitrary<Point> = fc.tuple(
  fc.double({ min: -10, max: 70, noNaN: true }),
  fc.double({ min: -10, max: 70, noNaN: true }),
);

function expectClose(actual: readonly number[], expected: readonly number[], digits = 9): void {
  expect(actual.length).toBe(expected.length);
  for (const [index, value] of expected.entries()) expect(actual[index]).toBeCloseTo(value, digits);
}

test('a chain moves a point as its steps do one after the other, and its inverse brings it back', () => {
  fc.assert(
    fc.property(chain, point, ({ steps, whole }, start) => {
      expectClose(
        movePoint(whole, start),
        steps.reduce<Point>((at, next) => movePoint(next, at), start),
      );
      expectClose(movePoint(invertTransform(whole), movePoint(whole, start)), start);
      expectClose(movePoint(composeTransforms(whole, invertTransform(whole)), start), start);
    }),
  );
});

test('directions and angles turn as the chain mirrors and flips, and never where it crops and scales', () => {
  const direction = fc.tuple(part, part, part).map(([x, y, z]) => [x - 0.5, y - 0.5, -z - 0.1] as const);
  fc.assert(
    fc.property(chain, direction, ({ steps, whole }, gaze) => {
      const turned = turnDirection(whole, gaze);
      expectClose(
        turned,
        steps.reduce((at, next) => turnDirection(next, at), gaze as [number, number, number]),
      );
      expectClose(turnDirection(invertTransform(whole), turned), gaze);
      expect(Math.hypot(...turned)).toBeCloseTo(Math.hypot(...gaze), 12);
      // Pitch up and yaw to the left of the turned direction are the turned pitch and yaw.
      const angles = ([x, y, z]: readonly number[]) => ({
        pitch: Math.atan2(-y!, -z!),
        yaw: Math.atan2(-x!, -z!),
      });
      const { pitch, yaw } = turnAngles(whole, angles(gaze));
      expectClose([pitch, yaw], [angles(turned).pitch, angles(turned).yaw]);
    }),
  );
  const mirror = mirrorTransform({ width: 10, height: 10 });
  expect(turnDirection(mirror, [0.6, 0.3, -0.7])).toEqual([-0.6, 0.3, -0.7]);
  expect(turnAngles(mirror, { pitch: 0.1, yaw: 0.2, roll: 0.3 })).toEqual({
    pitch: 0.1,
    yaw: -0.2,
    roll: -0.3,
  });
  const flip = flipTransform({ width: 10, height: 10 });
  expect(turnAngles(flip, { pitch: 0.1, yaw: 0.2, roll: 0.3 })).toEqual({
    pitch: -0.1,
    yaw: 0.2,
    roll: -0.3,
  });
});

test('an angle drawn in the picture is that of the line between two moved points', () => {
  fc.assert(
    fc.property(chain, fc.double({ min: -3, max: 3, noNaN: true }), ({ whole }, angle) => {
      const [ax, ay] = movePoint(whole, [5, 5]);
      const [bx, by] = movePoint(whole, [5 + Math.cos(angle), 5 + Math.sin(angle)]);
      const turned = turnInPicture(whole, angle);
      expect(Math.cos(turned - Math.atan2(by - ay, bx - ax))).toBeCloseTo(1, 9);
    }),
  );
});

/** A soft dot, so that its place is known to a part of a pixel. */
function dotAt([x, y]: Point, { width, height }: Size, radius = 2.5): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, index) => {
    const [dx, dy] = [(index % width) + 0.5 - x, Math.floor(index / width) + 0.5 - y];
    return Math.round(240 * Math.exp(-(dx * dx + dy * dy) / (2 * radius * radius)));
  });
}

function findDot(image: ArrayLike<number>, { width, height }: Size): Point {
  let [mass, x, y] = [0, 0, 0];
  for (let index = 0; index < width * height; index++) {
    const value = image[index]!;
    mass += value;
    x += value * ((index % width) + 0.5);
    y += value * (Math.floor(index / width) + 0.5);
  }
  return [x / mass, y / mass];
}

test('a label stays on the pixels that it marks, through every chain', () => {
  fc.assert(
    fc.property(chain, part, part, ({ whole }, px, py) => {
      // A place that the chain keeps, with room around it for the dot.
      const target: Point = [10 + px * (whole.to.width - 20), 10 + py * (whole.to.height - 20)];
      fc.pre(whole.to.width > 24 && whole.to.height > 24);
      fc.pre(Math.min(Math.abs(whole.scale[0]), Math.abs(whole.scale[1])) > 0.4);
      fc.pre(Math.max(Math.abs(whole.scale[0]), Math.abs(whole.scale[1])) < 1.3);
      const label = movePoint(invertTransform(whole), target);
      const [x, y] = label;
      fc.pre(x > 8 && y > 8 && x < whole.from.width - 8 && y < whole.from.height - 8);
      const spec: ImageSpec = { ...whole.from, channels: 1, bits: 8 };
      const moved = resample(dotAt(label, whole.from), spec, whole);
      const found = findDot(moved, whole.to);
      expect(Math.hypot(found[0] - target[0], found[1] - target[1])).toBeLessThan(0.15);
    }),
    { numRuns: 200 },
  );
});

test('whole shifts, mirrors and flips move pixels without changing them', () => {
  const spec: ImageSpec = { width: 3, height: 2, channels: 3, bits: 8 };
  const image = Uint8Array.from({ length: 18 }, (_, index) => index * 10);
  const pixel = (column: number, row: number) =>
    Array.from(image.subarray((row * 3 + column) * 3, (row * 3 + column) * 3 + 3));
  expect(Array.from(resample(image, spec, mirrorTransform(spec)))).toEqual(
    [pixel(2, 0), pixel(1, 0), pixel(0, 0), pixel(2, 1), pixel(1, 1), pixel(0, 1)].flat(),
  );
  expect(Array.from(resample(image, spec, flipTransform(spec)))).toEqual([
    ...image.subarray(9),
    ...image.subarray(0, 9),
  ]);
  const crop = cropTransform(spec, { left: 1, top: 1, width: 2, height: 1 });
  expect(Array.from(resample(image, spec, crop))).toEqual([...pixel(1, 1), ...pixel(2, 1)]);
});

test('scaling down blends all that a new pixel covers, and depth is never blended', () => {
  const stripes: ImageSpec = { width: 40, height: 4, channels: 1, bits: 8 };
  const image = Uint8Array.from({ length: 160 }, (_, index) => (index % 2) * 200);
  const small = resample(image, stripes, resizeTransform(stripes, { width: 7, height: 2 }));
  for (const value of small) expect(Math.abs(value - 100)).toBeLessThan(25);

  const depth: ImageSpec = { width: 4, height: 1, channels: 1, bits: 16 };
  const surfaces = Uint16Array.of(500, 500, 0, 900);
  const resized = resample(surfaces, depth, resizeTransform(depth, { width: 7, height: 1 }));
  expect(new Set(resized)).toEqual(new Set([500, 0, 900]));
  const blended = resample(surfaces, depth, resizeTransform(depth, { width: 7, height: 1 }), {
    filter: 'linear',
  });
  expect(blended.some((value) => ![500, 0, 900].includes(value))).toBe(true);
});

test('every field of an annotation is carried, and absent fields stay absent', () => {
  interface Label {
    at?: Point;
    gaze?: readonly [number, number, number];
    kind: string;
  }
  const moves: LabelMoves<Label> = { at: movePoint, gaze: turnDirection, kind: unmoved };
  const mirror = mirrorTransform({ width: 8, height: 8 });
  expect(carryLabels(mirror, { at: [1, 2], gaze: [0.6, 0, -0.8], kind: 'open' }, moves)).toEqual({
    at: [7, 2],
    gaze: [-0.6, 0, -0.8],
    kind: 'open',
  });
  expect(carryLabels<Label>(mirror, { kind: 'open' }, moves)).toEqual({ kind: 'open' });
  // @ts-expect-error a field without a move does not compile
  const forgotten: LabelMoves<Label> = { at: movePoint, kind: unmoved };
  expect(forgotten.gaze).toBeUndefined();
});

test('says what does not fit', () => {
  const from = { width: 8, height: 8 };
  expect(() => composeTransforms(mirrorTransform(from), mirrorTransform({ width: 9, height: 8 }))).toThrow(
    'Transform 1 of the chain is for pictures of 9 x 8, and the one before it makes 8 x 8.',
  );
  expect(() => cropTransform(from, { left: 0, top: 0, width: 0, height: 4 })).toThrow(
    '0 x 4 pixels does not exist',
  );
  const spec: ImageSpec = { ...from, channels: 1, bits: 8 };
  const half = cropTransform(from, { left: 0, top: 0, width: 2.5, height: 4 });
  expect(() => resample(new Uint8Array(64), spec, half)).toThrow('A picture cannot be 2.5 x 4');
  expect(() => resample(new Uint8Array(64), spec, mirrorTransform({ width: 4, height: 16 }))).toThrow(
    'it is 8 x 8 and the transform is for 4 x 16',
  );
});
