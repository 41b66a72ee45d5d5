import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { SimganError } from '@simgan/core';

/**
 * Writes a file whole or not at all: to `.<name>.tmp` in the same folder, then renamed. Readers never see half
 * a file, and a failure leaves none behind.
 *
 * @param durable - waits until the bytes are on the disk before the rename, so that a power cut cannot leave
 * an empty file under the final name; costs milliseconds.
 * @throws SimganError OUTPUT_FAILED naming the file and the cause (a full disk, a missing permission).
 */
export async function writeFileAtomic(
  file: string,
  content: string | Uint8Array,
  { durable = false }: { durable?: boolean } = {},
): Promise<void> {
  const temporary = temporaryName(file);
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(content);
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    if (durable) await syncFolder(dirname(file));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw outputFailed(file, error);
  }
}

/** Where {@link writeFileAtomic} keeps a file's bytes until they are complete. */
export function temporaryName(file: string): string {
  return join(dirname(file), `.${basename(file)}.tmp`);
}

/** Makes a folder and those above it. @throws SimganError OUTPUT_FAILED. */
export async function makeFolder(dir: string): Promise<void> {
  try {
    await makeWithParents(resolve(dir));
  } catch (error) {
    throw outputFailed(dir, error);
  }
}

/** Node's own recursive `mkdir` says ENOENT of a read-only disk, and does not return in places such as /proc. */
async function makeWithParents(dir: string): Promise<void> {
  const problem = await mkdir(dir).catch((error: NodeJS.ErrnoException) => error);
  if (!(problem instanceof Error)) return;
  // Systems differ in what they say of a folder that is there.
  if ((await stat(dir).catch(() => undefined))?.isDirectory()) return;
  const parent = dirname(dir);
  if (problem.code !== 'ENOENT' || parent === dir) throw problem;
  await makeWithParents(parent);
  await mkdir(dir).catch(async (error: NodeJS.ErrnoException) => {
    // Another process may have made it meanwhile.
    if (!(await stat(dir).catch(() => undefined))?.isDirectory()) throw error;
  });
}

/** Makes renames in a folder survive a power cut, where the system can (Windows cannot open folders). */
export async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r').catch(() => undefined);
  try {
    await handle?.sync();
  } catch {
    // Some file systems refuse to sync a folder; the rename itself has happened.
  } finally {
    await handle?.close();
  }
}

const causes: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full. Make room, then run it again',
  EDQUOT: 'the disk quota is used up. Make room, then run it again',
  EFBIG: 'the file would be larger than is allowed here. Raise the limit, then run it again',
  EROFS: 'the disk is read-only. Choose another folder',
  EACCES: 'permission denied. Choose a folder that you may write to',
  EPERM: 'permission denied. Choose a folder that you may write to',
  ENOENT: 'its folder is not there any more, or cannot be made. Choose another folder',
  ENOTDIR: 'part of the path is a file, not a folder. Choose another folder',
  EEXIST: 'a file of that name is in the way. Choose another folder',
  ENAMETOOLONG: 'the name is too long for this system. Choose a shorter one',
};

/** The error of a write that failed, with the system's error as its cause. */
export function outputFailed(file: string, error: unknown): SimganError {
  if (error instanceof SimganError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const why = causes[code ?? ''] ?? message ?? String(error);
  return new SimganError('OUTPUT_FAILED', `Cannot write ${file}: ${why}.`, { cause: error });
}
