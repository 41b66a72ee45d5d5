import { readFile } from 'node:fs/promises';
import { SimganError } from '../errors.ts';
import type { HostTensor } from '../host-tensor.ts';
import { readSafetensors, writeSafetensors } from '../safetensors.ts';
import type { Checkpoint } from '../training/state.ts';
import { writeFileAtomic } from './atomic-file.ts';

/** Writes a checkpoint as a safetensors file: whole or not at all. */
export async function saveCheckpoint(file: string, { tensors, about }: Checkpoint): Promise<void> {
  await writeFileAtomic(file, writeSafetensors({ tensors, metadata: about }));
}

/**
 * Reads what {@link saveCheckpoint} wrote.
 *
 * @returns `undefined` if there is no such file
 * @throws SimganError INVALID_FILE if it is not a checkpoint.
 */
export async function loadCheckpoint(file: string): Promise<Checkpoint | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SimganError(
      'INVALID_FILE',
      `The checkpoint ${file} cannot be read. ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
  const { tensors, metadata } = readSafetensors(bytes);
  for (const [name, { data }] of Object.entries(tensors)) {
    if (data instanceof Float32Array) continue;
    throw new SimganError(
      'INVALID_FILE',
      `${file} is not a checkpoint: its array ${name} does not hold 32-bit floats.`,
    );
  }
  return { tensors: tensors as Record<string, HostTensor>, about: metadata };
}
