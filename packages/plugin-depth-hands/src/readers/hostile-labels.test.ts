/** @file Lists of joints that are damaged or made to do harm: rejects, and the rest is read. */
import { expect, test } from 'vitest';
import { grayPng, matFile, nyuPng, readAll, temporaryFolder } from '../../test/reading.ts';
import { icvl } from './icvl.ts';
import { msra15 } from './msra15.ts';
import { nyu } from './nyu.ts';

/** Joints of a hand 600 mm from the camera, in the middle of its frame. */
const icvlJoints = Array.from({ length: 16 }, (_, i) => [160 + i, 120 - i, 600]);

function icvlLine(file: string, change: (joints: number[][]) => void = () => {}): string {
  const joints = icvlJoints.map((joint) => [...joint]);
  change(joints);
  return [file, ...joints.flat()].join(' ');
}

test('lines of ICVL with numbers that no camera sees, or no numbers, are rejects', async () => {
  const picture = await grayPng(320, 240, () => 600);
  const lines = [
    icvlLine('a.png'),
    icvlLine('b.png', (joints) => {
      for (const joint of joints) joint.fill(1e300);
    }),
    icvlLine('c.png', (joints) => joints[7]!.fill(1e300)),
    icvlLine('d.png', (joints) => joints[7]!.splice(2, 1, 1e-300)),
    icvlLine('e.png', (joints) => joints[7]!.splice(2, 1, Number.NaN)),
    `f.png ${'1 '.repeat(20_000)}`,
    '\u0000\u0001\ufffd',
  ];
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const dir = await temporaryFolder({
    ...Object.fromEntries(names.map((name) => [`${name}.png`, picture])),
    'labels.txt': `\uFEFF${lines.join('\r\n')}\r\n`,
    'binary.txt': Uint8Array.from({ length: 5000 }, (_, i) => (i * 37) % 256),
    'sub/labels.txt': icvlLine('g.png'),
    'sub/g.png': await grayPng(64, 64, () => 600),
  });
  const { samples, rejects } = await readAll(dir, icvl());
  expect(samples.map(({ id }) => id)).toEqual(['a']);
  const place = 'not in front of the camera and within 65.535 m of it.';
  expect(rejects).toEqual([
    { file: 'labels.txt:5', reason: expect.stringContaining('The line is not a path and 48 numbers') },
    { file: 'labels.txt:6', reason: 'The line has more than 16384 characters.' },
    { file: 'labels.txt:7', reason: expect.stringContaining('The line is not a path and 48 numbers') },
    { file: 'b.png', reason: expect.stringContaining(place) },
    { file: 'c.png', reason: expect.stringContaining(place) },
    { file: 'd.png', reason: expect.stringContaining(place) },
    { file: 'sub/g.png', reason: 'It is 64 x 64, and frames are 320 x 240.' },
  ]);
});

test('tables of MSRA15 with joints that no camera sees, and empty ones, are rejects of their pictures', async () => {
  const window = Buffer.alloc(24 + 4 * 100 * 100);
  [320, 240, 110, 70, 210, 170].forEach((value, i) => {
    window.writeInt32LE(value, 4 * i);
  });
  for (let i = 0; i < 100 * 100; i++) window.writeFloatLE(600, 24 + 4 * i);
  const row = (z: number, x = 0) => Array(21).fill(`${x} 0 ${z}`).join(' ');
  const dir = await temporaryFolder({
    'P0/1/joint.txt': `4\r\n${row(-600)}\r\n${row(0)}\r\n${row(-600, 1e200)}\r\n${'x'.repeat(20_000)}\r\n\r\n`,
    'P0/1/000000_depth.bin': window,
    'P0/1/000001_depth.bin': window,
    'P0/1/000002_depth.bin': window,
    'P0/1/000003_depth.bin': window,
    'P0/1/000004_depth.bin': window,
    'P0/2/joint.txt': '',
    'P0/2/000000_depth.bin': window,
    'P0/1/000005_depth.bin': Buffer.alloc(400_000),
  });
  const { samples, rejects } = await readAll(dir, msra15());
  expect(samples.map(({ id }) => id)).toEqual(['P0/1/000000_depth']);
  expect(rejects).toEqual([
    {
      file: 'P0/2/joint.txt:1',
      reason: expect.stringContaining('Its first line is "", and 0 lines follow.'),
    },
    {
      file: 'P0/1/000001_depth.bin',
      reason: expect.stringContaining('A point of its hand is at (0, 0, 0) mm'),
    },
    { file: 'P0/1/000002_depth.bin', reason: expect.stringContaining('A point of its hand is at (1e+200,') },
    {
      file: 'P0/1/000003_depth.bin',
      reason: 'Line 5 of P0/1/joint.txt has more than 16384 characters.',
    },
    { file: 'P0/1/000004_depth.bin', reason: 'P0/1/joint.txt has 4 frames, and none for this picture.' },
    { file: 'P0/1/000005_depth.bin', reason: 'P0/1/joint.txt has 4 frames, and none for this picture.' },
  ]);
});

test('a picture of NYU that is no frame of its camera, and joints beyond reach, are rejects', async () => {
  const dir = await temporaryFolder({
    'depth_1_0000001.png': await grayPng(64, 64, () => 9),
    'depth_1_0000002.png': await nyuPng(() => 700),
    'joint_data.mat': matFile('joint_uvd', [3, 2, 36, 3], (_, frame, joint) =>
      frame === 1 && joint === 5 ? 1e300 : 300,
    ),
  });
  await expect(readAll(dir, nyu())).resolves.toMatchObject({
    samples: [],
    rejects: [
      { file: 'depth_1_0000001.png', reason: 'It is 64 x 64, and frames are 640 x 480.' },
      { file: 'depth_1_0000002.png', reason: expect.stringContaining('are not all finite') },
    ],
  });
});
