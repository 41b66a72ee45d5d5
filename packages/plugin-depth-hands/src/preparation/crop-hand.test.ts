import { createRng, type Rng } from '@simgan/core';
import { expect, test } from 'vitest';
import { cropAround, NYU_KINECT, project, toCrop } from '../camera.ts';
import { backgroundValue, invalidValue, loadDepths, pixelKind } from '../hand-image.ts';
import type { Vec3 } from '../simulator/geometry.ts';
import { cropHand } from './crop-hand.ts';
import { type DepthFrame, depthFrame } from './depth-frame.ts';

const camera = { ...NYU_KINECT, width: 160, height: 120, cx: 80, cy: 60 };

/** Every pixel has a random depth: within the cube, nearer, farther or none. */
function randomFrame(rng: Rng): DepthFrame {
  const stored = Array.from({ length: 160 * 120 }, () => (rng.next() < 0.2 ? 0 : 400 + rng.int(700)));
  return depthFrame(camera, stored);
}

function randomCrop(rng: Rng, size: number, cube = 300) {
  const center: Vec3 = [40 * rng.normal(), 30 * rng.normal(), 600 + rng.int(400) + rng.next()];
  return cropAround(center, camera, { size, cube });
}

test('every pixel of a crop is a pixel of the frame: depth to the millimeter, background or hole', () => {
  for (let seed = 0; seed < 10; seed++) {
    const rng = createRng(seed);
    const frame = randomFrame(rng);
    const size = 16 + rng.int(240);
    const cube = 100 + rng.int(300);
    const crop = randomCrop(rng, size, cube);
    const image = cropHand(frame, crop, { size });
    const stored: number[] = [];
    const loaded: number[] = [];
    for (let pixel = 0; pixel < image.data.length; pixel++) {
      const u = Math.round(crop.u + crop.scaleU * (pixel % size));
      const v = Math.round(crop.v + crop.scaleV * Math.floor(pixel / size));
      const isInside = u >= 0 && u < 160 && v >= 0 && v < 120;
      const depth = isInside ? frame.depths[v * 160 + u]! : Number.NaN;
      const isInCube = depth >= crop.near && depth <= crop.near + cube;
      if (Number.isNaN(depth)) stored.push(invalidValue(cube));
      else stored.push(isInCube ? depth - crop.near : backgroundValue(cube));
      loaded.push(Number.isNaN(depth) || isInCube ? depth : Number.POSITIVE_INFINITY);
    }
    expect(image.data).toEqual(Uint16Array.from(stored));
    expect(loadDepths(image, crop).depths).toEqual(Float32Array.from(loaded));
  }
});

test('a fine crop loses nothing: the frame within it can be reconstructed', () => {
  const rng = createRng(5);
  const frame = randomFrame(rng);
  const crop = cropAround([0, 0, 1400], camera, { size: 256, cube: 300 });
  crop.near = 400;
  crop.cube = 800;
  const { depths } = loadDepths(cropHand(frame, crop, { size: 256 }), crop);
  const again = new Map<number, number>();
  for (const [pixel, depth] of depths.entries()) {
    const u = Math.round(crop.u + crop.scaleU * (pixel % 256));
    const v = Math.round(crop.v + crop.scaleV * Math.floor(pixel / 256));
    if (u >= 0 && u < 160 && v >= 0 && v < 120) again.set(v * 160 + u, depth);
  }
  expect(again.size).toBeGreaterThan(0.75 * 160 * 120 * (125 / 160));
  for (const [at, depth] of again) expect(depth).toBe(frame.depths[at]);
});

test('a joint stays on its pixel and keeps its depth', () => {
  const size = 512;
  let seen = 0;
  for (let seed = 0; seed < 40; seed++) {
    const rng = createRng(seed);
    const crop = randomCrop(rng, size);
    // One pixel of the frame differs from all others, and a joint falls on it.
    const [u, v] = [rng.int(160), rng.int(120)];
    const depth = crop.near + 10;
    const stored = new Array<number>(160 * 120).fill(crop.near + 200);
    stored[v * 160 + u] = depth;
    const aside = () => 0.4 * (rng.next() - 0.5);
    const [column, row, d] = toCrop([u + aside(), v + aside(), depth + 12], crop);
    if (Math.min(column, row) < 0 || Math.max(column, row) > size - 1) continue;
    seen++;
    const image = cropHand(depthFrame(camera, stored), crop, { size });
    expect(image.data[Math.round(row) * size + Math.round(column)]).toBe(10);
    expect(d).toBe(depth + 12);
  }
  expect(seen).toBeGreaterThan(20);
});

test('a hand has the same size in the picture however far it is', () => {
  for (const distance of [450, 700, 1300]) {
    const crop = cropAround([30, -20, distance], NYU_KINECT, { size: 150, cube: 300 });
    const [cu, cv] = project([30, -20, distance], NYU_KINECT);
    const disc = Array.from({ length: 640 * 480 }, (_, at) => {
      const x = (((at % 640) - cu) * distance) / NYU_KINECT.fx;
      const y = ((Math.floor(at / 640) - cv) * distance) / NYU_KINECT.fy;
      return Math.hypot(x, y) <= 80 ? Math.round(distance) : 3000;
    });
    const image = cropHand(depthFrame(NYU_KINECT, disc), crop, { size: 150 });
    const area = image.data.filter((value) => pixelKind(value, 300) === 'depth').length;
    // 80 mm are 40 of 150 pixels.
    expect(area / (Math.PI * 40 ** 2)).toBeCloseTo(1, 1);
  }
});

test('beyond a frame are holes, beyond a window of a larger frame is background', () => {
  const frame = depthFrame(camera, new Array(160 * 120).fill(700));
  const crop = cropAround([0, 0, 700], camera, { size: 64, cube: 300 });
  const corner = (beyond: 'invalid' | 'background') => cropHand(frame, crop, { size: 64, beyond }).data[0]!;
  expect(corner('invalid')).toBe(invalidValue(300));
  expect(corner('background')).toBe(backgroundValue(300));
});

test('a mask leaves only what it shows within the cube', () => {
  const frame = depthFrame(camera, new Array(160 * 120).fill(700));
  const rendered = Array.from({ length: 160 * 120 }, (_, at) => (at % 160 < 80 ? 690 : 0));
  const mask = depthFrame(camera, rendered, { zero: 'background' });
  const crop = cropAround([0, 0, 700], camera, { size: 64, cube: 300 });
  const middle = cropHand(frame, crop, { size: 64, mask }).data.subarray(32 * 64, 33 * 64);
  expect(middle[20]).toBe(150);
  expect(middle[44]).toBe(backgroundValue(300));
});
