/** @file What an output folder holds before anything is written to it. */
import { type Dirent, existsSync } from 'node:fs';
import { open, readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { SimganError } from '@simgan/core';
import { outputFailed } from '../files/atomic-file.ts';
import { LOCK, TAKEOVER } from '../files/folder-lock.ts';
import { readLines } from '../files/read-lines.ts';
import { sha256 } from '../files/sha256.ts';
import {
  BEGUN_MANIFEST,
  BEGUN_METADATA,
  COMPANIONS,
  type DatasetHeader,
  IMAGES,
  isPictureOfOurs,
  MANIFEST,
  METADATA,
  REJECTS,
  readManifest,
} from './dataset-format.ts';
import { filesOfLine, type LineFile, namesOwnFiles } from './line-files.ts';
import { idOf, type MetadataLine, parseMetadataLine } from './metadata-line.ts';
import { isOwnDescription } from './own-description.ts';

/** The state of an output folder. */
export type OutputFolder =
  /** It does not exist, or holds nothing but what may lie beside a dataset. */
  | { readonly state: 'free' }
  /** A dataset whose writing was interrupted, or that is complete. */
  | { readonly state: 'begun' | 'complete'; readonly header: DatasetHeader }
  /** Something else; `files` names some of it. */
  | { readonly state: 'foreign'; readonly files: readonly string[] };

/** Images that the writer may have written before their lines: they are ours although no line says so. */
export const WRITE_AHEAD = 8;

const left = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini', '.gitkeep', '.gitignore', LOCK, TAKEOVER]);

/**
 * Looks at an output folder, so that a program can refuse it before hours of work and not after.
 *
 * @param companions - names in the folder that the caller writes itself beside the dataset (`preview.png`,
 * `run`); they neither make the folder foreign nor are ever touched.
 * @throws SimganError OUTPUT_EXISTS if it is a file, OUTPUT_FAILED if it cannot be listed.
 */
export async function inspectOutput(dir: string, companions: readonly string[] = []): Promise<OutputFolder> {
  const names = await namesIn(dir);
  const own = names.filter((name) => !left.has(name) && !companions.includes(name));
  if (own.length === 0) return { state: 'free' };
  const complete = await readManifest(dir, MANIFEST);
  const header = complete ?? (await readManifest(dir, BEGUN_MANIFEST));
  if (!header) {
    // Killed before its first file had its name, a run leaves only what could not be finished.
    const begun = new Set([`.${BEGUN_MANIFEST}.tmp`]);
    const files = own.filter((name) => !begun.has(name));
    return files.length === 0 ? { state: 'free' } : { state: 'foreign', files };
  }
  return { state: complete ? 'complete' : 'begun', header };
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR') {
      throw new SimganError('OUTPUT_EXISTS', `${dir} is a file. Choose another folder for the output.`);
    }
    throw outputFailed(dir, error);
  }
}

/** A sample that is on the disk: the file that its line names, its id, and where the line ends, in bytes. */
export interface WrittenLine {
  readonly fileName: string;
  /** Lines of earlier versions have none. */
  readonly id: string | undefined;
  readonly end: number;
}

/**
 * The samples of a begun dataset that are whole: lines from the first to the one before the first that is cut
 * off, is no metadata, or whose picture is missing, cut off, or not the one that was written with it.
 */
export async function writtenLines(dir: string, metadata: string): Promise<WrittenLine[]> {
  const lines: WrittenLine[] = [];
  for await (const { parsed, end } of wholeLines(join(dir, metadata))) {
    if (typeof parsed === 'string' || !(await isAsWritten(dir, parsed))) break;
    lines.push({ fileName: parsed.fileName, id: idOf(parsed), end });
  }
  return lines;
}

/** A line of a metadata file that is not cut off: what it says, or why it says nothing, and its end in bytes. */
export interface WholeLine {
  readonly parsed: MetadataLine | string;
  readonly end: number;
}

/** The lines of a metadata file that end with a line feed; none if there is no file. */
export async function* wholeLines(file: string): AsyncGenerator<WholeLine> {
  if (!existsSync(file)) return;
  for await (const line of readLines(file)) {
    const parsed = 'problem' in line ? line.problem : parseMetadataLine(line.text);
    if (line.isEnded) yield { parsed, end: line.end };
  }
}

