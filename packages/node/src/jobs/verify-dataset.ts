import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  createRng,
  type Dataset,
  indexId,
  type Plugin,
  type Sample,
  SimganError,
  selectItems,
  simulate,
} from '@simgan/core';
import { type DatasetFormat, datasetFormats } from '@simgan/formats';
import { z } from 'zod';
import { annotationText } from '../datasets/annotation-text.ts';
import {
  type DatasetManifest,
  MANIFEST,
  METADATA,
  PICTURE_HASH,
  readManifest,
} from '../datasets/dataset-format.ts';
import { type MetadataLine, parseMetadataLine } from '../datasets/metadata-line.ts';
import { readLines } from '../files/read-lines.ts';
import { sha256 } from '../files/sha256.ts';
import { CROISSANT } from '../formats/croissant.ts';
import { CONVERSION } from '../formats/format-folder.ts';
import { openFormat } from '../formats/open-format.ts';
import { encodePng } from '../pictures/pixels.ts';
import type { JobOptions } from '../runs/events.ts';
import { choosePlugin, type Job, type PluginChoiceOptions, startJob } from '../runs/job.ts';
import { openRefiner } from '../runs/open-refiner.ts';
import { findPictureProblems, findTextProblems } from '../shards/shard-content.ts';

/** Options for {@link verifyDataset}. */
export interface VerifyOptions extends JobOptions, Partial<PluginChoiceOptions> {
  /** How many samples, drawn at random, are made again from their provenance. Default: 0. */
  readonly sample?: number | undefined;
  /** Which ones: another seed draws others. Default: 1. */
  readonly seed?: number | undefined;
  /** Formats beside those of `@simgan/formats`. */
  readonly formats?: readonly DatasetFormat[] | undefined;
}

/** What {@link verifyDataset} looked at. */
export interface Verification {
  /** `dataset` of this library, or the format that it was converted to. */
  readonly kind: string;
  readonly count: number;
  /** Samples that were made again and had the same bytes. */
  readonly remade: number;
  /** Why samples were not made again, if they were to be. */
  readonly notRemade: string | undefined;
  /** Everything that is wrong, a sentence each. */
  readonly problems: readonly string[];
}

/**
 * Verifies a dataset that this library wrote, or a conversion of one: counts, hashes, that every line and label can be
 * read; and with `sample` makes samples again from their provenance (simulator, seed, refiner) and compares the bytes of
 * picture and labels.
 *
 * @throws SimganError INVALID_FILE if the folder is neither.
 * @example
 * ```ts no-run
 * const { count, remade, problems } = await verifyDataset('eyes-augmented/dataset', { sample: 20 });
 * console.log(count, remade, problems);
 * ```
 */
export async function verifyDataset(dir: string, options: VerifyOptions = {}): Promise<Verification> {
  const job = startJob(options);
  const folder = job.path(dir);
  const manifest = await readManifest(folder, MANIFEST);
  if (manifest) return verifyOwn(folder, manifest, options, job);
  if (await isFile(join(folder, CONVERSION))) return verifyConversion(folder, options.formats ?? [], job);
  const inner = join(folder, 'dataset');
  const within = await readManifest(inner, MANIFEST);
  if (within) return verifyOwn(inner, within, options, job);
  throw new SimganError(
    'INVALID_FILE',
    `${folder} is no complete dataset of this library: it has neither ${MANIFEST} nor ${CONVERSION}.`,
  );
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() ?? false;
}

async function verifyOwn(
  dir: string,
  manifest: DatasetManifest,
  options: VerifyOptions,
  job: Job,
): Promise<Verification> {
  const { count } = manifest;
  const update = job.progress('check', count);
  let done = 0;
  const texts = await findTextProblems(dir, manifest, job.signal);
  const problems =
    texts.length > 0
      ? texts
      : await findPictureProblems(dir, { onPicture: () => update(++done), signal: job.signal });
  const found = { kind: 'dataset', count, problems };
  const { sample = 0 } = options;
  if (sample === 0 || problems.length > 0) return { ...found, remade: 0, notRemade: undefined };
  const source = await remaking(dir, manifest, options, job);
  if (typeof source === 'string') return { ...found, remade: 0, notRemade: source };
  try {
    const rng = createRng(options.seed ?? 1).fork('verify');
    const drawn = new Set<number>();
    while (drawn.size < Math.min(sample, count)) drawn.add(rng.int(count));
    const indices = [...drawn].sort((a, b) => a - b);
    const lines = await linesAt(dir, drawn);
    const differing: string[] = [];
    let n = 0;
    for await (const made of source.make(indices)) {
      const index = indices[n++]!;
      const difference = await differenceOf(made, lines.get(index)!);
      if (difference) differing.push(`Sample ${index}, made again, has ${difference}.`);
    }
    return { ...found, problems: differing, remade: indices.length - differing.length, notRemade: undefined };
  } finally {
    await source.dispose();
  }
}

