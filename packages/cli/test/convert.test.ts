import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeCocoPictures } from '../../node/test/labeled-pictures.ts';
import { callCli } from './call-cli.ts';
import { temporaryFolder } from './spawn-cli.ts';

test('converts a dataset to several formats, says what was left out, and replaces its own work alone', async () => {
  const cwd = await temporaryFolder();
  await writeCocoPictures(join(cwd, 'in'));
  const convert = (...args: string[]) => callCli(['convert', ...args], { cwd });
  const done = await convert('in', '--to', 'yolo,kitti', '--out', 'out');
  expect(done).toMatchObject({
    exitCode: 0,
    stdout: 'read as   coco\n3 samples in out/yolo (yolo)\n3 samples in out/kitti (kitti)\n',
  });
  expect(await readFile(join(cwd, 'out/yolo/data.yaml'), 'utf8')).toContain('2: tea & <milk>');
  expect(await convert('in', '--to', 'yolo,kitti', '--out', 'out')).toMatchObject({ exitCode: 2 });
  expect(await convert('in', '--to', 'yolo,kitti', '--out', 'out', '--force')).toMatchObject({ exitCode: 0 });
  const again = await convert('out/kitti', '--to', 'coco');
  expect(again).toMatchObject({
    exitCode: 0,
    stdout: 'read as   kitti\n3 samples in out/kitti-coco (coco)\n',
  });
});

test('converts in shards, which merge joins', async () => {
  const cwd = await temporaryFolder();
  await writeCocoPictures(join(cwd, 'in'));
  const run = (...args: string[]) => callCli(args, { cwd });
  const one = await run('convert', 'in', '--to', 'yolo', '--out', 'out', '--shard', '1/2');
  expect(one).toMatchObject({
    exitCode: 0,
    stdout:
      'read as   coco\n2 samples (1 to 2 of 3) in out/shards/0001-of-0002\nNext, when all 2 shards are done: simgan-cli merge out\n',
  });
  await run('convert', 'in', '--to', 'yolo', '--out', 'out', '--shard', '0/2');
  expect(await run('merge', 'out')).toMatchObject({
    exitCode: 0,
    stdout: '3 samples, of 2 shards, in out\n3 samples in out (yolo)\n',
  });
});

test.each([
  [['--to', 'coco'], '--input: expected DIR, which must be given'],
  [['in'], '--to: expected NAME,…, which must be given'],
  [['in', '--to', 'coco,,yolo'], 'expected names with commas between them but received "coco,,yolo"'],
  [['in', '--to', 'yollo'], 'Did you mean yolo?'],
  [['in', '--to', 'yolo', '--format', 'voc'], 'There is no usable picture of the format voc'],
])('refused: %j', async (args, problem) => {
  const cwd = await temporaryFolder();
  await writeCocoPictures(join(cwd, 'in'));
  const { exitCode, stderr } = await callCli(['convert', ...args], { cwd });
  expect(exitCode).toBeGreaterThan(0);
  expect(stderr).toContain(problem);
});
