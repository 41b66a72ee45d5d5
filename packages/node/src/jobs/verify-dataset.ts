import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
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
import { withoutFiles } from '../datasets/companion-fields.ts';
import {
  type DatasetManifest,
  MANIFEST,
  METADATA,
  PICTURE_HASH,
  readManifest,
} from '../datasets/dataset-format.ts';
import { companionsOfLine } from '../datasets/line-files.ts';
import { idOf, type MetadataLine, parseMetadataLine } from '../datasets/metadata-line.ts';
import { readLines } from '../files/read-lines.ts';
import { sha256 } from '../files/sha256.ts';
import { CROISSANT } from '../formats/croissant.ts';
import { CONVERSION } from '../formats/format-folder.ts';
import { openFormat } from '../formats/open-format.ts';
import { encodePicture } from '../pictures/encode-picture.ts';
import type { JobOptions } from '../runs/events.ts';
import { choosePlugin, type Job, type PluginChoiceOptions, startJob } from '../runs/job.ts';
import { openRefiner } from '../runs/open-refiner.ts';
import { startRendering } from '../runs/rendering.ts';
import { openSynthetic, type SourceOptions } from '../runs/sources.ts';
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
    const drawnLines = new Map(indices.map((index) => [index, lines.get(index)!]));
    for await (const made of source.make(drawnLines)) {
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
  /** The samples at positions of the dataset, whose lines are given, in order. */
  make(lines: ReadonlyMap<number, MetadataLine>): AsyncIterable<Sample<unknown>>;
  dispose(): Promise<void>;
}

/** How samples are made again, or why they cannot be. */
async function remaking(
  dir: string,
  manifest: DatasetManifest,
  options: VerifyOptions,
  job: Job,
): Promise<Remaking | string> {
  const { provenance, plugin: name } = manifest;
  const { made, seed, synthetic = 'simulator', refiner, treatment = 'refined' } = provenance;
  const isFolder = typeof synthetic === 'string' && isAbsolute(synthetic);
  if (synthetic !== 'simulator' && !isFolder)
    return `its synthetic pictures come from ${String(synthetic)}, which is not made here`;
  if (typeof seed !== 'number') return 'it does not say the seed of its simulator';
  const samplesOf = (
    { name: own, simulator }: Plugin,
    lines: ReadonlyMap<number, MetadataLine>,
  ): Dataset<Sample<unknown>> => {
    if (!simulator) throw new SimganError('INVALID_ARGUMENT', `The plugin ${own} has no simulator.`);
    const indices = [...lines.keys()];
    return selectItems(simulate(simulator, { seed, length: Math.max(...indices) + 1 }), indices);
  };
  if (made === 'simulated') {
    const { plugin } = await choosePlugin(
      { plugin: options.plugin ?? name, pluginOptions: options.pluginOptions ?? {} },
      job,
    );
    return { make: (lines) => samplesOf(plugin, lines), dispose: async () => {} };
  }
  if (made !== 'refined') return `it says that it was ${String(made)}`;
  if (treatment !== 'refined') return `its pictures were ${String(treatment)}, and only refining is repeated`;
  const place = refiner === 'trained here' ? dirname(dir) : String(refiner);
  const opened = await openRefiner(place, { ...options, cwd: job.cwd });
  if (!isFolder) {
    return {
      make: (lines) => opened.refine(samplesOf(opened.plugin, lines)),
      dispose: () => opened.dispose(),
    };
  }
  try {
    const source = await openSource(manifest, synthetic, opened.plugin, options, job);
    return {
      make: (lines) => opened.refine(sourcesOf(source, lines)),
      dispose: () => opened.dispose(),
    };
  } catch (error) {
    await opened.dispose();
    if (error instanceof SimganError) return `its synthetic pictures cannot be read: ${error.message}`;
    throw error;
  }
}

/** The pictures of a folder that were refined, read as they were then. */
async function openSource(
  { provenance: { labels, valueRange }, labelGeometry }: DatasetManifest,
  origin: string,
  plugin: Plugin,
  { formats }: VerifyOptions,
  job: Job,
): Promise<Dataset<Sample<unknown>>> {
  const [, folder, format] = /^(.*) \(([a-z0-9-]+)\)$/.exec(origin) ?? [undefined, origin];
  const chosen = { plugin, reference: plugin.name, options: {}, origin: undefined };
  const rendering = startRendering(chosen, 1, job);
  try {
    const { samples } = await openSynthetic(
      plugin,
      {
        synthetic: folder,
        format,
        formats,
        labelGeometry,
        labels: labels as SourceOptions['labels'],
        valueRange: valueRange as SourceOptions['valueRange'],
      },
      { count: 0, seed: 0, atLeast: 1, rendering },
      job,
    );
    return samples;
  } finally {
    await rendering.close();
  }
}

/** The samples of lines, by their ids. @throws SimganError INVALID_FILE if one is not there any more. */
function sourcesOf(
  source: Dataset<Sample<unknown>>,
  lines: ReadonlyMap<number, MetadataLine>,
): Dataset<Sample<unknown>> {
  const places = new Map(Array.from({ length: source.length }, (_, index) => [source.id(index), index]));
  const indices = [...lines.values()].map((line) => {
    const id = idOf(line) ?? '';
    const index = places.get(id);
    if (index !== undefined) return index;
    throw new SimganError('INVALID_FILE', `The picture of sample ${id} is no longer in its folder.`);
  });
  return selectItems(source, indices);
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
    .update((await encodePicture(sample.image)).bytes)
    .digest('hex');
  if (hash !== line.provenance?.[PICTURE_HASH]) return 'another picture';
  const text = annotationText(sample.annotation, indexId(0));
  // Files that lines name are called otherwise there.
  const companions = companionsOfLine(line);
  const isSame =
    companions.length === 0
      ? text === line.text
      : JSON.stringify(withoutFiles(JSON.parse(`{${text}}`), companions)) ===
        JSON.stringify(withoutFiles(line.fields, companions));
  return isSame ? undefined : 'other labels';
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
