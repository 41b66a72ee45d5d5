/** @file Random transforms for property tests. */
import fc from 'fast-check';
import {
  composeTransforms,
  cropTransform,
  flipTransform,
  type ImageTransform,
  mirrorTransform,
  type Point,
  resizeTransform,
} from '../src/geometry/index.ts';
import type { Size } from '../src/index.ts';

const size: fc.Arbitrary<Size> = fc.record({
  width: fc.integer({ min: 20, max: 60 }),
  height: fc.integer({ min: 20, max: 60 }),
});

/** A share, 0 to 1. */
export const part = fc.double({ min: 0, max: 1, noNaN: true });

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
/** Up to four transforms, one after the other, and what they are as a whole. */
export const chain = fc.tuple(size, fc.array(step, { minLength: 1, maxLength: 4 })).map(([from, steps]) => {
  let at = from;
  const [first, ...rest] = steps.map((make) => {
    const transform = make(at);
    at = transform.to;
    return transform;
  });
  return { steps: [first!, ...rest], whole: composeTransforms(first!, ...rest) };
});

/** A point within or near a picture. */
export const point: fc.Arbitrary<Point> = fc.tuple(
  fc.double({ min: -10, max: 70, noNaN: true }),
  fc.double({ min: -10, max: 70, noNaN: true }),
);
