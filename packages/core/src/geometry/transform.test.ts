import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chain, part, point } from '../../test/transform-chains.ts';
import {
  composeTransforms,
  cropTransform,
  flipTransform,
  invertTransform,
  isMirrored,
  mirrorTransform,
  movePoint,
  type Point,
  resizeTransform,
  turnAngles,
  turnDirection,
  turnInPicture,
} from './transform.ts';

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

test('only an odd number of mirrors exchanges left and right', () => {
  const from = { width: 10, height: 6 };
  const mirror = mirrorTransform(from);
  expect(
    [mirror, flipTransform(from), resizeTransform(from, { width: 3, height: 9 })].map(isMirrored),
  ).toEqual([true, false, false]);
  expect(isMirrored(composeTransforms(mirror, flipTransform(from)))).toBe(true);
  expect(isMirrored(composeTransforms(mirror, mirror))).toBe(false);
});

test('what does not fit is refused with its sizes', () => {
  const from = { width: 8, height: 8 };
  expect(() => composeTransforms(mirrorTransform(from), mirrorTransform({ width: 9, height: 8 }))).toThrow(
    'Transform 1 of the chain is for pictures of 9 x 8, but the previous one makes 8 x 8.',
  );
  expect(() => cropTransform(from, { left: 0, top: 0, width: 0, height: 4 })).toThrow(
    'cannot be 0 x 4 pixels',
  );
});
