import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imageOf } from '@simgan/core';
import { encodePng } from '@simgan/node';
import { expect, test } from 'vitest';
import { callCli, callCliForEvents } from './call-cli.ts';
import { blobsPlugin, jsonLines, temporaryFolder } from './spawn-cli.ts';

const eyes = ['--plugin', 'eyes', '--plugin-option', 'width=22', '--plugin-option', 'height=14'];
const hands = ['--plugin', 'depth-hands', '--plugin-option', 'size=16'];
const oneStep = ['--engine', 'wasm', '--steps', '1', '--batch-size', '2'];

test('--format reads --synthetic with a reader of the plugin, labels along, rejects listed', async () => {
  const cwd = await temporaryFolder();
  await writeRenders(join(cwd, 'renders'), 3);
  await writeFile(join(cwd, 'renders/9.json'), '{}');
  await cp(join(cwd, 'renders'), join(cwd, 'photos'), { recursive: true });
  const synthetic = ['--synthetic', 'renders', '--format', 'unityeyes'];
  const real = ['--real', 'photos', '--real-format', 'unityeyes'];
  const trained = await callCliForEvents(
    ['augment', ...eyes, ...oneStep, ...synthetic, ...real, '--out', 'out'],
    { cwd },
  );
  expect(trained.exitCode).toBe(0);
  const read = (folder: string) => ({ origin: join(cwd, folder), format: 'unityeyes', count: 3, rejects: 1 });
  expect(trained.events.filter(({ origin }) => origin !== undefined)).toEqual([
    { event: 'synthetic', ...read('renders') },
    { event: 'real', ...read('photos') },
  ]);
  const lines = await jsonLines(join(cwd, 'out/dataset/metadata.jsonl'));
  expect(lines).toHaveLength(3);
  expect(lines[2]).toMatchObject({ file_name: 'images/0000002.png', gaze: { direction: [0.6, 0, -0.8] } });
  expect(await jsonLines(join(cwd, 'out/dataset/rejects.jsonl'))).toMatchObject([
    { of: 'synthetic', file: '9.json' },
    { of: 'real', file: '9.json' },
  ]);

  // The plugin, its options and the format of the real pictures are those of the run.
  const again = ['augment', '--refiner', 'out', '--engine', 'wasm', '--count', '2', '--out', 'again'];
  const refined = await callCliForEvents(again, { cwd });
  expect(refined.exitCode).toBe(0);
  expect(refined.events).toContainEqual({ event: 'real', ...read('photos') });

  const command = ['augment', ...eyes, ...oneStep, ...synthetic, ...real, '--out', 'text'];
  expect((await callCli(command, { cwd })).stdout).toContain(
    'Next: other pictures with the same refiner: simgan-cli augment --plugin eyes --refiner text/run --synthetic DIR --format unityeyes',
  );
});

test('--real is read as the plugin says, or as --real-format says, and a dataset of ours as it is', async () => {
  const cwd = await temporaryFolder();
  // The same in millimeters and in eighths of them, which are the unit of the SR305.
  await writeDepths(join(cwd, 'crops'), 1);
  await writeDepths(join(cwd, 'eighths'), 8);
  const simulate = ['simulate', ...hands, '--count', '2', '--out', 'own'];
  expect(await callCli(simulate, { cwd })).toMatchObject({ exitCode: 0 });
  const realOf = async (...args: string[]) => {
    const { exitCode, events } = await callCliForEvents(['inspect', ...hands, '--count', '2', ...args], {
      cwd,
    });
    expect(exitCode).toBe(0);
    return events.find(({ event }) => event === 'real');
  };
  expect(await realOf('--real', 'crops')).toMatchObject({ count: 2, rejects: 0, format: 'depth' });
  expect(await realOf('--real', 'eighths', '--real-format', 'sr305')).toMatchObject({
    count: 2,
    rejects: 0,
    format: 'sr305',
  });
  const own = await realOf('--real', 'own');
  expect(own).toMatchObject({ count: 2, resized: 0 });
  expect(own).not.toHaveProperty('format');
});

test.each<[args: string[], problem: string]>([
  [[...eyes, '--synthetic', '.', '--format', 'unityeye'], 'Did you mean unityeyes?'],
  [[...eyes, '--format', 'unityeyes'], 'pass --synthetic too'],
  [[...hands, '--real-format', 'depth'], 'pass --real too'],
  [
    ['--plugin', blobsPlugin, '--synthetic', '.', '--format', 'nyu'],
    'it has no formats of its own; every plugin reads',
  ],
])('refused: %j', async (args, problem) => {
  const cwd = await temporaryFolder();
  expect(await callCli(['train', ...args, ...oneStep], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(problem),
  });
});

/** UnityEyes2's minimal files: a gray picture and a gaze. */
async function writeRenders(dir: string, count: number): Promise<void> {
  await mkdir(dir, { recursive: true });
  const form = { width: 110, height: 70, channels: 1, bits: 8 } as const;
  for (let i = 0; i < count; i++) {
    const pixels = Uint8Array.from({ length: 110 * 70 }, (_, k) => ((k % 110) * 2 + 7 * i) % 256);
    await writeFile(join(dir, `${i}.png`), await encodePng(imageOf(pixels, form)));
    await writeFile(join(dir, `${i}.json`), '{"ground_truth": {"gaze_vec": "(0.6, 0.0, -0.8, 0.0)"}}');
  }
}

/** Two crops of a depth camera: a hand 735 mm away before a wall, and a border that was not measured. */
async function writeDepths(dir: string, unit: number): Promise<void> {
  await mkdir(dir);
  for (const [width, height] of [
    [60, 90],
    [80, 70],
  ] as const) {
    const pixels = Uint16Array.from({ length: width * height }, (_, k) => {
      const x = k % width;
      return unit * (x < 5 ? 0 : x > 20 && x < 55 ? 735 : 2900);
    });
    const image = imageOf(pixels, { width, height, channels: 1, bits: 16 });
    await writeFile(join(dir, `${width}.png`), await encodePng(image));
  }
}
