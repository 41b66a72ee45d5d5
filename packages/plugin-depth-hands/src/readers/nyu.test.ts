import { createImage, createRng, type Image } from '@simgan/core';
import { encodePng } from '@simgan/node';
import { expect, test } from 'vitest';
import { grayPng, matFile, nyuPng, readAll, temporaryFolder } from '../../test/reading.ts';
import { EVALUATED_JOINTS, PALM_CENTER } from '../annotation.ts';
import { toFrame } from '../camera.ts';
import { backgroundValue, handImage, invalidValue, loadDepths } from '../hand-image.ts';
import { depthFrame, toMillimeters } from '../preparation/depth-frame.ts';
import { packNyuDepth } from '../preparation/nyu-packing.ts';
import { nyu } from './nyu.ts';

const form = handImage(100, 300);

/** A slanting hand about (260, 200), a hole in it, an arm to its right, a wall behind. */
function scene(u: number, v: number): number {
  if (Math.abs(u - 250) < 3 && Math.abs(v - 190) < 3) return 0;
  const isHand = Math.abs(u - 260) < 60 && Math.abs(v - 200) < 70;
  const isArm = u >= 320 && Math.abs(v - 200) < 25;
  return isHand || isArm ? 650 + Math.floor(u / 4) : 1800;
}

/** Joints 12 mm within the hand. Camera 2 and other frames hold nonsense. */
function uvd(camera: number, frame: number, joint: number, axis: number): number {
  if (camera !== 0 || frame === 1) return -1;
  const place = joint === PALM_CENTER ? [260, 200] : [220 + 2 * joint + 0.25, 150 + 2.5 * joint];
  return axis < 2 ? place[axis]! : 650 + Math.floor(Math.round(place[0]!) / 4) + 12;
}

test('reads depth from green and blue and the 36 joints, and lists what cannot be used', async () => {
  const dir = await temporaryFolder({
    'train/depth_1_0000001.png': await nyuPng(scene),
    'train/depth_1_0000002.png': await nyuPng(scene),
    'train/depth_1_0000003.png': new Uint8Array(20),
    'train/depth_1_0000004.png': await nyuPng(() => 1800),
    'train/depth_1_0000009.png': await nyuPng(scene),
    'train/depth_2_0000001.png': await nyuPng(() => 0),
    'train/rgb_1_0000001.png': await nyuPng(() => 0),
    'train/joint_data.mat': matFile('joint_uvd', [3, 4, 36, 3], uvd),
    'lost/depth_1_0000001.png': await nyuPng(scene),
  });
  const { samples, rejects } = await readAll(dir, nyu(), form);
  expect(samples.map(({ id }) => id)).toEqual(['train/depth_1_0000001']);
  const { image, annotation } = samples[0]!;
  const crop = annotation.crop!;
  expect(annotation.joints!.uvd[PALM_CENTER]).toEqual([49.5, 49.5, 727]);
  expect(crop.near).toBe(727 - 150);
  const { depths } = loadDepths(image, crop);
  for (const [index, joint] of annotation.joints!.uvd.entries()) {
    const [u, v, d] = joint!;
    const [frameU, frameV] = toFrame([u, v, d], crop);
    expect(frameU).toBeCloseTo(uvd(0, 0, index, 0), 2);
    expect(frameV).toBeCloseTo(uvd(0, 0, index, 1), 2);
    const [x, y, z] = annotation.joints!.xyz[index]!;
    expect(x).toBeCloseTo(((uvd(0, 0, index, 0) - 320) * d) / 588.036865, 2);
    expect(y).toBeCloseTo(((240 - uvd(0, 0, index, 1)) * d) / 587.075073, 2);
    expect(z).toBe(d);
    const surface = depths[Math.round(v) * 100 + Math.round(u)]!;
    if (Number.isFinite(surface)) expect(Math.abs(d - surface - 12)).toBeLessThanOrEqual(1);
  }
  // The hole is a hole, the wall is background, the arm is there.
  const at = (u: number, v: number) =>
    image.data[Math.round((v - crop.v) / crop.scaleV) * 100 + Math.round((u - crop.u) / crop.scaleU)];
  expect(at(250, 190)).toBe(invalidValue(300));
  expect(at(260, 120)).toBe(backgroundValue(300));
  expect(at(340, 200)! + crop.near).toBeGreaterThan(720);
  expect(rejects.map(({ file }) => file)).toEqual([
    'lost/joint_data.mat',
    'train/depth_1_0000002.png',
    'train/depth_1_0000003.png',
    'train/depth_1_0000004.png',
    'train/depth_1_0000009.png',
  ]);
  expect(rejects[1]!.reason).toContain('joints of frame 2 are not all finite and in front of the camera');
  expect(rejects[3]!.reason).toContain('Nothing was measured in the cube of 300 mm');
  expect(rejects[4]!.reason).toContain('frame 9, and its label file has 4 frames');
});

