/** @file A folder that a format is written to. */
import { constants, createReadStream } from 'node:fs';
import { copyFile, type FileHandle, link, open, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FormatOutput, GrowingFile } from '@simgan/formats';
import { makeFolder, outputFailed } from '../files/atomic-file.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import type { StoredSample } from './stored-sample.ts';

/** How many folders are remembered as made. */
const MOST_FOLDERS = 10_000;

/** A folder that a format is written to. */
export interface FolderOutput extends FormatOutput {
  /** Closes the files that were left open, as they are: nobody closes those of a job that ends early. */
  close(): Promise<void>;
}

/**
 * The output of a format in a folder. Nothing in it needs to be whole before all of it is: the folder gets its name last.
 *
 * @throws SimganError OUTPUT_FAILED, from each of its functions.
 */
export function folderOutput(dir: string): FolderOutput {
  const made = new Set<string>();
  const handles = new Set<FileHandle>();
  const placed = async (file: string): Promise<string> => {
    const path = join(dir, file);
    const folder = dirname(path);
    if (!made.has(folder)) {
      await makeFolder(folder);
      if (made.size >= MOST_FOLDERS) made.clear();
      made.add(folder);
    }
    return path;
  };
  return {
    async write(file, content) {
      const path = await placed(file);
      await writeFile(path, content).catch((error) => {
        throw outputFailed(path, error);
      });
    },
    append: async (file) => growingFile(await placed(file), handles),
    async picture(file, sample) {
      const path = await placed(file);
      try {
        await store(sample as StoredSample, path);
      } catch (error) {
        throw outputFailed(path, error);
      }
    },
    read: (file) => createReadStream(join(dir, file)),
    async remove(file) {
      await rm(join(dir, file), { recursive: true, force: true });
      made.clear();
    },
    encodePng,
    async close() {
      // What is abandoned cannot be lost, and must not keep the folder locked.
      for (const handle of handles) await handle.close().catch(() => {});
      handles.clear();
    },
  };
}

async function store({ location, isOwnFile, bytes }: StoredSample, path: string): Promise<void> {
  if (location === undefined) return writeFile(path, await bytes());
  if (isOwnFile) {
    const isLinked = await link(location, path).then(
      () => true,
      () => false,
    );
    if (isLinked) return;
  }
  // A file of the user's is never linked: whoever changed one would change the other.
  await copyFile(location, path, constants.COPYFILE_FICLONE);
}

/** Bytes that are collected before they are written. */
const BUFFER = 2 ** 20;

/** @param handles - those that are open, of which it is one until it is closed. */
async function growingFile(path: string, handles: Set<FileHandle>): Promise<GrowingFile> {
  const fail = (error: unknown): never => {
    throw outputFailed(path, error);
  };
  const handle = await open(path, 'w').catch(fail);
  handles.add(handle);
  let parts: Uint8Array[] = [];
  let length = 0;
  const flush = async () => {
    const bytes = Buffer.concat(parts);
    parts = [];
    length = 0;
    await handle.writeFile(bytes).catch(fail);
  };
  return {
    async write(content) {
      const part = typeof content === 'string' ? Buffer.from(content) : content;
      parts.push(part);
      length += part.length;
      if (length >= BUFFER) await flush();
    },
    async close() {
      await flush();
      handles.delete(handle);
      await handle.close().catch(fail);
    },
  };
}