interface Remaking {
  make(indices: readonly number[]): AsyncIterable<Sample<unknown>>;
  dispose(): Promise<void>;
}

/** How samples are made again, or why they cannot be. */
async function remaking(
  dir: string,
  { provenance, plugin: name }: DatasetManifest,
  options: VerifyOptions,
  job: Job,
): Promise<Remaking | string> {
  const { made, seed, synthetic = 'simulator', refiner } = provenance;
  if (synthetic !== 'simulator')
    return `its synthetic pictures come from ${String(synthetic)}, which is not made here`;
  if (typeof seed !== 'number') return 'it does not say the seed of its simulator';
  const samplesOf = (
    { name: own, simulator }: Plugin,
    indices: readonly number[],
  ): Dataset<Sample<unknown>> => {
    if (!simulator) throw new SimganError('INVALID_ARGUMENT', `The plugin ${own} has no simulator.`);
    return selectItems(simulate(simulator, { seed, length: Math.max(...indices) + 1 }), indices);
  };
  if (made === 'simulated') {
    const { plugin } = await choosePlugin(
      { plugin: options.plugin ?? name, pluginOptions: options.pluginOptions ?? {} },
      job,
    );
    return { make: (indices) => samplesOf(plugin, indices), dispose: async () => {} };
  }
  if (made !== 'refined') return `it says that it was ${String(made)}`;
  const place = refiner === 'trained here' ? dirname(dir) : String(refiner);
  const opened = await openRefiner(place, { ...options, cwd: job.cwd });
  return {
    make: (indices) => opened.refine(samplesOf(opened.plugin, indices)),
    dispose: () => opened.dispose(),
  };
}

async function linesAt(dir: string, indices: ReadonlySet<number>): Promise<Map<number, MetadataLine>> {
  const lines = new Map<number, MetadataLine>();
  let index = 0;
  for await (const line of readLines(join(dir, METADATA))) {
    const parsed = indices.has(index) && 'text' in line ? parseMetadataLine(line.text) : undefined;
    if (parsed && typeof parsed !== 'string') lines.set(index, parsed);
    index++;
  }
  return lines;
}

/** What differs between a sample that was made again and its line; `undefined` if nothing. */
async function differenceOf(sample: Sample<unknown>, line: MetadataLine): Promise<string | undefined> {
  const hash = createHash('sha256')
    .update(await encodePng(sample.image))
    .digest('hex');
  if (hash !== line.provenance?.[PICTURE_HASH]) return 'another picture';
  return annotationText(sample.annotation, indexId(0)) === line.text ? undefined : 'other labels';
}

const conversion = z.object({ to: z.string(), count: z.int().nonnegative(), rejects: z.int().nonnegative() });
const description = z.object({
  distribution: z.array(z.looseObject({ contentUrl: z.string().optional(), sha256: z.string().optional() })),
});

/** Checks the files that are described, and reads every sample. */
async function verifyConversion(
  dir: string,
  formats: readonly DatasetFormat[],
  job: Job,
): Promise<Verification> {
  const read = async <Schema extends z.ZodType>(name: string, schema: Schema): Promise<z.output<Schema>> => {
    const text = await readFile(join(dir, name), 'utf8').catch(() => '');
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      throw new SimganError(
        'INVALID_FILE',
        `${join(dir, name)} is missing or damaged. Write the dataset again.`,
        { cause: error },
      );
    }
  };
  const { to, count } = await read(CONVERSION, conversion);
  const { distribution } = await read(CROISSANT, description);
  const problems: string[] = [];
  for (const { contentUrl: file, sha256: expected } of distribution) {
    if (file === undefined || expected === undefined) continue;
    const hash = await sha256(join(dir, file)).catch(() => undefined);
    if (hash !== expected)
      problems.push(hash === undefined ? `${file} is missing.` : `${file} was changed after it was written.`);
  }
  const found = { kind: to, count, remade: 0, notRemade: undefined, problems };
  // A format that is written only is known by its hashes.
  if (![...formats, ...datasetFormats].some(({ name, read: reader }) => name === to && reader)) return found;
  const { entries, rejects } = await openFormat(dir, { format: to, formats, signal: job.signal });
  for (const { file, reason } of rejects) problems.push(`${file}: ${reason}`);
  if (entries.length !== count) problems.push(`It has ${entries.length} samples, not ${count}.`);
  const update = job.progress('check', entries.length);
  for (let index = 0; index < entries.length; index++) {
    job.signal?.throwIfAborted();
    await entries.at(index).catch((error) => {
      if (!(error instanceof SimganError)) throw error;
      problems.push(error.message);
    });
    update(index + 1);
  }
  return found;
}
