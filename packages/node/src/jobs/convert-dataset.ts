import { basename, join } from 'node:path';
import { prefetch, type Reject, SimganError } from '@simgan/core';
import { columnsOf, type DatasetFormat, type FormatEntry, findFormat } from '@simgan/formats';
import { reasonOf } from '../files/reject.ts';
import type { WrittenFormat } from '../formats/dataset-copies.ts';
import { beginFormatFolder, type FormatFolder } from '../formats/format-folder.ts';
import { type OpenedFormat, openFormat } from '../formats/open-format.ts';
import { type StoredSample, storedSample } from '../formats/stored-sample.ts';
import type { JobOptions } from '../runs/events.ts';
import { startJob } from '../runs/job.ts';
import { reading } from '../runs/sources.ts';

/** Options for {@link convertDataset}. */
export interface ConvertOptions extends JobOptions {
  /** The folder to convert. */
  readonly input: string;
  /** Its format. Default: what it looks like. */
  readonly format?: string | undefined;
  /** The formats to write. */
  readonly to: readonly string[];
  /** The folder to write; of several formats each has a folder of its name within. */
  readonly out: string;
  /** Formats beside those of `@simgan/formats`. */
  readonly formats?: readonly DatasetFormat[] | undefined;
  /** What to do with an earlier conversion in the folder. Default: `refuse`. */
  readonly existing?: 'refuse' | 'replace' | undefined;
}

/** What {@link convertDataset} did. */
export interface ConvertedDataset {
  /** The format that was read. */
  readonly from: string;
  readonly formats: readonly WrittenFormat[];
}

/** Pictures that are read ahead. */
const AHEAD = 8;

/**
 * Converts a dataset from one format to others, without touching a picture: sizes and bytes stay, unless EXIF rotates a
 * picture or it has transparency. Labels keep their places to the last digit that a format writes.
 *
 * Beside each dataset stand `sources.jsonl` (where each sample comes from), `rejects.jsonl` (what was left out and why) and
 * `conversion.json`, which comes last. A conversion that is stopped leaves nothing.
 *
 * @throws SimganError INVALID_ARGUMENT for formats that there are not, NOT_ENOUGH_DATA if nothing can be used,
 * OUTPUT_EXISTS if the folder is not free, OUTPUT_FAILED; the signal's reason if it aborts.
 * @example
 * ```ts no-run
 * const { from, formats } = await convertDataset({ input: 'coco-val', to: ['yolo', 'parquet'], out: 'converted' });
 * for (const { format, dir, count, rejects } of formats) console.log(from, format, dir, count, rejects);
 * ```
 */
export async function convertDataset(options: ConvertOptions): Promise<ConvertedDataset> {
  const job = startJob(options);
  const { formats = [], existing = 'refuse' } = options;
  const names = [...new Set(options.to)];
  const targets = names.map((name) => findFormat(name, 'write', formats));
  if (targets.length === 0) throw new SimganError('INVALID_ARGUMENT', '`to` must name a format to write.');
  const input = job.path(options.input);
  const out = job.path(options.out);
  const opened = await openFormat(input, { format: options.format, formats, ...reading(job) });
  const { entries, format: from } = opened;
  const about = {
    name: basename(out),
    provenance: { made: 'converted', from, source: input },
    isReplaced: existing === 'replace',
  };
  const folders: FormatFolder[] = [];
  const rejects: Reject[] = [...opened.rejects];
  const update = job.progress('convert', entries.length);
  try {
    for (const target of targets) {
      const dir = targets.length === 1 ? out : join(out, target.name);
      folders.push(await beginFormatFolder(dir, target, about));
    }
    let done = 0;
    for await (const outcome of samplesOf(opened)) {
      job.signal?.throwIfAborted();
      if ('reason' in outcome) rejects.push(outcome);
      else for (const folder of folders) await folder.write(outcome.sample, outcome.entry.file);
      update(++done);
    }
    for (const folder of folders) await folder.finish(rejects);
  } finally {
    for (const folder of folders) await folder.close();
  }
  return {
    from,
    formats: folders.map(({ format, dir, count, rejects: own }) => ({
      format,
      dir,
      count,
      rejects: rejects.length + own.length,
    })),
  };
}

type Outcome = { readonly sample: StoredSample; readonly entry: FormatEntry } | Reject;

/** The entries with their pictures, some read ahead; what cannot be read is a reject. */
function samplesOf({ entries, folder }: OpenedFormat): AsyncIterable<Outcome> {
  const outcomeAt = async (index: number): Promise<Outcome> => {
    let file = entries.id(index);
    try {
      const entry = await entries.at(index);
      file = entry.file;
      const { picture, annotation } = entry;
      const source = 'file' in picture ? { location: locationOf(folder, picture.file) } : picture;
      const labels = { columns: columnsOf(annotation), objects: annotation };
      return { sample: await storedSample(entry.id, source, labels), entry };
    } catch (error) {
      if (error instanceof SimganError) return { file, reason: error.message };
      if (error instanceof Error && 'syscall' in error) return { file, reason: reasonOf(error) };
      throw error;
    }
  };
  return prefetch({ ...entries, at: outcomeAt } as never, AHEAD);
}

function locationOf(folder: OpenedFormat['folder'], file: string): string {
  const location = folder.locate(file);
  if (location === undefined) throw new SimganError('INVALID_FILE', `${file} is not on this machine.`);
  return location;
}
