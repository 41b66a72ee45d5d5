import { simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { PALM_CENTER } from '../annotation.ts';
import { NYU_KINECT, project, unproject } from '../camera.ts';
import { loadDepths } from '../hand-image.ts';
import { length, subtract } from '../simulator/geometry.ts';
import { handSimulator } from '../simulator/hand-simulator.ts';
import { depthFrame } from './depth-frame.ts';
import { locateHand } from './locate-hand.ts';

/** A hand of 120 x 160 mm in front of a larger body, with specks of noise nearer than both. */
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

/** The palm of a hand that is as thin as paper. */
function palmOf([x, y, z]: readonly [number, number, number]): [number, number, number] {
  return [x, y, z + 17];
}

test('finds the nearest hand, in front of larger surfaces and behind specks', () => {
  for (const hand of [
    [0, 0, 600],
    [-150, 60, 800],
    [90, -40, 500],
  ] as const) {
    for (const behind of [180, 900]) {
      const found = locateHand(scene(hand, hand[2] + behind), NYU_KINECT, 300)!;
      expect(length(subtract(found, palmOf(hand)))).toBeLessThan(5);
    }
  }
});

test('ignores a body nearer than the hand, and ragged noise', () => {
  const hand = [-120, 40, 620] as const;
  const { width, height, depths } = scene(hand, 0);
  const crowded = depthFrame(
    { width, height },
    depths.map((depth, at) => {
      const [u, v] = [at % 640, Math.floor(at / 640)];
      if (u > 400 && v > 150) return 540 + (u - 400) / 2;
      // Pieces of a sleeve: 20 x 20 mm each.
      const isPiece = u > 20 && u < 60 && v % 40 < 16 && u % 40 < 16;
      return isPiece ? 450 : Number.isFinite(depth) && depth > 300 ? depth : 0;
    }),
  );
  const found = locateHand(crowded, NYU_KINECT, 300)!;
  expect(length(subtract(found, palmOf(hand)))).toBeLessThan(5);
  const isLeftHalf = (at: number) => at % 640 < 320;
  const alone = depthFrame(
    { width, height },
    crowded.depths.map((depth, at) => (isLeftHalf(at) ? 0 : depth)),
  );
  expect(locateHand(alone, NYU_KINECT, 300)).toBeUndefined();
});

test('finds a hand that is connected to the body by its arm', () => {
  // A forearm that reaches from the wrist back to a chest.
  const along = (v: number) => Math.min(900, 600 + Math.max(0, v - 240) * 3);
  const frame = depthFrame(
    NYU_KINECT,
    Array.from({ length: 640 * 480 }, (_, at) => {
      const [u, v] = [at % 640, Math.floor(at / 640)];
      const isHand = Math.abs(u - 320) < 60 && Math.abs(v - 200) < 60;
      const isArm = Math.abs(u - 320) < 25 && v >= 200 && v < 340;
      if (isHand || isArm) return along(v);
      return v >= 340 ? 900 : 0;
    }),
  );
  const found = locateHand(frame, NYU_KINECT, 300)!;
  const [x, y, z] = unproject([320, 200, 600], NYU_KINECT);
  expect(Math.abs(found[0] - x)).toBeLessThan(4);
  expect(Math.abs(found[1] - y)).toBeLessThan(25);
  expect(Math.abs(found[2] - z - 17)).toBeLessThan(30);
});

test('finds the palm where simulated hands have it, behind the visible surface', async () => {
  const size = 64;
  const away: number[] = [];
  const behind: number[] = [];
  for await (const { image, annotation } of simulate(handSimulator({ size }), { seed: 8, length: 40 })) {
    const { crop, camera, joints } = annotation;
    const window = {
      fx: camera.fx / crop.scaleU,
      fy: camera.fy / crop.scaleV,
      cx: (camera.cx - crop.u) / crop.scaleU,
      cy: (camera.cy - crop.v) / crop.scaleV,
      width: size,
      height: size,
    };
    const found = locateHand(loadDepths(image, crop), window, 300)!;
    const palm = joints.xyz[PALM_CENTER]!;
    away.push(length(subtract(palm, found)));
    behind.push(palm[2] - found[2]);
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
  expect(Math.abs(median(behind))).toBeLessThan(6);
  // The forearm pulls the mean to its side.
  expect(median(away)).toBeLessThan(40);
});

test('finds nothing where nothing was measured', () => {
  expect(locateHand(scene(undefined, 0), NYU_KINECT, 300)).toBeUndefined();
});
