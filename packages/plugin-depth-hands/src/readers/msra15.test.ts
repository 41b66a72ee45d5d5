import { expect, test } from 'vitest';
import { readAll, temporaryFolder } from '../../test/reading.ts';
import { HAND_JOINTS } from '../annotation.ts';
import { backgroundValue, handImage } from '../hand-image.ts';
import { msra15 } from './msra15.ts';

/** A window of the frame, from (150, 90) on, filled with a depth. */
function depthBin(depth: (u: number, v: number) => number, [left, top, right, bottom] = [120, 80, 210, 170]) {
  const buffer = Buffer.alloc(24 + 4 * (right! - left!) * (bottom! - top!));
  [320, 240, left!, top!, right!, bottom!].forEach((value, i) => {
    buffer.writeInt32LE(value, 4 * i);
  });
  let at = 24;
  for (let v = top!; v < bottom!; v++) {
    for (let u = left!; u < right!; u++) at = buffer.writeFloatLE(depth(u, v), at);
  }
  return buffer;
}

/** The wrist below, the fingers upward, from -40 to 40 mm: index to little finger, then the thumb. */
function jointLine(z = -400): string {
  const points: number[][] = [[0, -60, z]];
  for (let finger = 0; finger < 5; finger++) {
    for (let knuckle = 0; knuckle < 4; knuckle++) points.push([-40 + 20 * finger, 15 * knuckle, z]);
  }
  return points.flat().join(' ');
}

const hand = (u: number, v: number) => (Math.abs(u - 160) < 35 && Math.abs(v - 120) < 35 ? 388 : 0);

test('reads windows of depth and 21 joints with z toward the camera', async () => {
  const dir = await temporaryFolder({
    'P0/1/000000_depth.bin': depthBin(hand),
    'P0/1/000001_depth.bin': depthBin(hand).subarray(0, 5000),
    'P0/1/000002_depth.bin': depthBin(hand),
    'P0/1/000003_depth.bin': depthBin(hand),
    'P0/1/joint.txt': `3\n${jointLine()}\n${jointLine()}\n1 2 3\n`,
    'P0/2/000000_depth.bin': depthBin(hand),
  });
  const { samples, rejects } = await readAll(dir, msra15(), handImage(100, 300));
  expect(samples.map(({ id }) => id)).toEqual(['P0/1/000000_depth']);
  const { image, annotation } = samples[0]!;
  const joint = (name: string) => annotation.joints!.xyz[HAND_JOINTS.indexOf(name)];
  expect(joint('PALM_6')).toEqual([0, -60, 400]);
  expect(joint('F4_KNU1_B')).toEqual([-40, 0, 400]);
  expect(joint('F1_KNU3_A')).toEqual([20, 45, 400]);
  expect(joint('TH_KNU3_B')).toEqual([40, 30, 400]);
  expect(annotation.joints!.xyz.filter(Boolean)).toHaveLength(21);
  // 0.65 of the way from the wrist to the middle finger's root, and y is up: the wrist lies below.
  expect(annotation.joints!.uvd[HAND_JOINTS.indexOf('PALM_6')]![1]).toBeGreaterThan(49.5);
  const [u, v] = annotation.joints!.uvd[HAND_JOINTS.indexOf('F3_KNU1_B')]!;
  expect(annotation.crop!.near + image.data[Math.round(v) * 100 + Math.round(u)]!).toBe(388);
  expect(image.data[0]).toBe(backgroundValue(300));
  expect(rejects).toEqual([
    { file: 'P0/2/joint.txt', reason: expect.stringContaining('It is missing') },
    { file: 'P0/1/000001_depth.bin', reason: expect.stringContaining('It has 5000 bytes') },
    { file: 'P0/1/000002_depth.bin', reason: expect.stringContaining('Line 4 of P0/1/joint.txt') },
    { file: 'P0/1/000003_depth.bin', reason: expect.stringContaining('3 frames, and none for this picture') },
  ]);
});

test('refuses windows that lie outside of the frame', async () => {
  const dir = await temporaryFolder({
    '000000_depth.bin': depthBin(hand, [300, 80, 340, 170]),
    'joint.txt': `1\n${jointLine()}`,
  });
  const { rejects } = await readAll(dir, msra15());
  expect(rejects[0]!.reason).toContain('a window from (300, 80) to (340, 170) of a frame of 320 x 240');
});

test.each([
  ['no count', `${jointLine()}\n${jointLine()}\n`, 'Its first line is "0 -60 -400'],
  ['a wrong count', `3\n${jointLine()}\n${jointLine()}\n`, 'Its first line is "3", and 2 lines follow.'],
  ['a part of a count', `1.5\n${jointLine()}\n`, 'Its first line is "1.5"'],
])(
  'with %s nobody knows whose joints are whose: all pictures beside it are left out',
  async (_, text, reason) => {
    const dir = await temporaryFolder({
      'P0/1/000000_depth.bin': depthBin(hand),
      'P0/1/000001_depth.bin': depthBin(hand),
      'P0/1/joint.txt': text,
    });
    const { samples, rejects } = await readAll(dir, msra15(), handImage(64, 300));
    expect(samples).toEqual([]);
    expect(rejects).toEqual([{ file: 'P0/1/joint.txt:1', reason: expect.stringContaining(reason) }]);
  },
);
