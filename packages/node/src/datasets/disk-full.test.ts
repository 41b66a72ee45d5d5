import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageOf, type SizedForm, simulate } from '@simgan/core';
import { expect, onTestFinished, test } from 'vitest';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { writeDataset } from './write-dataset.ts';

const image: SizedForm = { width: 32, height: 16, channels: 1, bits: 8 };
const plugin = { name: 'dots', image };
const samples = (length: number) =>
  simulate(
    (rng) => ({
      image: imageOf(
        Uint8Array.from({ length: 512 }, () => rng.int(256)),
        image,
      ),
      annotation: { x: rng.next() },
    }),
    { seed: 1, length },
  );

async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-full-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** The metadata of the same dataset written without trouble. */
async function expectedMetadata(length: number): Promise<string> {
  const dir = await temporaryFolder();
  await writeDataset(dir, samples(length), { plugin });
  return readFile(join(dir, 'metadata.jsonl'), 'utf8');
}

const hasFull = existsSync('/dev/full');

test.runIf(hasFull)('a disk that is full for one file leaves nothing of it', async () => {
  const dir = await temporaryFolder();
  const file = join(dir, 'weights');
  await symlink('/dev/full', join(dir, '.weights.tmp'));
  await expect(writeFileAtomic(file, 'x')).rejects.toMatchObject({
    code: 'OUTPUT_FAILED',
    message: `Cannot write ${file}: the disk is full. Make room, then run it again.`,
    cause: { code: 'ENOSPC' },
  });
  expect(await readdir(dir)).toEqual([]);
});

test.runIf(hasFull)('a disk that is full for a picture stops the run, which can be resumed', async () => {
  const dir = await temporaryFolder();
  const source = async function* () {
    for await (const sample of samples(20)) {
      if (sample.id === '0000005') await symlink('/dev/full', join(dir, 'images', '.0000005.png.tmp'));
      yield sample;
    }
  };
  await expect(writeDataset(dir, source(), { plugin })).rejects.toMatchObject({
    code: 'OUTPUT_FAILED',
    message: expect.stringContaining(`${join('images', '0000005.png')}: the disk is full`),
  });
  expect((await readFile(join(dir, 'metadata.jsonl.partial'), 'utf8')).split('\n')).toHaveLength(6);
  expect((await readdir(join(dir, 'images'))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  const result = await writeDataset(dir, samples(20), { plugin, existing: 'resume' });
  expect(result).toEqual({ count: 20, resumed: 5 });
  expect(await readFile(join(dir, 'metadata.jsonl'), 'utf8')).toBe(await expectedMetadata(20));
});

test('metadata that reaches a limit ends with a whole line, and the run can be resumed', async ({ skip }) => {
  const dir = await temporaryFolder();
  const expected = await expectedMetadata(60);
  expect(expected.length).toBeGreaterThan(3000);
  const limit = (bytes: string) =>
    spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`], { encoding: 'utf8' }).status ===
    0;
  const before = spawnSync('prlimit', ['--fsize', '--noheadings', '--output=SOFT', '--raw'], {
    encoding: 'utf8',
  });
  skip(before.status !== 0 || !limit('2000'), 'no prlimit on this system');
  const failed = await writeDataset(dir, samples(60), { plugin }).then(
    () => undefined,
    (error) => error,
  );
  limit(before.stdout.trim());
  expect(failed).toMatchObject({
    code: 'OUTPUT_FAILED',
    message: expect.stringContaining('metadata.jsonl.partial: the file would be larger than is allowed here'),
  });
  const written = await readFile(join(dir, 'metadata.jsonl.partial'), 'utf8');
  expect(written.endsWith('}\n')).toBe(true);
  expect(expected.startsWith(written)).toBe(true);
  await writeDataset(dir, samples(60), { plugin, existing: 'resume' });
  expect(await readFile(join(dir, 'metadata.jsonl'), 'utf8')).toBe(expected);
});

test('a file system that fills up stops the run, which goes on when there is room', async ({ skip }) => {
  const dir = join(await temporaryFolder(), 'small');
  await mkdir(dir);
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', dir]);
  skip(mount.status !== 0, 'mounting a small file system is not allowed here');
  onTestFinished(() => {
    spawnSync('umount', [dir]);
  });
  await expect(writeDataset(dir, samples(60), { plugin })).rejects.toMatchObject({
    code: 'OUTPUT_FAILED',
    cause: { code: 'ENOSPC' },
  });
  expect(await readdir(dir)).not.toContain('dataset.json');
  expect((await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect(spawnSync('mount', ['-o', 'remount,size=4m', dir]).status).toBe(0);
  const { count, resumed } = await writeDataset(dir, samples(60), { plugin, existing: 'resume' });
  expect(count).toBe(60);
  expect(resumed).toBeGreaterThan(0);
  expect(await readFile(join(dir, 'metadata.jsonl'), 'utf8')).toBe(await expectedMetadata(60));
});
