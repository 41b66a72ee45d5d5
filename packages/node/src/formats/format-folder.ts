/** @file A folder in one format: free, in progress, complete. */
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Reject, SimganError } from '@simgan/core';
import {
  createColumnTypes,
  type DatasetFormat,
  type FormatWriter,
  type GrowingFile,
  type JsonObject,
} from '@simgan/formats';
import { z } from 'zod';
import { makeFolder, outputFailed, writeFileAtomic } from '../files/atomic-file.ts';
import { type FolderLock, LOCK, lockFolder, TAKEOVER } from '../files/folder-lock.ts';
import { CROISSANT, croissant } from './croissant.ts';
import { datasetCard } from './dataset-card.ts';
import { folderOutput } from './folder-output.ts';
import type { StoredSample } from './stored-sample.ts';

/** Written last: with it the folder is complete, and may be replaced. */
export const CONVERSION = 'conversion.json';
/** Where each picture comes from, a line for each sample. */
const SOURCES = 'sources.jsonl';
const REJECTS = 'rejects.jsonl';
/** Everything is written here first, so that a folder is complete or does not look like one. */
const BEGUN = '.begun';

/** What is known before the first sample. */
export interface FormatFolderOptions {
  readonly name: string;
  readonly provenance: JsonObject;
  /** Whether what an earlier conversion wrote there is deleted. */
  readonly isReplaced: boolean;
  /** Names in the folder that are not the format's and stay. */
  readonly companions?: readonly string[];
}

/** A folder that is being written. */
export interface FormatFolder {
  readonly dir: string;
  readonly format: string;
  readonly count: number;
  readonly rejects: readonly Reject[];
  /** Writes a sample; what the format has no place for becomes a reject. `source` names it. */
  write(sample: StoredSample, source: string): Promise<void>;
  /** Makes the folder complete. */
  finish(rejects: readonly Reject[]): Promise<void>;
  /** Gives the folder back; what is not complete is deleted. */
  close(): Promise<void>;
}

const manifest = z.object({
  format: z.literal('simgan-conversion'),
  version: z.literal(1),
  to: z.string(),
  count: z.int().nonnegative(),
  rejects: z.int().nonnegative(),
  provenance: z.record(z.string(), z.json()),
  files: z
    .array(
      z
        .string()
        .max(200)
        .regex(/^[^/\\]+$/),
    )
    .max(1000),
});

/**
 * Begins to write a format to a folder, which must be free.
 *
 * @throws SimganError OUTPUT_EXISTS if it holds anything, or anything but an earlier conversion that may be replaced;
 * OUTPUT_LOCKED.
 */
export async function beginFormatFolder(
  dir: string,
  format: DatasetFormat & Required<Pick<DatasetFormat, 'write'>>,
  { name, provenance, isReplaced, companions = [] }: FormatFolderOptions,
): Promise<FormatFolder> {
  await checkFormatFolder(dir, isReplaced, companions);
  const lock = await lockFolder(dir);
  const begun = join(dir, BEGUN);
  const rejects: Reject[] = [];
  /** What the writer leaves out of the sample that it writes. */
  const leftOut: string[] = [];
  const columns = createColumnTypes();
  const output = folderOutput(begun);
  let written = 0;
  let sources: GrowingFile;
  let writer: FormatWriter;
  try {
    await rm(begun, { recursive: true, force: true });
    await makeFolder(begun);
    sources = await output.append(SOURCES);
    const onLeftOut = (reason: string) => leftOut.push(reason);
    writer = await format.write(output, { name, provenance, onLeftOut });
  } catch (error) {
    await output.close();
    await lock.release();
    throw error;
  }
  return {
    dir,
    format: format.name,
    get count() {
      return written;
    },
    rejects,
    async write(sample, source) {
      leftOut.length = 0;
      try {
        await writer.write(sample);
      } catch (error) {
        if (!(error instanceof SimganError) || error.code !== 'INVALID_ARGUMENT') throw error;
        rejects.push({ file: source, reason: error.message });
        return;
      }
      for (const reason of leftOut) rejects.push({ file: source, reason });
      const { hasCompanions = false } = format;
      for (const { name } of sample.companions ?? []) {
        if (typeof hasCompanions === 'boolean' ? hasCompanions : hasCompanions.includes(name)) continue;
        const reason = `Its ${name} is left out: the format ${format.name} has no place for files beside pictures.`;
        rejects.push({ file: source, reason });
      }
      columns.add(sample.columns);
      await sources.write(`${JSON.stringify({ index: written, id: sample.id, source })}\n`);
      written++;
    },
    async finish(others) {
      await writer.finish();
      await sources.close();
      const lines = [...others, ...rejects].map((reject) => `${JSON.stringify(reject)}\n`);
      await writeFileAtomic(join(begun, REJECTS), lines.join(''));
      const card = { name, format, count: written, rejects: lines.length, types: columns.types, provenance };
      await writeFileAtomic(join(begun, 'README.md'), datasetCard(card));
      await writeFileAtomic(join(begun, CROISSANT), await croissant(begun, card));
      await removeConversion(dir);
      const files = (await readdir(begun)).sort();
      try {
        for (const file of files) await rename(join(begun, file), join(dir, file));
      } catch (error) {
        throw outputFailed(dir, error);
      }
      const about = { format: 'simgan-conversion', version: 1, to: format.name, name, count: written };
      const complete = { ...about, rejects: lines.length, provenance, files };
      await writeFileAtomic(join(dir, CONVERSION), `${JSON.stringify(complete, null, 2)}\n`, {
        durable: true,
      });
    },
    async close() {
      await output.close();
      await giveBack(begun, lock);
    },
  };
}

async function giveBack(begun: string, lock: FolderLock): Promise<void> {
  await rm(begun, { recursive: true, force: true });
  await lock.release();
}

/**
 * Whether a format may be written to a folder.
 *
 * @throws SimganError OUTPUT_EXISTS if it holds anything, or anything but an earlier conversion that may be replaced.
 */
export async function checkFormatFolder(
  dir: string,
  isReplaced: boolean,
  companions: readonly string[] = [],
): Promise<void> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') {
      throw new SimganError('OUTPUT_EXISTS', `${dir} is a file. Choose another folder for the output.`);
    }
    throw outputFailed(dir, error);
  });
  const own = await ownFiles(dir);
  const known = [BEGUN, LOCK, TAKEOVER, ...companions, ...own];
  const others = names.filter((name) => !known.includes(name));
  if (others.length > 0) {
    throw new SimganError(
      'OUTPUT_EXISTS',
      `${dir} holds files of others (${others.slice(0, 3).join(', ')}${others.length > 3 ? ', …' : ''}). Choose another folder.`,
    );
  }
  if (own.length > 0 && !isReplaced) {
    throw new SimganError(
      'OUTPUT_EXISTS',
      `${dir} holds a converted dataset already. Choose another folder, or allow it to be replaced.`,
    );
  }
}

/** The complete conversion in a folder; `undefined` if there is none. */
export async function readConversion(dir: string): Promise<z.output<typeof manifest> | undefined> {
  const text = await readFile(join(dir, CONVERSION), 'utf8').catch(() => undefined);
  try {
    return text === undefined ? undefined : manifest.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The names in a folder that an earlier conversion wrote. */
async function ownFiles(dir: string): Promise<readonly string[]> {
  const complete = await readConversion(dir);
  return complete ? [CONVERSION, ...complete.files] : [];
}

async function removeConversion(dir: string): Promise<void> {
  // The manifest first: a folder that is being deleted must not look complete.
  for (const file of await ownFiles(dir)) await rm(join(dir, file), { recursive: true, force: true });
}
