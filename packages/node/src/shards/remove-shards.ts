import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SimganError } from '@simgan/core';
import { pMapIterable } from 'p-map';
import {
  BEGUN_MANIFEST,
  BEGUN_METADATA,
  COMPANIONS,
  IMAGES,
  MANIFEST,
  METADATA,
  REJECTS,
} from '../datasets/dataset-format.ts';
import { filesOfLine } from '../datasets/line-files.ts';
import { outputFailed, temporaryName } from '../files/atomic-file.ts';
import { lockFolder } from '../files/folder-lock.ts';
import type { FoundShard } from './find-shards.ts';
import { SHARDS } from './shard.ts';
import { metadataLines, PARALLEL_PICTURES } from './shard-content.ts';

/** A shard's own files; its manifest goes last, so that one that is removed halfway is found again. */
const own = [REJECTS, METADATA, BEGUN_METADATA, BEGUN_MANIFEST, MANIFEST];

/**
 * Removes shards that are part of a complete dataset now, and nothing else: a folder that holds further files, or that
 * another process writes to, stays.
 *
 * @param removeFiles - removes a shard's own files. Default: those of a dataset.
 * @returns the folders that stay.
 */
export async function removeShards(
  out: string,
  shards: readonly Pick<FoundShard, 'dir'>[],
  removeFiles: (dir: string) => Promise<void> = removeDatasetFiles,
): Promise<string[]> {
  const kept: string[] = [];
  for (const { dir } of shards) {
    try {
      const lock = await lockFolder(dir);
      try {
        await removeFiles(dir);
      } finally {
        await lock.release();
      }
      await rmdir(dir);
    } catch (error) {
      if (!isInTheWay(error)) throw outputFailed(dir, error);
      kept.push(dir);
    }
  }
  await rmdir(join(out, SHARDS)).catch((error: NodeJS.ErrnoException) => {
    if (!isInTheWay(error)) throw outputFailed(out, error);
  });
  return kept;
}

async function removeDatasetFiles(dir: string): Promise<void> {
  const removals = pMapIterable(
    metadataLines(dir),
    async (line) => {
      if (!line) return;
      for (const { file } of filesOfLine(line)) await rm(join(dir, file), { force: true });
    },
    { concurrency: PARALLEL_PICTURES },
  );
  try {
    for await (const _ of removals);
  } catch (error) {
    // Without metadata its pictures are gone already.
    if (!(error instanceof SimganError)) throw error;
  }
  for (const folder of [IMAGES, COMPANIONS]) await removeEmptyFolders(join(dir, folder));
  for (const name of own) {
    await rm(temporaryName(join(dir, name)), { force: true });
    await rm(join(dir, name), { force: true });
  }
}

async function removeEmptyFolders(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeEmptyFolders(join(dir, entry.name));
  await rmdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (!isInTheWay(error) && error.code !== 'ENOENT') throw error;
  });
}

/** Whether a folder stays because of what others put there. */
function isInTheWay(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'OUTPUT_LOCKED'].includes(code);
}
