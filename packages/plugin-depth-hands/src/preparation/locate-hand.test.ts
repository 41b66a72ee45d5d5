import { expect, test } from 'vitest';
import { NYU_KINECT, project } from '../camera.ts';
import { depthFrame } from './depth-frame.ts';
import { locateHand } from './locate-hand.ts';

/** A hand of 120 x 160 mm before a larger body, with specks of noise nearer than both. */
function scene(hand: readonly [number, number, number] | undefined, body: number) {
  const [cu, cv] = hand ? project(hand, NYU_KINECT) : [0, 0];
  return depthFrame(
    NYU_KINECT,
    Array.from({ length: 640 * 480 }, (_, at) => {
      const [u, v] = [at % 640, Math.floor(at / 640)];
      if (at % 40_009 === 0) return 300;
      if (hand) {
        const x = ((u - cu) * hand[2]) / NYU_KINECT.fx;
        const y = ((v - cv) * hand[2]) / NYU_KINECT.fy;
        if (Math.abs(x) < 60 && Math.abs(y) < 80) return hand[2];
      }
      return u > 100 && v > 100 ? body : 0;
    }),
  );
}

test('finds the nearest surface, whatever larger one stands behind it and whatever specks before', () => {
  for (const hand of [
    [0, 0, 600],
    [-150, 60, 800],
    [90, -40, 500],
  ] as const) {
    for (const behind of [180, 900]) {
      const found = locateHand(scene(hand, hand[2] + behind), NYU_KINECT, 300)!;
      for (const axis of [0, 1, 2] as const) expect(Math.abs(found[axis] - hand[axis])).toBeLessThan(4);
    }
  }
});

test('finds nothing where nothing was measured', () => {
  expect(locateHand(scene(undefined, 0), NYU_KINECT, 300)).toBeUndefined();
});
