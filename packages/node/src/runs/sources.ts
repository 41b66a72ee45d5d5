/** @file The pictures of a job: what is refined, and what refinement should come close to. */
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cacheItems,
  companionBytes,
  createRng,
  type Dataset,
  type Plugin,
  type RealImage,
  type Sample,
  SimganError,
  takeFrom,
} from '@simgan/core';
import type { LabelGeometry } from '@simgan/core/geometry';
import { suggestion } from '@simgan/core/plugin';
import { idKey, idProblem, type LabeledFolder, type Reject } from '@simgan/core/reading';
import { type DatasetFormat, datasetFormats, findFormat, objectsAnnotation } from '@simgan/formats';
import { METADATA } from '../datasets/dataset-format.ts';
import { readFormat } from '../datasets/folder.ts';
import {
  type DeclaredLabels,
  type LabelGeometryOption,
  parseLabelGeometry,
} from '../datasets/label-declaration.ts';
import { type OtherFields, openGeometry } from '../datasets/open-geometry.ts';
import { inspectOutput } from '../datasets/output-folder.ts';
import { type LabelsOption, readDataset, refuseUnreadLabels } from '../datasets/read-dataset.ts';
import { checkFolder, readImages } from '../datasets/read-images.ts';
import { isWebUrl } from '../files/fetch-bytes.ts';
import { readFormatSamples } from '../formats/format-samples.ts';
import { objectsGeometry } from '../formats/objects-geometry.ts';
import { saidOf } from '../pictures/load-pictures.ts';
import type { StoredRange } from '../pictures/stored-range.ts';
import type { Job } from './job.ts';
import type { Rendering } from './rendering.ts';

/** Which pictures a job works with. */
export interface SourceOptions {
  /** A folder of synthetic pictures with their labels, or a dataset. Default: the plugin's simulator. */
  readonly synthetic?: string | Dataset<Sample<unknown>> | undefined;
  /** The format of a folder of synthetic pictures: one of the plugin's readers, or of `@simgan/formats`. */
  readonly format?: string | undefined;
  /** A folder of real pictures, a list of files and URLs, or a dataset. Default: the plugin's stand-in camera. */
  readonly real?: string | readonly string[] | Dataset<RealImage> | undefined;
  /** The format of a folder of real pictures. Default: the plugin's `realFormat`. */
  readonly realFormat?: string | undefined;
  /**
   * What the fields of foreign labels beside synthetic pictures are, by their paths: `{ pupil: 'point', bbox: 'box' }`; of
   * a format of others those that it has no place for, `{ 'fields.pupil': 'point', 'objects.fields.head': 'box' }`.
   * They follow when their pictures are scaled, cropped or moved otherwise.
   */
  readonly labelGeometry?: LabelGeometryOption | undefined;
  /** `invariant`: fields that are not declared never change. `none`: labels that are not read are left out. */
  readonly labels?: LabelsOption | undefined;
  /**
   * The stored values of 16-bit pictures that become black and white where pictures have 8 bits, such as [0, 1023].
   * Default: what the values of each set say.
   */
  readonly valueRange?: StoredRange | undefined;
  /** Formats beside the plugin's and those of `@simgan/formats`. */
  readonly formats?: readonly DatasetFormat[] | undefined;
}

/** What is refined, and where it comes from. */
export interface SyntheticSource {
  /** What the dataset is made of. */
  readonly samples: Dataset<Sample<unknown>>;
  /** What is trained on: the same, and more of it where a simulator can give more. */
  readonly training: Dataset<Sample<unknown>>;
  readonly annotations: 'plugin' | 'foreign';
  /** What the fields of annotations were declared to be. */
  readonly labelGeometry?: LabelGeometryOption;
  /** How annotations follow their pictures, if not by the plugin's schema alone. */
  readonly geometry?: LabelGeometry<unknown>;
  /** Grows when a damaged picture is met in a set that was opened by headers. */
  readonly rejects: readonly Reject[];
  /** The ids of samples that are not what they should be, since their pictures are damaged. Default: none. */
  readonly damaged?: ReadonlySet<string>;
  /** For the provenance: a whole path, `simulator`, `dataset`, or `renderer` and its URL or command. */
  readonly origin: string;
}

/** What refinement should come close to. */
export interface RealSource {
  readonly images: Dataset<RealImage>;
  readonly rejects: readonly Reject[];
  readonly origin: string;
  /** The plugin's format that they were read in, if they were not read plainly. */
  readonly format?: string;
  readonly isStandIn: boolean;
}

/** Both sets, open. */
export interface OpenSources {
  readonly synthetic: SyntheticSource;
  readonly real: RealSource;
}

