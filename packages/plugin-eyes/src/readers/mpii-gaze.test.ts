import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Image } from '@simgan/core';
import { describe, expect, test } from 'vitest';
import { type MatlabValue, writeMatFile } from '../../../../test/write-mat-file.ts';
import { form, readAll, temporaryFolder, writeHdf5 } from '../../test/reading.ts';
import { mpiiGaze } from './mpii-gaze.ts';
import { mpiiGazeH5 } from './mpii-gaze-h5.ts';

const [width, height] = [60, 36];

/** One eye of one day, row by row: what MATLAB and HDF5 each lay out in their own way. */
interface Eyes {
  readonly pixel: (row: number, x: number, y: number) => number;
  readonly gaze: readonly (readonly number[])[];
  readonly pose: readonly (readonly number[])[];
}

const left: Eyes = {
  pixel: (row, x) => 4 * x + row,
  gaze: [
    [0.3, 0.2, -0.9],
    [0, 0, -1],
    [Number.NaN, 0, -1],
  ],
  pose: [
    [0, 0, 0],
    [0, 0.4, 0],
    [0, 0, 0],
  ],
};
const right: Eyes = {
  pixel: (row, _, y) => 4 * y + row,
  gaze: [
    [0.3, 0.2, -0.9],
    [-0.6, 0, -0.8],
    [0, 0.6, -0.8],
  ],
  pose: [
    [0.25, 0, 0],
    [0, 0.4, 0],
    [0, 0, Number.POSITIVE_INFINITY],
  ],
};

/** Column-major: the first index runs fastest. */
function columns(rows: readonly (readonly number[])[]): number[] {
  return [0, 1, 2].flatMap((column) => rows.map((row) => row[column]!));
}

function pixels({ pixel, gaze }: Eyes): number[] {
  const values: number[] = [];
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++)
      for (let row = 0; row < gaze.length; row++) values.push(pixel(row, x, y));
  }
  return values;
}

function matlab(eyes: Eyes): MatlabValue {
  const count = eyes.gaze.length;
  return {
    struct: {
      gaze: { shape: [count, 3], numbers: columns(eyes.gaze), as: 'double' },
      image: { shape: [count, height, width], numbers: pixels(eyes), as: 'uint8' },
      pose: { shape: [count, 3], numbers: columns(eyes.pose), as: 'double' },
    },
  };
}

function hdf5(eyes: Eyes) {
  const count = eyes.gaze.length;
  return {
    gaze: { shape: [3, count], data: Float64Array.from(columns(eyes.gaze)) },
    image: { shape: [width, height, count], data: Uint8Array.from(pixels(eyes)) },
    pose: { shape: [3, count], data: Float64Array.from(columns(eyes.pose)) },
  };
}

async function v73(): Promise<string> {
  const dir = await temporaryFolder({ 'p03/none': '' });
  const file = join(dir, 'p03/day07.mat');
  await writeHdf5(file, { data: { left: hdf5(left), right: hdf5(right) } });
  const header = Buffer.alloc(512);
  header.write('MATLAB 7.3 MAT-file, Platform: test'.padEnd(124, ' '), 'latin1');
  header.write('\0\x02IM', 124, 'latin1');
  await writeFile(file, Buffer.concat([header, await readFile(file)]));
  return dir;
}

const v5 = (compressed: boolean) => () =>
  temporaryFolder({
    'p03/day07.mat': writeMatFile(
      { data: { struct: { left: matlab(left), right: matlab(right) } } },
      { compressed },
    ),
  });

describe.each([
  ['v5', v5(false)],
  ['v7', v5(true)],
  ['v7.3', v73],
])('MPIIGaze in %s', (_, folder) => {
  test('reads pictures and labels; rows that are not finite are rejects', async () => {
    const { samples, rejects } = await readAll(await folder(), mpiiGaze({ mirrorRightEyes: false }));
    expect(samples.map(({ id }) => id)).toEqual([
      'p03/day07/0001-left',
      'p03/day07/0002-left',
      'p03/day07/0001-right',
      'p03/day07/0002-right',
    ]);
    expect(rejects).toEqual([
      { file: 'p03/day07.mat:data.left.gaze(3)', reason: 'Its gaze is not finite.' },
      { file: 'p03/day07.mat:data.right.pose(3)', reason: 'Its pose is not finite.' },
    ]);
    const [first, second, third] = samples;
    const length = Math.hypot(0.3, 0.2, 0.9);
    expect(first!.annotation.gaze!.pitch).toBeCloseTo(Math.asin(-0.2 / length), 12);
    expect(first!.annotation.gaze!.yaw).toBeCloseTo(Math.atan2(-0.3, 0.9), 12);
    expect(second!.annotation.headPose!.yaw).toBeCloseTo(0.4, 12);
    // pitch = asin(v_y) of the rotation's third column, which for a turn about x is (0, -sin, cos).
    expect(third!.annotation.headPose!.pitch).toBeCloseTo(-0.25, 12);
    expect(third!.annotation.side).toBe('right');
    // Columns of the left eye, rows of the right one: neither transposed nor of another sample.
    const at = ({ data }: Image, x: number, y: number) => data[y * form.width + x]!;
    expect(at(first!.image, 27, 3)).toBeCloseTo(4 * (27.5 * (60 / 55) - 0.5), -0.5);
    expect(at(first!.image, 27, 3)).toBe(at(first!.image, 27, 30));
    expect(at(second!.image, 27, 3) - at(first!.image, 27, 3)).toBe(1);
    expect(at(third!.image, 5, 17)).toBe(at(third!.image, 50, 17));
    expect(at(third!.image, 5, 30)).toBeGreaterThan(at(third!.image, 5, 4));
  });

  test('mirrors right eyes with all their labels, and left ones never', async () => {
    const dir = await folder();
    const plain = (await readAll(dir, mpiiGaze({ mirrorRightEyes: false }))).samples;
    const mirrored = (await readAll(dir, mpiiGaze())).samples;
    expect(mirrored.slice(0, 2)).toEqual(plain.slice(0, 2));
    for (const index of [2, 3]) {
      const [before, after] = [plain[index]!, mirrored[index]!];
      expect(after.annotation.side).toBe('left');
      expect(after.annotation.gaze!.yaw).toBeCloseTo(-before.annotation.gaze!.yaw, 12);
      expect(after.annotation.gaze!.pitch).toBe(before.annotation.gaze!.pitch);
      expect(after.annotation.gaze!.direction[0]).toBeCloseTo(-before.annotation.gaze!.direction[0], 12);
      expect(after.annotation.headPose!.yaw).toBeCloseTo(-before.annotation.headPose!.yaw, 12);
      for (let x = 0; x < form.width; x++) {
        expect(after.image.data[x]).toBe(before.image.data[form.width - 1 - x]);
      }
    }
  });
});

