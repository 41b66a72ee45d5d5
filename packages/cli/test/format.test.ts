import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePng } from '@simgan/node';
import { expect, test } from 'vitest';
import { callCli } from './call-cli.ts';
import { blobsPlugin, temporaryFolder } from './spawn-cli.ts';

const eyes = ['--plugin', '@simgan/plugin-eyes', '--engine', 'wasm', '--recipe', 'quick'];

/** UnityEyes2's minimal files: a grey picture and a gaze. */
async function writeRenders(dir: string, count: number): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (let i = 0; i < count; i++) {
    const image = Uint8Array.from({ length: 110 * 70 }, (_, k) => ((k % 110) * 2 + 7 * i) % 256);
    await writeFile(
      join(dir, `${i}.png`),
      await encodePng(image, { width: 110, height: 70, channels: 1, bits: 8 }),
    );
    await writeFile(join(dir, `${i}.json`), '{"ground_truth": {"gaze_vec": "(0.6, 0.0, -0.8, 0.0)"}}');
  }
}

test('reads --synthetic in a format of the plugin, labels along, rejects listed', async () => {
  const cwd = await temporaryFolder();
  await writeRenders(join(cwd, 'renders'), 3);
  await writeFile(join(cwd, 'renders/9.json'), '{}');
  const result = await callCli(
    [
      'augment',
      ...eyes,
      '--synthetic',
      'renders',
      '--format',
      'unityeyes',
      '--steps',
      '1',
      '--batch-size',
      '2',
      '--out',
      'out',
    ],
    { cwd },
  );
  expect(result.stderr).toContain('synthetic 3 pictures from');
  expect(result.stderr).toContain('read as unityeyes, 1 rejected');
  expect(result.exitCode).toBe(0);
  const lines = (await readFile(join(cwd, 'out/dataset/metadata.jsonl'), 'utf8')).trim().split('\n');
  expect(lines).toHaveLength(3);
  expect(JSON.parse(lines[2]!)).toMatchObject({
    file_name: 'images/2.png',
    gaze: { direction: [0.6, 0, -0.8] },
  });
  const rejects = await readFile(join(cwd, 'out/dataset/rejects.jsonl'), 'utf8');
  expect(JSON.parse(rejects)).toMatchObject({ file: '9.json', reason: 'Its picture 9.jpg is missing.' });
});

test('says which formats there are, and that a format needs a folder', async () => {
  const cwd = await temporaryFolder();
  const unknown = await callCli(
    ['train', ...eyes, '--synthetic', '.', '--format', 'unityeye', '--out', 'a'],
    { cwd },
  );
  expect(unknown.exitCode).toBe(2);
  expect(unknown.stderr).toContain(
    'does not read the format "unityeye": it reads unityeyes, syntheseyes, mpiigaze,',
  );
  const alone = await callCli(['train', ...eyes, '--format', 'unityeyes', '--out', 'b'], { cwd });
  expect(alone.exitCode).toBe(2);
  expect(alone.stderr).toContain('pass --synthetic DIR too');
  const none = await callCli(
    [
      'train',
      '--plugin',
      blobsPlugin,
      '--engine',
      'wasm',
      '--synthetic',
      '.',
      '--format',
      'nyu',
      '--out',
      'c',
    ],
    { cwd },
  );
  expect(none.stderr).toContain('The plugin blobs does not read the format "nyu": it reads none.');
});

const hands = ['--plugin', '@simgan/plugin-depth-hands', '--plugin-option', 'size=32', '--engine', 'wasm'];
const oneStep = ['--count', '2', '--steps', '1', '--batch-size', '2'];

test('reads --real as the plugin says, or as told; our own datasets as they are', async () => {
  const cwd = await temporaryFolder();
  // The same in millimetres and in eighths of them, which are the units of the SR305.
  for (const [folder, unit] of [
    ['crops', 1],
    ['eighths', 8],
  ] as const) {
    await mkdir(join(cwd, folder));
    for (const [width, height] of [
      [60, 90],
      [80, 70],
    ] as const) {
      // A hand 735 mm away before a wall, and a border that was not measured.
      const image = Uint16Array.from({ length: width * height }, (_, k) => {
        const x = k % width;
        return unit * (x < 5 ? 0 : x > 20 && x < 55 ? 735 : 2900);
      });
      const file = await encodePng(image, { width, height, channels: 1, bits: 16 });
      await writeFile(join(cwd, folder, `${width}.png`), file);
    }
  }
  await writeFile(join(cwd, 'crops/broken.png'), 'nothing');
  const augment = ['augment', ...hands, ...oneStep];
  const plain = await callCli([...augment, '--real', 'crops', '--out', 'a'], { cwd });
  expect(plain.stderr).toContain('real      2 pictures from');
  expect(plain.stderr).toContain('read as depth, 1 rejected');
  expect(plain.exitCode).toBe(0);
  const rejects = await readFile(join(cwd, 'a/dataset/rejects.jsonl'), 'utf8');
  expect(JSON.parse(rejects)).toMatchObject({ of: 'real', file: 'broken.png' });
  const config = JSON.parse(await readFile(join(cwd, 'a/run/run.json'), 'utf8'));
  expect(config.realFormat).toBe('depth');

  const told = await callCli([...augment, '--real', 'eighths', '--real-format', 'sr305', '--out', 'b'], {
    cwd,
  });
  expect(told.stderr).toContain('read as sr305');
  const again = await callCli(['augment', ...hands, '--refiner', 'b/run', '--count', '2', '--out', 'c'], {
    cwd,
  });
  expect(again.stderr).toContain('read as sr305');
  const own = await callCli([...augment, '--real', 'a/dataset', '--out', 'd'], { cwd });
  expect(own.stderr).toMatch(/real {6}2 pictures from \S+dataset\n/);
  expect(own.exitCode).toBe(0);
  const alone = await callCli([...augment, '--real-format', 'depth', '--out', 'e'], { cwd });
  expect(alone.stderr).toContain('--real-format depth says how --real is read: pass --real DIR too.');
}, 60_000);