test('reads renderings, and masks hands with them', async () => {
  const dir = await temporaryFolder({
    'depth_1_0000001.png': await nyuPng(scene),
    'synthdepth_1_0000001.png': await nyuPng((u, v) => (u < 320 && scene(u, v) < 1000 ? 700 : 0)),
    'depth_1_0000002.png': await nyuPng(scene),
    'joint_data.mat': matFile('joint_uvd', [3, 2, 36, 3], (camera, _, joint, axis) =>
      uvd(camera, 0, joint, axis),
    ),
  });
  const rendered = await readAll(dir, nyu({ pictures: 'synthdepth' }), form);
  expect(rendered.samples).toHaveLength(1);
  expect(new Set(rendered.samples[0]!.image.data)).toEqual(new Set([700 - 577, backgroundValue(300)]));
  const masked = await readAll(dir, nyu({ mask: true }), form);
  const plain = await readAll(dir, nyu(), form);
  const { image, annotation } = masked.samples[0]!;
  const arm = Math.round((340 - annotation.crop!.u) / annotation.crop!.scaleU);
  expect(image.data[50 * 100 + arm]).toBe(backgroundValue(300));
  expect(plain.samples[0]!.image.data[50 * 100 + arm]).toBeLessThan(300);
  expect(image.data[50 * 100 + 50]).toBe(plain.samples[0]!.image.data[50 * 100 + 50]);
  expect(masked.rejects).toEqual([
    {
      file: 'depth_1_0000002.png',
      reason: expect.stringContaining('synthdepth_1_0000002.png, the mask of the hand, is missing'),
    },
  ]);
});

test('reads files of the 14 evaluated joints, and rejects label files without joints', async () => {
  const picture = await nyuPng(scene);
  const dir = await temporaryFolder({
    'a/depth_1_0000001.png': picture,
    'a/test_keypointsUVD.mat': matFile('keypoints3D', [2, 14, 3], (frame, joint, axis) =>
      uvd(0, frame, EVALUATED_JOINTS[joint]!, axis),
    ),
    'b/depth_1_0000001.png': picture,
    'b/joint_data.mat': matFile('joint_uvd', [3, 36, 3], () => 1),
    'c/depth_1_0000001.png': await grayPng(8, 8, () => 9),
    'c/joint_data.mat': 'no MAT-file',
  });
  const { samples, rejects } = await readAll(dir, nyu(), form);
  expect(samples).toHaveLength(1);
  const known = samples[0]!.annotation.joints!.uvd.flatMap((joint, index) => (joint ? [index] : []));
  expect(known).toEqual([...EVALUATED_JOINTS]);
  expect(samples[0]!.annotation.joints!.xyz.filter(Boolean)).toHaveLength(14);
  expect(rejects.map(({ file }) => file)).toEqual(['b/joint_data.mat', 'c/joint_data.mat']);
  expect(rejects[0]!.reason).toContain('not 3 x frames x 36 x 3');
});

test('packed depth is read back to the millimeter', async () => {
  const rng = createRng(3);
  const stored = Uint16Array.from({ length: 640 * 480 }, () => (rng.next() < 0.1 ? 0 : 400 + rng.int(600)));
  const packed = packNyuDepth(toMillimeters(depthFrame({ width: 640, height: 480 }, stored)));
  const dir = await temporaryFolder({
    'depth_1_0000001.png': await encodePng(packed),
    'joint_data.mat': matFile('joint_uvd', [3, 1, 36, 3], uvd),
  });
  const { samples } = await readAll(dir, nyu(), form);
  const { image, annotation } = samples[0]!;
  const crop = annotation.crop!;
  let inside = 0;
  for (const [pixel, depth] of loadDepths(image, crop).depths.entries()) {
    const u = Math.round(crop.u + crop.scaleU * (pixel % 100));
    const v = Math.round(crop.v + crop.scaleV * Math.floor(pixel / 100));
    const value = stored[v * 640 + u]!;
    if (Number.isFinite(depth)) {
      inside++;
      expect(depth).toBe(value);
    } else expect(value === 0 || value < crop.near || value > crop.near + crop.cube).toBe(true);
  }
  expect(inside).toBeGreaterThan(3000);
});

test('depth that others have unpacked to 16-bit gray is in millimeters, and other colors are refused', async () => {
  const stored = new Uint16Array(640 * 480).fill(617);
  const gray = toMillimeters(depthFrame({ width: 640, height: 480 }, stored));
  const joints = matFile('joint_uvd', [3, 1, 36, 3], uvd);
  const read = async (picture: Image) => {
    const dir = await temporaryFolder({
      'depth_1_0000001.png': await encodePng(picture),
      'joint_data.mat': joints,
    });
    return readAll(dir, nyu(), form);
  };
  const [plain, packed] = [await read(gray), await read(packNyuDepth(gray))];
  expect(plain.rejects).toEqual([]);
  expect(plain.samples[0]!.image).toEqual(packed.samples[0]!.image);
  const bytes = createImage({ width: 640, height: 480, channels: 1, bits: 8 });
  expect((await read(bytes)).rejects).toEqual([
    { file: 'depth_1_0000001.png', reason: expect.stringContaining('It has 1 channels of 8 bits') },
  ]);
});
