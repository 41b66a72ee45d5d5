import { rename, stat } from 'node:fs/promises';
import type { Checkpoint } from '@simgan/core';
import { finiteFloats, loadTensors, saveTensors } from './tensor-file.ts';

/** Where the checkpoint before the last one is kept. */
export function previousCheckpoint(file: string): string {
  return file.replace(/(\.[^.]*)?$/, '.previous$1');
}

/** Writes a checkpoint as a safetensors file with a checksum, whole or not at all, and keeps the one before it. */
export async function saveCheckpoint(file: string, { tensors, about }: Checkpoint): Promise<void> {
  await rename(file, previousCheckpoint(file)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await saveTensors(file, { tensors, metadata: about });
}

/**
 * Reads what {@link saveCheckpoint} wrote: the last checkpoint, or the one before it where that is damaged or missing.
 *
 * @param onDamaged - called with the error of the last one if the one before it is used.
 * @returns `undefined` if there is neither.
 * @throws SimganError INVALID_FILE if both are damaged.
 */
export async function loadCheckpoint(
  file: string,
  onDamaged: (error: Error) => void = () => {},
): Promise<Checkpoint | undefined> {
  const older = previousCheckpoint(file);
  if (!(await isThere(file))) return (await isThere(older)) ? readCheckpoint(older) : undefined;
  try {
    return await readCheckpoint(file);
  } catch (error) {
    if (!(await isThere(older))) throw error;
    const checkpoint = await readCheckpoint(older);
    onDamaged(error as Error);
    return checkpoint;
  }
}

async function readCheckpoint(file: string): Promise<Checkpoint> {
  const { tensors, metadata } = await loadTensors(file);
  return { tensors: finiteFloats(file, tensors), about: metadata };
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
