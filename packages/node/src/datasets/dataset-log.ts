/** @file The states of a dataset folder while it is written: free, begun, complete. */
import { existsSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SimganError } from '@simgan/core';
import { makeFolder, outputFailed, syncFolder, writeFileAtomic } from '../files/atomic-file.ts';
import { type FolderLock, lockFolder } from '../files/folder-lock.ts';
import { jsonDifferences } from '../files/json-differences.ts';
import { readLines } from '../files/read-lines.ts';
import type { Reject } from '../files/reject.ts';
import { sha256 } from '../files/sha256.ts';
import {
  BEGUN_MANIFEST,
  BEGUN_METADATA,
  COMPANIONS,
  type DatasetHeader,
  type DatasetManifest,
  fileNameOf,
  IMAGES,
  MANIFEST,
  METADATA,
  REJECTS,
  readManifest,
} from './dataset-format.ts';
import { filesOfLine, rejectsOfLine } from './line-files.ts';
import {
  filesIn,
  inspectOutput,
  type OutputFolder,
  removeDataset,
  someOf,
  type WrittenLine,
  wholeLines,
  writtenLines,
} from './output-folder.ts';

/** What to do with an output folder that is not empty. */
export type ExistingOutput =
  /** Leave it alone and fail. */
  | 'refuse'
  /** Go on with the dataset whose writing was interrupted there, or begin one if the folder is free. */
  | 'resume'
  /** Delete the dataset there, and nothing else, and begin anew. */
  | 'replace';

