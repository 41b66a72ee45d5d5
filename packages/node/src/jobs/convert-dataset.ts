import { createHash } from 'node:crypto';
import { createDataset, prefetch, SimganError, selectItems } from '@simgan/core';
import {
  columnsOf,
  type DatasetFormat,
  type FormatCompanion,
  findFormat,
  type JsonObject,
  type SampleCompanion,
} from '@simgan/formats';
import { withoutFiles } from '../datasets/companion-fields.ts';
import { folderName } from '../datasets/write-companions.ts';
import { reasonOf } from '../files/reject.ts';
import type { WrittenFormat } from '../formats/dataset-copies.ts';
import { type OpenedFormat, openFormat } from '../formats/open-format.ts';
import { companionFile, endingOf, storedSample } from '../formats/stored-sample.ts';
import { encodePicture } from '../pictures/encode-picture.ts';
import type { JobOptions } from '../runs/events.ts';
import { type Job, startJob } from '../runs/job.ts';
import { reading } from '../runs/sources.ts';
import {
  type ConversionShardHeader,
  type Converted,
  writeConversionShard,
} from '../shards/conversion-shard.ts';
import { endOf, type PlacedShard, placeShard, type Shard, shardFolder } from '../shards/shard.ts';
import { shardOf } from '../shards/shard-option.ts';
import { whenUnlocked } from '../shards/when-unlocked.ts';
import { writeFormats } from './write-formats.ts';

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
  /** What to do with an earlier conversion in the folder. Default: `refuse`. A complete shard stays, unless it is `replace`. */
  readonly existing?: 'refuse' | 'replace' | undefined;
  /**
   * Only one of several parts of the dataset, in `out/shards`; {@link mergeShards} writes the formats of all parts. A text
   * is such as `3/8`, or `auto`: what the scheduler says in the environment (see {@link shardFromEnvironment}).
   */
  readonly shard?: Shard | string | undefined;
}

/** A part of a conversion. */
export interface ConvertedShard {
  /** The whole path of its folder. */
  readonly dir: string;
  /** Its inputs are those from `start` on. */
  readonly shard: PlacedShard;
  /** Inputs that are its part, usable or not. */
  readonly length: number;
  /** Samples that could be read. */
  readonly count: number;
  /** Inputs that could not be read; the first shard counts those of the whole folder that were found on opening it. */
  readonly rejects: number;
}

/** What {@link convertDataset} did. */
export interface ConvertedDataset {
  /** The format that was read. */
  readonly from: string;
  readonly formats: readonly WrittenFormat[];
  /** The shard, if it is one: formats are written when all of them are merged. */
  readonly shard?: ConvertedShard;
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
  for (const name of names) findFormat(name, 'write', formats);
  if (names.length === 0) throw new SimganError('INVALID_ARGUMENT', '`to` must name a format to write.');
  const part = options.shard === undefined ? undefined : shardOf(options.shard);
  const input = job.path(options.input);
  const out = job.path(options.out);
  const opened = await openFormat(input, { format: options.format, formats, ...reading(job) });
  const { entries, format: from, rejects } = opened;
  const provenance = { made: 'converted', from, source: input };
  if (part) {
    const shard = placeShard(part, entries.length);
    const about: ConversionShardHeader = {
      format: 'simgan-conversion-shard',
      version: 1,
      shard,
      from,
      to: names,
      provenance,
      inputSha256: contentHash(opened),
    };
    return { from, formats: [], shard: await writePart(out, about, opened, existing === 'replace', job) };
  }
  async function* all(): AsyncGenerator<Converted> {
    yield* rejects;
    yield* samplesOf(opened, 0, entries.length);
  }
  const length = rejects.length + entries.length;
  const written = await writeFormats(all(), { to: names, formats, out, provenance, existing, length }, job);
  return { from, formats: written };
}

/** Writes the samples of a shard, for whichever formats; the first lists what was left out when the folder was opened. */
async function writePart(
  out: string,
  about: ConversionShardHeader,
  opened: OpenedFormat,
  isReplaced: boolean,
  job: Job,
): Promise<ConvertedShard> {
  const { shard } = about;
  const { signal } = job;
  const dir = shardFolder(out, shard);
  const length = endOf(shard) - shard.start;
  const update = job.progress('convert', length);
  async function* samples(): AsyncGenerator<Converted> {
    if (shard.index === 0) yield* opened.rejects;
    let done = 0;
    for await (const one of samplesOf(opened, shard.start, endOf(shard))) {
      signal?.throwIfAborted();
      yield one;
      update(++done);
    }
  }
  const { count, rejects } = await whenUnlocked(
    () => writeConversionShard(dir, about, samples(), { isReplaced, signal }),
    { onWait: (message) => job.emit({ type: 'warning', message }), signal },
  );
  return { dir, shard, length, count, rejects };
}

/** What tells a folder from one that has changed: the ids of all samples, and what was left out. */
function contentHash({ entries, rejects }: OpenedFormat): string {
  const hash = createHash('sha256');
  for (let index = 0; index < entries.length; index++) hash.update(`${JSON.stringify(entries.id(index))}\n`);
  return hash.update(JSON.stringify(rejects)).digest('hex');
}

/** Entries with their pictures, some read ahead; what cannot be read is a reject. */
function samplesOf({ entries, folder }: OpenedFormat, start: number, end: number): AsyncIterable<Converted> {
  const outcomeAt = async (index: number): Promise<Converted> => {
    let file = entries.id(index);
    try {
      const entry = await entries.at(index);
      file = entry.file;
      const { picture } = entry;
      // As JSON has them (no -0, nothing undefined), so that a shard, which is JSON, has the same labels.
      const labeled = JSON.parse(JSON.stringify(entry.annotation)) as typeof entry.annotation;
      const { companions = [] } = entry;
      const annotation = withoutFiles(
        labeled as unknown as JsonObject,
        companions,
      ) as unknown as typeof labeled;
      const files = await companionsOf(folder, companions);
      const source = 'file' in picture ? { location: locationOf(folder, picture.file) } : picture;
      const labels = { columns: columnsOf(annotation), objects: annotation };
      const sample = await storedSample(entry.id, source, labels);
      return { sample: { ...sample, ...(files.length > 0 && { companions: files }) }, source: file };
    } catch (error) {
      if (error instanceof SimganError) return { file, reason: error.message };
      if (error instanceof Error && 'syscall' in error) return { file, reason: reasonOf(error) };
      throw error;
    }
  };
  const indices = Array.from({ length: end - start }, (_, n) => start + n);
  const outcomes = createDataset(entries.length, outcomeAt, (index) => entries.id(index));
  return prefetch(selectItems(outcomes, indices), AHEAD);
}

function locationOf(folder: OpenedFormat['folder'], file: string): string {
  const location = folder.locate(file);
  if (location === undefined) throw new SimganError('INVALID_FILE', `${file} is not on this machine.`);
  return location;
}

/** What belongs to a picture. @throws SimganError INVALID_FILE if a file is missing. */
async function companionsOf(
  folder: OpenedFormat['folder'],
  companions: readonly FormatCompanion[],
): Promise<SampleCompanion[]> {
  const names = new Map<string, number>();
  const files: SampleCompanion[] = [];
  for (const { name: own, file, bytes, image } of companions) {
    const name = folderName(own, names);
    if (bytes) files.push({ name, extension: endingOf(file), bytes });
    else if (image) {
      const stored = await encodePicture(await image());
      files.push({ name, extension: stored.extension, bytes: async () => stored.bytes });
    } else files.push(companionFile(name, locationOf(folder, file)));
  }
  return files;
}