/** Training on too few simulated pictures learns them by heart, and a simulator has as many as one likes. */
const TRAINING_LENGTH = 8192;
const STAND_IN_LENGTH = 2048;
/** Bytes of rendered pictures to keep: the same are trained on, refined and reported. */
const RENDERED_BYTES = 256 * 2 ** 20;

/** What both kinds of pictures need. */
interface Means {
  readonly seed: number;
  /** Fewer pictures than this are an error: a batch where they are trained on. */
  readonly atLeast: number;
  readonly rendering: Rendering;
}

/** The synthetic pictures that the options name. `count`: how many the simulator makes; 0 for those trained on. */
export async function openSynthetic(
  plugin: Plugin,
  options: SourceOptions,
  { count, seed, atLeast, rendering }: Means & { count: number },
  job: Job,
): Promise<SyntheticSource> {
  const { synthetic, formats } = options;
  await refuseSameFolder(options, job);
  const format = options.format ?? (await defaultFormat(plugin, options, job));
  const reader = format === undefined ? undefined : readerOf(plugin, format, synthetic, 'synthetic', formats);
  if (synthetic !== undefined && rendering.origin !== 'simulator') {
    throw new SimganError(
      'INVALID_ARGUMENT',
      '`renderer` has no place beside `synthetic`: the pictures are there already.',
    );
  }
  if (synthetic === undefined) {
    const { origin } = rendering;
    const length = Math.max(count, TRAINING_LENGTH);
    const all = cacheItems(rendering.simulate('simulator', { seed, length }), {
      budget: RENDERED_BYTES,
      sizeOf: (sample) => sample.image.data.byteLength + companionBytes(sample) + 1024,
    });
    const training = takeFrom(all, TRAINING_LENGTH);
    const samples = count > 0 ? takeFrom(all, count) : training;
    job.emit({ type: 'synthetic', origin, count: samples.length, rejects: 0 });
    return { samples, training, annotations: 'plugin', rejects: [], origin };
  }
  if (typeof synthetic !== 'string') {
    checkCount('synthetic', 'the dataset', synthetic.length, atLeast);
    checkIds(synthetic, 'the dataset');
    job.emit({ type: 'synthetic', origin: 'dataset', count: synthetic.length, rejects: 0 });
    return { samples: synthetic, training: synthetic, annotations: 'plugin', rejects: [], origin: 'dataset' };
  }
  const dir = job.path(synthetic);
  if (reader) {
    const { samples, rejects, damaged } = await reader.read(dir, job, options);
    checkCount('synthetic', dir, samples.length, atLeast);
    checkIds(samples, dir);
    job.emit({
      type: 'synthetic',
      origin: dir,
      format: format!,
      count: samples.length,
      rejects: rejects.length,
      ...(await valuesOf(samples)),
    });
    const { annotations } = reader;
    const { labelGeometry } = options;
    return {
      samples,
      training: samples,
      ...(damaged && { damaged }),
      annotations,
      ...(labelGeometry && { labelGeometry }),
      ...(reader.geometry && { geometry: reader.geometry(options) }),
      rejects,
      origin: `${dir} (${format})`,
    };
  }
  const { labelGeometry, labels, valueRange } = options;
  const read = await readDataset(dir, plugin, {
    ...reading(job),
    labelGeometry,
    labels,
    ...(valueRange && { valueRange }),
    readers: plugin.readers,
  });
  const { samples, rejects, annotations } = read;
  checkCount('synthetic', dir, samples.length, atLeast);
  job.emit({
    type: 'synthetic',
    origin: dir,
    count: samples.length,
    rejects: rejects.length,
    ...saidOf(read),
    annotations,
    ...(read.labelGeometry && { labelGeometry: read.labelGeometry }),
  });
  const all = samples as Dataset<Sample<unknown>>;
  const geometryOf =
    annotations === 'foreign' ? openGeometry : holdsObjects(plugin) ? objectsGeometry : undefined;
  return {
    samples: all,
    training: all,
    damaged: read.damaged,
    annotations,
    ...(read.labelGeometry && { labelGeometry: read.labelGeometry }),
    ...(geometryOf && {
      geometry: geometryOf(...declaredIn({ ...options, labelGeometry: read.labelGeometry })),
    }),
    rejects,
    origin: dir,
  };
}

/** What the options declare of labels. */
function declaredIn({ labelGeometry = {}, labels }: SourceOptions): [DeclaredLabels, OtherFields] {
  return [parseLabelGeometry(labelGeometry), labels === 'invariant' ? 'invariant' : 'refused'];
}

/** Whether a plugin has the labels of all formats as its own. */
function holdsObjects({ annotation }: Plugin): boolean {
  return (annotation.geometry as unknown) === objectsAnnotation.geometry;
}

