import {
  createRng,
  type Dataset,
  type DatasetReader,
  imageLength,
  type Plugin,
  type RealImage,
  rememberItems,
  type Sample,
  SimganError,
  simulate,
} from '@simgan/core';
import {
  inspectOutput,
  type Reject,
  type RenderPool,
  readDataset,
  readFormat,
  readImages,
} from '@simgan/core/node';
import type { Context } from './command.ts';
import { UsageError } from './errors.ts';
import { suggestion } from './options.ts';
import type { Output, Progress } from './output.ts';

/** What is refined, and where it comes from. */
export interface SyntheticSource {
  /** What the dataset is made of. */
  readonly samples: Dataset<Sample<unknown>>;
  /** What is trained on: the same, and more of it where a simulator can give more. */
  readonly training: Dataset<Sample<unknown>>;
  readonly annotations: 'plugin' | 'foreign';
  readonly rejects: readonly Reject[];
  /** For the provenance. */
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

/** Training on too few simulated pictures learns them by heart, and a simulator has as many as one likes. */
const TRAINING_LENGTH = 8192;
const STAND_IN_LENGTH = 2048;
/** Of memory for each set of pictures that training draws from. */
const PICTURE_BYTES = 512 * 2 ** 20;

/** What is common to both kinds of pictures. */
interface SourceOptions {
  /** The user's folder, if there is one. */
  readonly dir: string | undefined;
  readonly seed: number;
  /** A batch where they are trained on. */
  readonly atLeast: number;
  /** Renders where many pictures are asked for; without it the calling thread does. */
  readonly rendering?: RenderPool | undefined;
}

/** The user's folder of synthetic pictures, or the plugin's simulator. */
export async function openSynthetic(
  plugin: Plugin,
  {
    dir,
    format,
    count = 0,
    seed,
    atLeast,
    rendering,
  }: SourceOptions & { format?: string | undefined; count?: number | undefined },
  { output, signal }: Context,
): Promise<SyntheticSource> {
  const reader = format === undefined ? undefined : readerOf(plugin, format, dir, 'synthetic');
  if (dir === undefined) {
    const ofLength = (length: number) =>
      rendering?.simulate('simulator', { seed, length }) ?? simulate(plugin.simulator, { seed, length });
    const samples = ofLength(count);
    const training = ofLength(TRAINING_LENGTH);
    // Where nothing is refined, what is trained on is all there is.
    const shown = count || training.length;
    output.note(`synthetic ${shown} from the simulator of ${plugin.name}, seed ${seed}`);
    output.event('synthetic', { origin: 'simulator', count: shown });
    return {
      samples,
      training,
      annotations: 'plugin',
      rejects: [],
      origin: 'simulator',
    };
  }
  if (reader) {
    const { samples, rejects } = await withReading(output, (onProgress) =>
      readFormat(dir, reader, { image: plugin.image, signal, onProgress }),
    );
    checkBatch('synthetic', dir, samples.length, atLeast);
    output.note(`synthetic ${samples.length} pictures from ${dir}, read as ${format}${rejected(rejects)}`);
    output.event('synthetic', { origin: dir, format, count: samples.length, rejects: rejects.length });
    return { samples, training: samples, annotations: 'plugin', rejects, origin: `${dir} (${format})` };
  }
  const { samples, rejects, resized, annotations } = await withReading(output, (onProgress) =>
    readDataset(dir, plugin, { signal, onProgress }),
  );
  checkBatch('synthetic', dir, samples.length, atLeast);
  output.note(
    `synthetic ${samples.length} pictures from ${dir}${scaled(resized, plugin)}${rejected(rejects)}; ${
      annotations === 'plugin' ? 'annotations checked' : 'annotations passed on as they are'
    }`,
  );
  output.event('synthetic', { origin: dir, count: samples.length, rejects: rejects.length, resized });
  const all = samples as Dataset<Sample<unknown>>;
  return { samples: all, training: all, annotations, rejects, origin: dir };
}

/** The plugin's reader of a format, for a folder that must be there. */
function readerOf(
  plugin: Plugin,
  format: string,
  dir: string | undefined,
  kind: 'synthetic' | 'real',
): DatasetReader<unknown> {
  const names = Object.keys(plugin.readers ?? {});
  const reader = names.includes(format) ? plugin.readers?.[format] : undefined;
  if (!reader) {
    const known = names.length > 0 ? `it reads ${names.join(', ')}` : 'it reads none';
    throw new UsageError([
      `The plugin ${plugin.name} does not read the format ${JSON.stringify(format)}: ${known}.${suggestion(format, names)}`,
    ]);
  }
  if (dir === undefined) {
    const option = kind === 'synthetic' ? '--format' : '--real-format';
    throw new UsageError([`${option} ${format} says how --${kind} is read: pass --${kind} DIR too.`]);
  }
  return reader;
}

/** The user's real pictures, or the plugin's stand-in camera, loudly. */
export async function openReal(
  plugin: Plugin,
  { dir, format, seed, atLeast, rendering }: SourceOptions & { format?: string | undefined },
  { output, signal }: Context,
): Promise<RealSource> {
  const named = format ?? (dir === undefined || (await isOurs(dir)) ? undefined : plugin.realFormat);
  if (named !== undefined) {
    const reader = readerOf(plugin, named, dir, 'real');
    const { samples, rejects } = await withReading(output, (onProgress) =>
      readFormat(dir!, reader, { image: plugin.image, signal, onProgress }),
    );
    checkBatch('real', dir!, samples.length, atLeast);
    output.note(`real      ${samples.length} pictures from ${dir}, read as ${named}${rejected(rejects)}`);
    output.event('real', { origin: dir, format: named, count: samples.length, rejects: rejects.length });
    return { images: remembered(plugin, samples), rejects, origin: dir!, format: named, isStandIn: false };
  }
  if (dir !== undefined) {
    const { images, rejects, resized, ignored } = await withReading(output, (onProgress) =>
      readImages(dir, plugin.image, { signal, onProgress }),
    );
    checkBatch('real', dir, images.length, atLeast);
    output.note(
      `real      ${images.length} pictures from ${dir}${scaled(resized, plugin)}${rejected(rejects)}${
        ignored > 0 ? `, ${ignored} other files passed over` : ''
      }`,
    );
    output.event('real', { origin: dir, count: images.length, rejects: rejects.length, resized, ignored });
    return { images: remembered(plugin, images), rejects, origin: dir, isStandIn: false };
  }
  if (!plugin.standIn) {
    throw new UsageError([
      `The plugin ${plugin.name} has no stand-in camera: pass real pictures with --real DIR.`,
    ]);
  }
  output.warn(
    'no real pictures were given, so a simulated stand-in camera plays the real one. Pass yours with --real DIR.',
  );
  output.event('real', { origin: 'stand-in', count: STAND_IN_LENGTH });
  const standInSeed = createRng(seed)
    .fork('stand-in')
    .int(2 ** 31);
  const shots = { seed: standInSeed, length: STAND_IN_LENGTH };
  const images = rendering?.simulate('standIn', shots) ?? simulate(plugin.standIn, shots);
  return { images: remembered(plugin, images), rejects: [], origin: 'stand-in', isStandIn: true };
}

/** Whether a folder is a dataset that we wrote: its pictures have the plugin's form already. */
async function isOurs(dir: string): Promise<boolean> {
  // What is wrong with it is said by whoever reads it.
  const found = await inspectOutput(dir).catch(() => undefined);
  return found?.state === 'begun' || found?.state === 'complete';
}

/** Shows how far the reading of a folder is, which takes long where there are many pictures. */
export async function withReading<Result>(
  output: Output,
  read: (onProgress: (done: number, total: number) => void) => Promise<Result>,
): Promise<Result> {
  let progress: Progress | undefined;
  try {
    return await read((done, total) => {
      progress ??= output.progress('read', total, { passing: true });
      progress.update(done);
    });
  } finally {
    progress?.end();
  }
}

function checkBatch(kind: 'synthetic' | 'real', dir: string, count: number, atLeast: number): void {
  if (count >= atLeast) return;
  throw new SimganError(
    'NOT_ENOUGH_DATA',
    `There are ${count} usable ${kind} pictures in ${dir}, fewer than the one batch of ${atLeast} that a training step takes. Add pictures, or train with smaller batches: --batch-size ${count}`,
  );
}

/** Keeps pictures as they are after all that is done to them: training draws each again and again. */
export function remembered<Item extends RealImage>({ image }: Plugin, dataset: Dataset<Item>): Dataset<Item> {
  const bytes = imageLength(image) * (image.bits / 8) + 1024;
  return rememberItems(dataset, { budget: PICTURE_BYTES, sizeOf: () => bytes });
}

function scaled(resized: number, { image }: Plugin): string {
  return resized > 0 ? `, ${resized} of them scaled to ${image.width}x${image.height}` : '';
}

function rejected(rejects: readonly Reject[]): string {
  return rejects.length > 0 ? `, ${rejects.length} rejected (see rejects.jsonl)` : '';
}
