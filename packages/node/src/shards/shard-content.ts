/** @file Whether a shard's files are what its manifest says. Memory holds a few lines at a time. */
import { join } from 'node:path';
import { pMapIterable } from 'p-map';
import { type DatasetManifest, METADATA, REJECTS } from '../datasets/dataset-format.ts';
import { namesOwnFiles } from '../datasets/line-files.ts';
import { type MetadataLine, parseMetadataLine } from '../datasets/metadata-line.ts';
import { isAsWritten } from '../datasets/output-folder.ts';
import { readLines } from '../files/read-lines.ts';
import { sha256 } from '../files/sha256.ts';

/** How many pictures are looked at or moved at once: file systems of several machines answer late. */
export const PARALLEL_PICTURES = 16;

/** What is wrong with the metadata and the rejects of a complete dataset; with these its lines cannot be relied on. */
export async function findTextProblems(
  dir: string,
  { metadataSha256, count, rejects }: DatasetManifest,
  signal?: AbortSignal | undefined,
): Promise<string[]> {
  const hash = await sha256(join(dir, METADATA)).catch(() => undefined);
  if (hash === undefined) return [`its ${METADATA} is missing`];
  if (hash !== metadataSha256) return [`its ${METADATA} was changed after it was written`];
  const problems: string[] = [];
  for (const [file, expected] of [
    [METADATA, count],
    [REJECTS, rejects],
  ] as const) {
    const lines = await countLines(join(dir, file), signal);
    if (lines === undefined) problems.push(`its ${file} is missing`);
    else if (lines !== expected) problems.push(`its ${file} has ${lines} lines, not ${expected}`);
  }
  return problems;
}

/** What is wrong with the pictures that the lines of a dataset name: one sentence for all of them. */
export async function findPictureProblems(
  dir: string,
  { onPicture, signal }: { onPicture?: (() => void) | undefined; signal?: AbortSignal | undefined } = {},
): Promise<string[]> {
  const looks = pMapIterable(
    metadataLines(dir, signal),
    async (line) => {
      const isFine = line !== undefined && (await isAsWritten(dir, line));
      onPicture?.();
      return isFine ? undefined : (line?.fileName ?? 'a damaged line');
    },
    { concurrency: PARALLEL_PICTURES },
  );
  let unusable = 0;
  const shown: string[] = [];
  for await (const name of looks) {
    signal?.throwIfAborted();
    if (name === undefined) continue;
    unusable++;
    if (shown.length < 3) shown.push(name);
  }
  if (unusable === 0) return [];
  const names = `${shown.join(', ')}${unusable > shown.length ? ` and ${unusable - shown.length} more` : ''}`;
  const are = unusable === 1 ? '1 of its pictures is' : `${unusable} of its pictures are`;
  return [`${are} missing or damaged (${names})`];
}

/** The lines of a dataset's metadata one after the other; `undefined` for one that cannot be read. */
export async function* metadataLines(
  dir: string,
  signal?: AbortSignal | undefined,
): AsyncGenerator<MetadataLine | undefined> {
  for await (const line of readLines(join(dir, METADATA), { signal })) {
    const parsed = 'text' in line && line.isEnded ? parseMetadataLine(line.text) : undefined;
    yield typeof parsed === 'object' && namesOwnFiles(parsed) ? parsed : undefined;
  }
}

/** How many lines of a file end; `undefined` if it cannot be read. */
async function countLines(file: string, signal: AbortSignal | undefined): Promise<number | undefined> {
  let count = 0;
  try {
    for await (const line of readLines(file, { signal })) count += line.isEnded ? 1 : 0;
    return count;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}