/** @throws SimganError INVALID_ARGUMENT if the synthetic and the real pictures are those of one folder. */
async function refuseSameFolder({ synthetic, real }: SourceOptions, job: Job): Promise<void> {
  if (typeof synthetic !== 'string' || typeof real !== 'string') return;
  const [one, other] = await Promise.all(
    [synthetic, real].map((dir) => realpath(job.path(dir)).catch(() => job.path(dir))),
  );
  if (one !== other) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `\`synthetic\` and \`real\` are the same folder, ${one}: there is nothing to learn between pictures and themselves. Pass the other set.`,
  );
}

/**
 * The plugin's own way of reading folders of pictures that nobody labeled: a sensor's frames are no pictures of a hand,
 * on this side as on the other.
 */
async function defaultFormat(
  plugin: Plugin,
  { synthetic, labels }: SourceOptions,
  job: Job,
): Promise<string | undefined> {
  if (typeof synthetic !== 'string' || plugin.realFormat === undefined) return undefined;
  const dir = job.path(synthetic);
  if ((await isOurs(dir)) || existsSync(join(dir, METADATA))) return undefined;
  await checkFolder(dir);
  if (labels !== 'none') await refuseUnreadLabels(dir, plugin, plugin.readers);
  return plugin.realFormat;
}

/** The real pictures that the options name, or the plugin's stand-in camera, with a warning. */
export async function openReal(
  plugin: Plugin,
  { real, realFormat, valueRange, formats }: SourceOptions,
  { seed, atLeast, rendering }: Means,
  job: Job,
): Promise<RealSource> {
  const isFolder = typeof real === 'string';
  const dir = isFolder ? job.path(real) : undefined;
  const format = realFormat ?? (dir === undefined || (await isOurs(dir)) ? undefined : plugin.realFormat);
  if (format !== undefined) {
    const reader = readerOf(plugin, format, real, 'real', formats);
    const { samples, rejects } = await reader.read(dir!, job, { valueRange });
    checkCount('real', dir!, samples.length, atLeast);
    job.emit({
      type: 'real',
      origin: dir!,
      format,
      count: samples.length,
      rejects: rejects.length,
      ...(await valuesOf(samples)),
    });
    return { images: samples, rejects, origin: dir!, format, isStandIn: false };
  }
  if (dir !== undefined || Array.isArray(real)) {
    const source = dir ?? (real as readonly string[]).map((name) => (isWebUrl(name) ? name : job.path(name)));
    const origin = originOfReal({ real }, job);
    const { images, rejects, ignored, ...pictures } = await readImages(source, plugin.image, {
      ...reading(job),
      ...(valueRange && { valueRange }),
    });
    checkCount('real', origin, images.length, atLeast);
    job.emit({
      type: 'real',
      origin,
      count: images.length,
      rejects: rejects.length,
      ...saidOf(pictures),
      ignored,
    });
    return { images, rejects, origin, isStandIn: false };
  }
  if (real !== undefined) {
    const images = real as Dataset<RealImage>;
    checkCount('real', 'the dataset', images.length, atLeast);
    job.emit({ type: 'real', origin: 'dataset', count: images.length, rejects: 0 });
    return { images, rejects: [], origin: 'dataset', isStandIn: false };
  }
  if (!plugin.standIn) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `The plugin ${plugin.name} has no stand-in camera: pass real pictures as \`real\`.`,
    );
  }
  job.emit({
    type: 'warning',
    message:
      'No real pictures were given, so a simulated stand-in camera plays the real one. Pass yours as `real`.',
  });
  job.emit({ type: 'real', origin: 'stand-in', count: STAND_IN_LENGTH, rejects: 0 });
  const standInSeed = createRng(seed)
    .fork('stand-in')
    .int(2 ** 31);
  const images = rendering.simulate('standIn', { seed: standInSeed, length: STAND_IN_LENGTH });
  return { images, rejects: [], origin: 'stand-in', isStandIn: true };
}

/** What {@link openReal} says that the real pictures come from, without opening them. */
export function originOfReal({ real }: SourceOptions, job: Job): string {
  if (typeof real === 'string') return job.path(real);
  if (Array.isArray(real)) return `${real.length} files and URLs`;
  return real === undefined ? 'stand-in' : 'dataset';
}

/** How a folder is read, and what its annotations are. */
interface FolderReader {
  readonly annotations: 'plugin' | 'foreign';
  /** How annotations follow their pictures, if not by the plugin's schema. */
  readonly geometry?: (options: SourceOptions) => LabelGeometry<unknown>;
  read(
    dir: string,
    job: Job,
    options: SourceOptions,
  ): Promise<LabeledFolder<unknown> & Pick<SyntheticSource, 'damaged'>>;
}

