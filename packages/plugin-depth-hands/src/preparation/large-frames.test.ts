/** @file Frames larger than any camera's: the time and memory they take are bounded. */
import { expect, test } from 'vitest';
import { grayPng, readAll, temporaryFolder } from '../../test/reading.ts';
import { NYU_KINECT, project } from '../camera.ts';
import { depthPictures } from '../readers/depth-pictures.ts';
import { length, subtract } from '../simulator/geometry.ts';
import { depthFrame } from './depth-frame.ts';
import { locateHand } from './locate-hand.ts';

/** The Kinect with more pixels: the same view. */
function finer(times: number) {
  const { fx, fy, cx, cy, width, height } = NYU_KINECT;
  return {
    fx: times * fx,
    fy: times * fy,
    cx: times * cx,
    cy: times * cy,
    width: times * width,
    height: times * height,
  };
}

/** A hand of 120 x 160 mm in front of a wall. */
function scene(camera: typeof NYU_KINECT, hand: readonly [number, number, number]) {
  const [cu, cv] = project([...hand], camera);
  const stored = new Uint16Array(camera.width * camera.height).fill(hand[2] + 500);
  for (let at = 0; at < stored.length; at++) {
    const x = (((at % camera.width) - cu) * hand[2]) / camera.fx;
    const y = ((Math.floor(at / camera.width) - cv) * hand[2]) / camera.fy;
    if (Math.abs(x) < 60 && Math.abs(y) < 80) stored[at] = hand[2];
  }
  return depthFrame(camera, stored);
}

test('a hand is found at the same place however many pixels the frame has', () => {
  const hand = [-80, 40, 650] as const;
  const coarse = locateHand(scene(NYU_KINECT, hand), NYU_KINECT, 300)!;
  for (const times of [2, 3, 5]) {
    const camera = finer(times);
    const found = locateHand(scene(camera, hand), camera, 300)!;
    expect(length(subtract(found, coarse))).toBeLessThan(1);
  }
});

test('of a frame of more than a megapixel only a grid is looked at', () => {
  const camera = finer(4);
  const hand = [30, -20, 700] as const;
  const frame = scene(camera, hand);
  const found = locateHand(frame, camera, 300)!;
  // 2560 x 1920 pixels: every third, from the second on. What lies between may be anything.
  for (let at = 0; at < frame.depths.length; at++) {
    const [u, v] = [at % camera.width, Math.floor(at / camera.width)];
    if (u % 3 !== 1 || v % 3 !== 1) frame.depths[at] = Number.NaN;
  }
  expect(locateHand(frame, camera, 300)).toEqual(found);
});

test('pictures of more than 16 megapixels are rejects, and the rest is read', async () => {
  const small = scene(NYU_KINECT, [0, 0, 600]).depths;
  const dir = await temporaryFolder({
    'huge.png': await grayPng(4100, 4100, () => 600),
    'flat.png': await grayPng(3000, 3000, () => 600),
    'good.png': await grayPng(640, 480, (u, v) => small[v * 640 + u]!),
  });
  const { samples, rejects } = await readAll(dir, depthPictures());
  expect(samples.map(({ id }) => id)).toEqual(['good']);
  expect(rejects).toEqual([
    { file: 'flat.png', reason: expect.stringMatching(/^It is 3000 x 3000, a frame of another camera/) },
    {
      file: 'huge.png',
      reason: 'The picture is 4100 x 4100; pictures of more than 16.777216 megapixels are not read.',
    },
  ]);
});
