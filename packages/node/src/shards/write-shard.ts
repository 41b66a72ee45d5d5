import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sample } from '@simgan/core';
import {
  BEGUN_MANIFEST,
  BEGUN_METADATA,
  MANIFEST,
  METADATA,
  readManifest,
} from '../datasets/dataset-format.ts';
import type { ExistingOutput } from '../datasets/dataset-log.ts';
import { type WriteDatasetOptions, type WrittenDataset, writeDataset } from '../datasets/write-dataset.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { lockFolder } from '../files/folder-lock.ts';
import { type PlacedShard, shardFolder } from './shard.ts';
import { findTextProblems } from './shard-content.ts';
import { headerOf, manifestText, type ShardOptions, shardHeaderOf } from './shard-manifest.ts';
import { type WaitOptions, whenUnlocked } from './when-unlocked.ts';

/** Options for {@link writeShard}. */
export interface WriteShardOptions
  extends Omit<WriteDatasetOptions<unknown>, 'existing' | 'companions' | 'headerFields' | 'start'>,
    ShardOptions,
    Pick<WaitOptions, 'onWait'> {
  /** `replace` begins anew; everything else goes on, since schedulers run tasks again. */
  readonly existing?: ExistingOutput | undefined;
}

/**
 * Writes one shard of the dataset that is to be in `out`: a complete dataset folder `out/shards/IIII-of-NNNN` with the
 * lines and bytes that the whole dataset has of these samples.
 *
 * It may be run again at any time. What an earlier run left is verified and completed; a complete shard that is what its
 * manifest says stays as it is. Where another process writes the same shard, as happens when a scheduler takes a machine
 * for lost, its end is waited for.
 *
 * @param samples - those of the shard, as for `writeDataset`.
 * @throws SimganError as `writeDataset` does; the signal's reason if it aborts.
 */
export async function writeShard(
  out: string,
  shard: PlacedShard,
  samples: (isWritten: (id: string) => boolean) => AsyncIterable<Sample<unknown>>,
  { pluginOptions, rendererParameters, existing, onWait, ...options }: WriteShardOptions,
): Promise<WrittenDataset> {
  const dir = shardFolder(out, shard);
  const headerFields = shardHeaderOf(shard, { pluginOptions, rendererParameters });
  const write = async () => {
    if (existing !== 'replace') await discardUnreliable(dir, options.signal);
    return writeDataset(dir, samples, {
      ...options,
      headerFields,
      start: shard.start,
      existing: existing === 'replace' ? 'replace' : 'resume',
    });
  };
  return whenUnlocked(write, { onWait, signal: options.signal });
}

/**
 * Turns a complete shard whose metadata or rejects are not what they were written as into one that is begun without any
 * line: that a picture fits its line says nothing where the line itself cannot be relied on. Missing pictures are found
 * by whoever resumes.
 */
async function discardUnreliable(dir: string, signal: AbortSignal | undefined): Promise<void> {
  if (!(await readManifest(dir, MANIFEST))) return;
  const lock = await lockFolder(dir);
  try {
    const manifest = await readManifest(dir, MANIFEST);
    if (!manifest || (await findTextProblems(dir, manifest, signal)).length === 0) return;
    // In this order a kill at any point leaves a folder that is complete or begun.
    await writeFileAtomic(join(dir, BEGUN_MANIFEST), manifestText(headerOf(manifest)));
    for (const name of [MANIFEST, METADATA, BEGUN_METADATA]) await rm(join(dir, name), { force: true });
  } finally {
    await lock.release();
  }
}