/** The reader of a format, the plugin's before those of others, for a folder that must be given. */
function readerOf(
  plugin: Plugin,
  format: string,
  folder: unknown,
  kind: 'synthetic' | 'real',
  formats: readonly DatasetFormat[] = [],
): FolderReader {
  const own = Object.keys(plugin.readers ?? {});
  const others = [...formats, ...datasetFormats].filter(({ read }) => read).map(({ name }) => name);
  if (!own.includes(format) && !others.includes(format)) {
    const known = own.length > 0 ? `it reads ${own.join(', ')}` : 'it has no formats of its own';
    throw new SimganError(
      'INVALID_ARGUMENT',
      `The plugin ${plugin.name} does not read the format ${JSON.stringify(format)}: ${known}; every plugin reads ${others.join(', ')}.${suggestion(format, [...own, ...others])}`,
    );
  }
  if (typeof folder !== 'string') {
    const option = kind === 'synthetic' ? 'format' : 'realFormat';
    throw new SimganError(
      'INVALID_ARGUMENT',
      `\`${option}\` ${format} names the reader of the \`${kind}\` folder: pass \`${kind}\` too.`,
    );
  }
  const { image } = plugin;
  const reader = own.includes(format) ? plugin.readers?.[format] : undefined;
  if (reader) {
    return {
      annotations: 'plugin',
      async read(dir, job, { labelGeometry }) {
        if (labelGeometry && kind === 'synthetic') throw declaredAlready(plugin, format);
        return readFormat(dir, reader, { image, ...reading(job) });
      },
    };
  }
  return {
    annotations: holdsObjects(plugin) ? 'plugin' : 'foreign',
    geometry: ({ labelGeometry, labels }) => {
      const ofFormat = findFormat(format, 'read', formats).labelGeometry;
      const declared = declaredIn({ labelGeometry: { ...ofFormat, ...labelGeometry }, labels });
      return objectsGeometry(...declared) as LabelGeometry<unknown>;
    },
    read: (dir, job, { labelGeometry, labels, valueRange }) =>
      // Labels beside real pictures are of no use, whatever they say.
      readFormatSamples(dir, {
        ...{ format, formats, image, labelGeometry, valueRange },
        labels: kind === 'real' ? 'invariant' : labels,
        ...reading(job),
      }),
  };
}

function declaredAlready({ name }: Plugin, format: string): SimganError {
  return new SimganError(
    'INVALID_ARGUMENT',
    `\`labelGeometry\` has no place beside the format ${format}: the plugin ${name} declares what its labels are.`,
  );
}

/** What a reader says of stored values, by its first sample. */
async function valuesOf(samples: Dataset<RealImage>): Promise<{ values?: string }> {
  const { source } = await samples.at(0);
  return source?.values === undefined ? {} : { values: source.values };
}

/** Tells how far the reading of a folder is, which takes long where there are many pictures. */
export function reading(job: Job) {
  let update: ((done: number) => void) | undefined;
  return {
    signal: job.signal,
    onProgress(done: number, total: number) {
      update ??= job.progress('read', total);
      update(done);
    },
  };
}

/** Whether a folder is a dataset that we wrote: its pictures have the plugin's form already. */
async function isOurs(dir: string): Promise<boolean> {
  // What is wrong with it is said by whoever reads it.
  const found = await inspectOutput(dir).catch(() => undefined);
  return found?.state === 'begun' || found?.state === 'complete';
}

/**
 * Ids name files: what cannot be written is said before hours of training and not after.
 *
 * @throws SimganError INVALID_ARGUMENT naming the first ids that cannot name a file or come twice.
 */
function checkIds(samples: Dataset<unknown>, origin: string): void {
  const problems: string[] = [];
  const seen = new Map<string, string>();
  for (let index = 0; index < samples.length && problems.length < 3; index++) {
    const id = samples.id(index);
    const problem = idProblem(id);
    const twin = problem ? undefined : seen.get(idKey(id));
    if (problem) problems.push(`the id ${JSON.stringify(id)} cannot name a file: ${problem}`);
    else if (twin !== undefined)
      problems.push(`two samples have the id ${JSON.stringify(id)}, or one that differs only in case`);
    else seen.set(idKey(id), id);
  }
  if (problems.length === 0) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `The samples of ${origin} cannot be written: ${problems.join('; ')}.`,
  );
}

function checkCount(kind: 'synthetic' | 'real', origin: string, count: number, atLeast: number): void {
  if (count >= atLeast) return;
  const found = count === 1 ? 'There is 1' : `There are ${count}`;
  const pictures = count === 1 ? 'picture' : 'pictures';
  throw new SimganError(
    'NOT_ENOUGH_DATA',
    `${found} usable ${kind} ${pictures} in ${origin}, fewer than the one batch of ${atLeast} that a training step takes. Add pictures, or train with smaller batches: \`batchSize\` ${count}.`,
  );
}