/** Whether the files of a line are those that it was written with. Lines of earlier versions have no hash. */
export async function isAsWritten(dir: string, line: MetadataLine): Promise<boolean> {
  if (!namesOwnFiles(line)) return false;
  // Of other files their hashes tell whether they are whole.
  if (line.fileName.endsWith('.png') && !(await isWholePng(join(dir, line.fileName)))) return false;
  for (const file of filesOfLine(line)) if (!(await isFileAsWritten(dir, file))) return false;
  return true;
}

/** Whether a file is the one that its line was written with. */
export async function isFileAsWritten(dir: string, { file, hash }: LineFile): Promise<boolean> {
  return hash === undefined || hash === (await sha256(join(dir, file)).catch(() => undefined));
}

const pngEnd = Buffer.from('0000000049454e44ae426082', 'hex');

/** Whether a PNG file ends as PNG files do: a power cut may leave its name with nothing behind it. */
async function isWholePng(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return false;
  try {
    const { size } = await handle.stat();
    const end = Buffer.alloc(pngEnd.length);
    if (size > pngEnd.length) await handle.read(end, 0, end.length, size - end.length);
    return end.equals(pngEnd);
  } finally {
    await handle.close();
  }
}

/**
 * Deletes a dataset of ours and nothing else.
 *
 * @throws SimganError OUTPUT_EXISTS, having deleted nothing, if the folder holds a file that is not the
 * dataset's.
 */
export async function removeDataset(
  dir: string,
  state: 'begun' | 'complete',
  companions: readonly string[] = [],
): Promise<void> {
  const allowed = new Set([MANIFEST, BEGUN_MANIFEST, METADATA, BEGUN_METADATA, REJECTS]);
  const isUnfinished = (name: string) => name.startsWith('.') && name.endsWith('.tmp');
  const own: string[] = [];
  const foreign: string[] = [];
  for (const name of await namesIn(dir)) {
    if (name === IMAGES || name === COMPANIONS || left.has(name) || companions.includes(name)) continue;
    const isOwn = allowed.has(name) || (isUnfinished(name) && allowed.has(name.slice(1, -'.tmp'.length)));
    (isOwn || (await isOwnDescription(dir, name)) ? own : foreign).push(name);
  }
  const listed = new Set<string>();
  for (const metadata of [METADATA, BEGUN_METADATA]) {
    for await (const { parsed } of wholeLines(join(dir, metadata))) {
      if (typeof parsed === 'string' || !namesOwnFiles(parsed)) continue;
      for (const { file } of filesOfLine(parsed)) listed.add(file);
    }
  }
  const folders: string[] = [];
  const unlisted: string[] = [];
  const isBegun = state === 'begun';
  for (const entry of [
    ...(await entriesBelow(join(dir, IMAGES))),
    ...(await entriesBelow(join(dir, COMPANIONS))),
  ]) {
    const file = relative(dir, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
    if (entry.isDirectory()) folders.push(file);
    else if (listed.has(file) || (isUnfinished(entry.name) && /^\.\d{7,}\./.test(entry.name))) own.push(file);
    // Companions are written before their picture; how many of them a sample has is not known.
    else if (isBegun && file.startsWith(`${COMPANIONS}/`) && /^\d{7,}\.\w+$/.test(entry.name)) own.push(file);
    else (isPictureOfOurs(file) ? unlisted : foreign).push(file);
  }
  const place = isBegun && unlisted.length <= WRITE_AHEAD ? own : foreign;
  for (const file of unlisted) place.push(file);
  if (foreign.length > 0) {
    throw new SimganError(
      'OUTPUT_EXISTS',
      `${dir} holds files that are not the dataset's (${someOf(foreign)}). Nothing was deleted; move them ` +
        'away or choose another folder.',
    );
  }
  // The manifest first: a dataset that is being deleted must not look complete.
  own.sort((a, b) => Number(b === MANIFEST) - Number(a === MANIFEST));
  try {
    for (const file of own) await rm(join(dir, file), { force: true });
    for (const folder of [...folders.sort().reverse(), IMAGES, COMPANIONS]) {
      await rmdir(join(dir, folder)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  } catch (error) {
    throw outputFailed(dir, error);
  }
}

/** The files below a folder, relative to it, with `/` between parts. */
export async function filesIn(dir: string): Promise<string[]> {
  const entries = await entriesBelow(dir);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}

async function entriesBelow(dir: string): Promise<Dirent[]> {
  return readdir(dir, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw outputFailed(dirname(dir), error);
  });
}

/** The first few names and how many more there are. */
export function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