/** The record of which samples are written, kept in the folder so that it survives a kill. */
export interface DatasetLog {
  isWritten(id: string): boolean;
  /** Samples that are written now. */
  count(): number;
  /** Samples that were written before. */
  readonly resumed: number;
  /** Their lines, before any other is appended. */
  lines(): AsyncIterable<string>;
  /** The position in the whole dataset of the first sample that is not written. */
  readonly next: number;
  /** Turns the folder into a begun dataset, once; a complete one that stays as it is is not touched. */
  begin(): Promise<void>;
  append(line: string): Promise<void>;
  /** Turns the folder into a complete dataset. */
  finish(rejects: readonly Reject[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the log of an output folder, as far as `existing` allows.
 *
 * The folder stays locked until the log is closed.
 *
 * @throws SimganError OUTPUT_EXISTS saying what is in the way; OUTPUT_LOCKED if another process writes to it.
 */
export async function openLog(
  dir: string,
  header: DatasetHeader,
  existing: ExistingOutput,
  { companions, start }: { readonly companions: readonly string[]; readonly start: number },
): Promise<DatasetLog> {
  // First without the lock, so that nothing is touched in a folder that is not ours to write to.
  refuseUnwanted(dir, await inspectOutput(dir, companions), header, existing);
  const lock = await lockFolder(dir);
  try {
    const found = await inspectOutput(dir, companions);
    refuseUnwanted(dir, found, header, existing);
    if (found.state !== 'free' && existing === 'replace') {
      await removeDataset(dir, found.state as 'begun' | 'complete', companions);
    }
    const manifest = found.state === 'complete' ? await readManifest(dir, MANIFEST) : undefined;
    const hash = manifest && (await sha256(join(dir, METADATA)).catch(() => undefined));
    // Lines that are not those that the manifest was written for are nobody's, and written anew.
    const isChanged = manifest !== undefined && manifest.metadataSha256 !== hash;
    const lines = isChanged ? [] : await existingLines(dir);
    if (existing === 'resume') refuseFormerNames(dir, lines, start, header);
    const isComplete = existing === 'resume' && !isChanged && manifest?.count === lines.length;
    return new FolderLog(dir, { header, wasComplete: isComplete, lines, start, lock });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** @throws SimganError OUTPUT_EXISTS if the folder may not be written to, saying what is in the way. */
function refuseUnwanted(
  dir: string,
  found: OutputFolder,
  header: DatasetHeader,
  existing: ExistingOutput,
): void {
  if (found.state === 'free') return;
  if (found.state === 'foreign') {
    throw new SimganError(
      'OUTPUT_EXISTS',
      `${dir} is not empty and is no dataset of ours (it holds ${someOf(found.files)}). Choose another folder.`,
    );
  }
  if (existing === 'refuse') {
    throw new SimganError(
      'OUTPUT_EXISTS',
      found.state === 'complete'
        ? `${dir} holds a dataset already. Choose another folder, or allow it to be replaced.`
        : `${dir} holds a dataset whose writing was interrupted. Resume it, allow it to be replaced, or choose ` +
            'another folder.',
    );
  }
  if (existing === 'replace') return;
  const differences = differencesOf({ ...found.header }, { ...header });
  if (differences.length === 0) return;
  throw new SimganError(
    'OUTPUT_EXISTS',
    `The dataset in ${dir} was begun otherwise and cannot be resumed: ${differences.join('; ')}. Use the ` +
      'same settings, allow it to be replaced, or choose another folder.',
  );
}

/** @throws SimganError OUTPUT_EXISTS if pictures have other names than they get now. */
function refuseFormerNames(
  dir: string,
  lines: readonly WrittenLine[],
  start: number,
  { image }: DatasetHeader,
): void {
  if (
    lines.every(
      ({ fileName, id }, index) => id !== undefined && fileName === fileNameOf(start + index, image),
    )
  )
    return;
  throw new SimganError(
    'OUTPUT_EXISTS',
    `The dataset in ${dir} was begun by an earlier version, which named pictures differently, and cannot be resumed. ` +
      'Allow it to be replaced, or choose another folder.',
  );
}

interface LogState {
  readonly header: DatasetHeader;
  readonly wasComplete: boolean;
  readonly lines: readonly WrittenLine[];
  readonly start: number;
  readonly lock: FolderLock;
}

async function existingLines(dir: string) {
  const begun = await writtenLines(dir, BEGUN_METADATA);
  return begun.length > 0 ? begun : writtenLines(dir, METADATA);
}

class FolderLog implements DatasetLog {
  readonly #dir: string;
  readonly #header: DatasetHeader;
  readonly #wasComplete: boolean;
  readonly #written: Set<string>;
  readonly resumed: number;
  readonly next: number;
  #end: number;
  #added = 0;
  readonly #lock: FolderLock;
  #handle: FileHandle | undefined;

  constructor(dir: string, { header, wasComplete, lines, start, lock }: LogState) {
    this.#lock = lock;
    this.#dir = dir;
    this.#header = header;
    this.#wasComplete = wasComplete;
    this.#written = new Set(lines.flatMap(({ id }) => id ?? []));
    this.resumed = lines.length;
    this.next = start + lines.length;
    this.#end = lines.at(-1)?.end ?? 0;
  }

  isWritten(id: string): boolean {
    return this.#written.has(id);
  }

  count(): number {
    return this.resumed + this.#added;
  }

  async *lines(): AsyncGenerator<string> {
    if (this.resumed === 0) return;
    const begun = this.#path(BEGUN_METADATA);
    const file = existsSync(begun) ? begun : this.#path(METADATA);
    for await (const line of readLines(file)) {
      if (line.end > this.#end) return;
      if ('text' in line) yield line.text;
    }
  }

  async begin(): Promise<void> {
    if (this.#handle) return;
    await makeFolder(this.#dir);
    await writeFileAtomic(this.#path(BEGUN_MANIFEST), json(this.#header));
    await makeFolder(this.#path(IMAGES));
    const file = this.#path(BEGUN_METADATA);
    try {
      // In this order a kill at any point leaves a folder that is complete, or begun with all its lines.
      await rm(this.#path(MANIFEST), { force: true });
      if (this.#end > 0) await rename(this.#path(METADATA), file).catch(ignoreMissing);
      this.#handle = await open(file, this.#end > 0 ? 'r+' : 'w');
      await this.#handle.truncate(this.#end);
    } catch (error) {
      throw outputFailed(file, error);
    }
  }

  async append(line: string): Promise<void> {
    const bytes = Buffer.from(line);
    const handle = this.#handle!;
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, this.#end + done);
        done += bytesWritten;
      }
    } catch (error) {
      await handle.truncate(this.#end).catch(() => {});
      throw outputFailed(this.#path(BEGUN_METADATA), error);
    }
    this.#end += bytes.length;
    this.#added++;
  }

  async finish(rejects: readonly Reject[]): Promise<void> {
    if (!this.#handle && this.#wasComplete) {
      await rm(this.#path(BEGUN_MANIFEST), { force: true });
      return;
    }
    await this.begin();
    let all = rejects;
    try {
      await this.#handle!.sync();
      await this.#closeHandle();
      all = [...rejects, ...(await this.#checkFiles())];
      await rename(this.#path(BEGUN_METADATA), this.#path(METADATA));
    } catch (error) {
      throw outputFailed(this.#path(METADATA), error);
    }
    const lines = all.map((reject) => `${JSON.stringify(reject)}\n`);
    await writeFileAtomic(this.#path(REJECTS), lines.join(''), { durable: true });
    const manifest: DatasetManifest = {
      ...this.#header,
      count: this.count(),
      rejects: all.length,
      metadataSha256: await sha256(this.#path(METADATA)),
    };
    await syncFolder(join(this.#dir, IMAGES));
    await writeFileAtomic(this.#path(MANIFEST), json(manifest), { durable: true });
    await rm(this.#path(BEGUN_MANIFEST), { force: true });
  }

  async close(): Promise<void> {
    await this.#closeHandle();
    await this.#lock.release();
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /**
   * @returns the companions that lines say were left out.
   * @throws SimganError OUTPUT_FAILED if a file that a line names is not there any more.
   */
  async #checkFiles(): Promise<Reject[]> {
    const present = new Set<string>();
    for (const folder of [IMAGES, COMPANIONS]) {
      for (const file of await filesIn(this.#path(folder))) present.add(`${folder}/${file}`);
    }
    const missing: string[] = [];
    const leftOut: Reject[] = [];
    for await (const { parsed } of wholeLines(this.#path(BEGUN_METADATA))) {
      if (typeof parsed === 'string') {
        missing.push('a damaged line');
        continue;
      }
      for (const { file } of filesOfLine(parsed)) if (!present.has(file)) missing.push(file);
      leftOut.push(...rejectsOfLine(parsed));
    }
    if (missing.length === 0) return leftOut;
    throw new SimganError(
      'OUTPUT_FAILED',
      `${missing.length} files of the dataset in ${this.#dir} have vanished while it was written (${someOf(missing)}). Leave the folder alone while it is in use, and resume.`,
    );
  }

  #path(name: string): string {
    return join(this.#dir, name);
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Where two headers differ in what the one of now has: `provenance.seed is 1 there and 2 now`. */
function differencesOf(there: object, now: object): string[] {
  const shown = (value: unknown) => JSON.stringify(value) ?? 'not there';
  return jsonDifferences(there, now)
    .filter(({ path: [key] }) => Object.hasOwn(now, key!))
    .map(({ path, before, now }) => `${path.join('.')} is ${shown(before)} there and ${shown(now)} now`);
}
