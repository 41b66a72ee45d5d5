import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '@simgan/core';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/folders.ts';
import { loadCheckpoint, saveCheckpoint } from './checkpoint-file.ts';

const checkpoint = (step: number): Checkpoint => ({
  tensors: { 'refiner/kernel': { data: Float32Array.of(step, 0.5), shape: [2] } },
  about: { training: JSON.stringify({ step }) },
});

async function place(): Promise<{ dir: string; file: string; previous: string }> {
  const dir = await temporaryFolder();
  return {
    dir,
    file: join(dir, 'checkpoint.safetensors'),
    previous: join(dir, 'checkpoint.previous.safetensors'),
  };
}

async function damage(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(file, bytes);
}

test('the last two checkpoints are kept and the last is loaded', async () => {
  const { dir, file, previous } = await place();
  expect(await loadCheckpoint(file)).toBeUndefined();
  await saveCheckpoint(file, checkpoint(1));
  expect(await readdir(dir)).toEqual(['checkpoint.safetensors']);
  expect(await loadCheckpoint(file)).toEqual(checkpoint(1));
  await saveCheckpoint(file, checkpoint(2));
  await saveCheckpoint(file, checkpoint(3));
  expect((await readdir(dir)).sort()).toEqual(['checkpoint.previous.safetensors', 'checkpoint.safetensors']);
  expect(await loadCheckpoint(file)).toEqual(checkpoint(3));
  expect(await loadCheckpoint(previous)).toEqual(checkpoint(2));
});

test('a damaged or missing last checkpoint falls back to the previous one', async () => {
  const { file } = await place();
  await saveCheckpoint(file, checkpoint(1));
  await saveCheckpoint(file, checkpoint(2));
  const whole = await readFile(file);
  const damages = [
    () => damage(file),
    () => writeFile(file, whole.subarray(0, whole.length / 2)),
    () => writeFile(file, ''),
  ];
  for (const damaged of damages) {
    await damaged();
    const told: string[] = [];
    expect(await loadCheckpoint(file, ({ message }) => told.push(message))).toEqual(checkpoint(1));
    expect(told).toEqual([expect.stringContaining(`Cannot load weights from ${file}. `)]);
  }
  // Killed between the two renames: nothing is damaged, so nothing is reported.
  await rm(file);
  const told: Error[] = [];
  expect(await loadCheckpoint(file, (error) => told.push(error))).toEqual(checkpoint(1));
  expect(told).toEqual([]);
});

test('two damaged checkpoints are an error that names the file', async () => {
  const { file, previous } = await place();
  await saveCheckpoint(file, checkpoint(1));
  await damage(file);
  await expect(loadCheckpoint(file)).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: `Cannot load weights from ${file}. It is damaged: its checksum does not fit what it holds. Restore it from a copy.`,
  });
  await saveCheckpoint(file, checkpoint(2));
  await damage(file);
  const told: Error[] = [];
  await expect(loadCheckpoint(file, (error) => told.push(error))).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining(previous),
  });
  expect(told).toEqual([]);
});

test('checkpoints with values that are not finite are refused', async () => {
  const { file } = await place();
  await saveCheckpoint(file, {
    tensors: { 'refiner/kernel': { data: Float32Array.of(Number.NaN), shape: [1] } },
    about: {},
  });
  await expect(loadCheckpoint(file)).rejects.toThrow(
    'Its array refiner/kernel holds values that are not finite. Restore it from a copy.',
  );
});

test('a failed write loses no earlier checkpoint', async ({ skip }) => {
  if (process.platform !== 'linux') skip('only Linux has /dev/full');
  const { dir, file } = await place();
  await saveCheckpoint(file, checkpoint(1));
  await symlink('/dev/full', join(dir, '.checkpoint.safetensors.tmp'));
  await expect(saveCheckpoint(file, checkpoint(2))).rejects.toMatchObject({
    code: 'OUTPUT_FAILED',
    message: `Cannot write ${file}: the disk is full. Make room, then run it again.`,
  });
  expect(await loadCheckpoint(file)).toEqual(checkpoint(1));
});
