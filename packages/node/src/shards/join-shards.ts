/** @file One dataset of several shards, whose files are linked into it. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, link, open, opendir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SimganError } from '@simgan/core';
import { pMapIterable } from 'p-map';
import {
  BEGUN_MANIFEST,
  BEGUN_METADATA,
  type DatasetManifest,
  IMAGES,
  MANIFEST,
  METADATA,
  REJECTS,
} from '../datasets/dataset-format.ts';
import { filesOfLine, type LineFile } from '../datasets/line-files.ts';
import { isFileAsWritten } from '../datasets/output-folder.ts';
import {
  makeFolder,
  outputFailed,
  syncFolder,
  temporaryName,
  writeFileAtomic,
} from '../files/atomic-file.ts';
import { readLines } from '../files/read-lines.ts';
import { sha256 } from '../files/sha256.ts';
import type { FoundShard } from './find-shards.ts';
import { endOf, SHARDS } from './shard.ts';
import { findPictureProblems, metadataLines, PARALLEL_PICTURES } from './shard-content.ts';
import { manifestText, wholeHeader } from './shard-manifest.ts';

/** What is told and asked while shards are joined. */
export interface JoinOptions {
  /** Called after each picture. */
  readonly onPicture?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes one dataset of all its shards, in order, whose every byte is that of the dataset written at once: metadata and
 * rejects one after the other, pictures by hard links or, where the file system has none, copies. The shards stay as
 * they are.
 *
 * Until its manifest is there, which comes last, the dataset is a begun one like any other, and may be joined again.
 *
 * @param target - a folder that is free or holds what an earlier joining of the same shards left.
 * @throws SimganError OUTPUT_FAILED, INVALID_FILE if a shard changes meanwhile; the signal's reason if it aborts.
 */
export async function joinShards(
  target: string,
  shards: readonly FoundShard[],
  { onPicture, signal }: JoinOptions,
): Promise<DatasetManifest> {
  const header = wholeHeader(shards[0]!.manifest);
  const path = (name: string) => join(target, name);
  await makeFolder(path(IMAGES));
  await writeFileAtomic(path(BEGUN_MANIFEST), manifestText(header));
  await rm(path(MANIFEST), { force: true });
  const metadataSha256 = await concatenate(shards, METADATA, path(BEGUN_METADATA), signal);
  for (const { dir } of shards) {
    const moves = pMapIterable(
      metadataLines(dir, signal),
      async (line) => {
        if (!line) throw changed(dir);
        for (const file of filesOfLine(line)) await place(dir, target, file);
        onPicture?.();
      },
      { concurrency: PARALLEL_PICTURES },
    );
    for await (const _ of moves) signal?.throwIfAborted();
  }
  const count = shards.reduce((sum, { manifest }) => sum + manifest.count, 0);
  const pictures = await countPictures(path(IMAGES));
  if (pictures !== count) {
    const why =
      pictures < count
        ? 'two shards have a picture of the same name'
        : 'some are of no shard; move them away';
    throw new SimganError(
      'OUTPUT_FAILED',
      `${path(IMAGES)} holds ${pictures} pictures and the shards have ${count}: ${why}.`,
    );
  }
  await concatenate(shards, REJECTS, temporaryName(path(REJECTS)), signal);
  try {
    await rename(path(BEGUN_METADATA), path(METADATA));
    await rename(temporaryName(path(REJECTS)), path(REJECTS));
  } catch (error) {
    throw outputFailed(target, error);
  }
  const rejects = shards.reduce((sum, { manifest }) => sum + manifest.rejects, 0);
  const manifest: DatasetManifest = { ...header, count, rejects, metadataSha256 };
  await syncFolder(path(IMAGES));
  await writeFileAtomic(path(MANIFEST), manifestText(manifest), { durable: true });
  await rm(path(BEGUN_MANIFEST), { force: true });
  return manifest;
}

/**
 * Whether a complete dataset is what joining shards gave, of which some may have been removed since: `joined`; with
 * pictures that are missing or damaged, `damaged`; or `other`.
 */
export async function compareJoined(
  target: string,
  manifest: DatasetManifest,
  shards: readonly FoundShard[],
  signal: AbortSignal | undefined,
): Promise<'joined' | 'damaged' | 'other'> {
  if (shards.some((shard) => shard.manifest.shard.total !== manifest.count)) return 'other';
  const hash = await sha256(join(target, METADATA)).catch(() => undefined);
  if (hash !== manifest.metadataSha256) return 'other';
  const left = [...shards];
  let hashing = createHash('sha256');
  let index = 0;
  for await (const line of readLines(join(target, METADATA), { signal })) {
    skipEmpty(left);
    const shard = left[0];
    if (!shard) break;
    const { start } = shard.manifest.shard;
    if (index >= start) hashing.update('text' in line ? `${line.text}\n` : '');
    index++;
    if (index < endOf(shard.manifest.shard)) continue;
    if (hashing.digest('hex') !== shard.manifest.metadataSha256) return 'other';
    hashing = createHash('sha256');
    left.shift();
  }
  skipEmpty(left);
  if (left.length > 0) return 'other';
  return (await findPictureProblems(target, { signal })).length === 0 ? 'joined' : 'damaged';
}

/** Shards without samples are part of every dataset. */
function skipEmpty(shards: FoundShard[]): void {
  while (shards[0]?.manifest.count === 0) shards.shift();
}

/** Writes the same file of all shards one after the other. @returns the SHA-256 of what is written. */
async function concatenate(
  shards: readonly FoundShard[],
  name: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const all = createHash('sha256');
  async function* bytes(): AsyncGenerator<Buffer> {
    for (const { dir, manifest } of shards) {
      const own = createHash('sha256');
      for await (const part of createReadStream(join(dir, name))) {
        own.update(part as Buffer);
        all.update(part as Buffer);
        yield part as Buffer;
      }
      if (name === METADATA && own.digest('hex') !== manifest.metadataSha256) throw changed(dir);
    }
  }
  try {
    await pipeline(bytes, createWriteStream(to), { ...(signal && { signal }) });
    const handle = await open(to, 'r+');
    await handle.sync();
    await handle.close();
  } catch (error) {
    signal?.throwIfAborted();
    throw outputFailed(to, error);
  }
  return all.digest('hex');
}

/** Gives a file its name in the whole dataset; one that is there already from an earlier run stays. */
async function place(dir: string, target: string, line: LineFile): Promise<void> {
  const [from, to] = [join(dir, line.file), join(target, line.file)];
  try {
    await linkOrCopy(from, to).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') await makeFolder(dirname(to));
      else if (error.code !== 'EEXIST') throw error;
      else if (line.hash !== undefined && (await isFileAsWritten(target, line))) return;
      else await rm(to, { force: true });
      await linkOrCopy(from, to);
    });
  } catch (error) {
    throw outputFailed(to, error);
  }
}

/** The errors of systems that cannot link a file, or not once more. */
const unlinkable = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']);

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!unlinkable.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    const temporary = temporaryName(to);
    await copyFile(from, temporary);
    await rename(temporary, to);
  }
}

async function countPictures(dir: string): Promise<number> {
  let count = 0;
  for await (const entry of await opendir(dir)) {
    if (entry.isDirectory()) count += await countPictures(join(dir, entry.name));
    else if (/\.(png|tif)$/.test(entry.name) && !entry.name.startsWith('.')) count++;
  }
  return count;
}

function changed(dir: string): SimganError {
  return new SimganError(
    'INVALID_FILE',
    `The shard ${dir} has changed while it was merged. Leave ${SHARDS} alone meanwhile, then merge again.`,
  );
}