test('names samples after their pictures, reads days of one sample, and lists days that are broken', async () => {
  const one: Eyes = { ...left, gaze: [left.gaze[0]!], pose: [left.pose[0]!] };
  const squeezed: MatlabValue = {
    struct: {
      gaze: { shape: [3, 1], numbers: [0, 0, -1], as: 'double' },
      image: { shape: [height, width], numbers: pixels(one), as: 'uint8' },
      pose: { shape: [3, 1], numbers: [0, 0, 0], as: 'double' },
    },
  };
  const dir = await temporaryFolder({
    'p00/day01.mat': writeMatFile({
      data: { struct: { left: matlab(one), right: squeezed } },
      filenames: { cells: ['0042.jpg'] },
    }),
    'p00/day02.mat': writeMatFile({ data: { struct: { left: matlab(left) } } }),
    'p00/day03.mat': writeMatFile({ other: 'text' }),
    'p00/day04.mat': 'not a MAT-file',
    'p00/day05.mat': writeMatFile({
      data: { struct: { left: matlab(left), right: matlab(right) } },
      filenames: { cells: ['7.jpg', '7.png', '8.jpg'] },
    }),
    'p00/Camera.mat': 'ignored',
  });
  const { samples, rejects } = await readAll(dir, mpiiGaze());
  expect(samples.map(({ id }) => id)).toEqual([
    'p00/day01/0042-left',
    'p00/day01/0042-right',
    'p00/day02/0001-left',
    'p00/day02/0002-left',
    'p00/day05/0001-left',
    'p00/day05/0002-left',
    'p00/day05/0001-right',
    'p00/day05/0002-right',
  ]);
  expect(rejects.map(({ file, reason }) => [file, reason])).toEqual([
    ['p00/day02.mat:data.left.gaze(3)', 'Its gaze is not finite.'],
    ['p00/day02.mat:data.right', 'It has no image, no gaze, no pose.'],
    ['p00/day03.mat', 'It has no struct "data".'],
    ['p00/day04.mat', expect.stringContaining('it has 14 bytes, fewer than its header')],
    ['p00/day05.mat:data.left.gaze(3)', 'Its gaze is not finite.'],
    ['p00/day05.mat:data.right.pose(3)', 'Its pose is not finite.'],
  ]);
});

test("reads hysts' MPIIGaze.h5", async () => {
  const dir = await temporaryFolder({ 'text.h5': 'text' });
  const images = Uint8Array.from({ length: 3 * 36 * 60 }, (_, i) => 4 * (i % 60) + Math.floor(i / 2160));
  await writeHdf5(join(dir, 'MPIIGaze.h5'), {
    p00: {
      image: { shape: [3, 36, 60], data: images },
      gaze: { shape: [3, 2], data: Float64Array.of(0.1, -0.2, Number.NaN, 0, 0.3, 0.4) },
      pose: { shape: [3, 2], data: Float64Array.of(0.05, 0.06, 0, 0, -0.1, 0) },
    },
    p01: { image: { shape: [3, 36, 60], data: images } },
  });
  const { samples, rejects } = await readAll(dir, mpiiGazeH5());
  expect(samples.map(({ id }) => id)).toEqual(['MPIIGaze/p00/0000', 'MPIIGaze/p00/0002']);
  expect(samples[0]!.annotation).toMatchObject({
    gaze: { pitch: 0.1, yaw: -0.2 },
    headPose: { pitch: 0.05, yaw: 0.06, roll: 0 },
    side: 'left',
  });
  expect(samples[1]!.annotation.gaze).toMatchObject({ pitch: 0.3, yaw: 0.4 });
  expect(samples[1]!.image.data[600]! - samples[0]!.image.data[600]!).toBe(2);
  expect(rejects).toEqual([
    { file: 'MPIIGaze.h5:p00/gaze[1]', reason: 'Its gaze is not finite.' },
    {
      file: 'MPIIGaze.h5:p01',
      reason: 'Its image is 3 x 36 x 60, gaze missing and pose missing, not N x 36 x 60, N x 2 and N x 2.',
    },
    { file: 'text.h5', reason: 'text.h5 is not an HDF5 file: it has no HDF5 signature.' },
  ]);
});
