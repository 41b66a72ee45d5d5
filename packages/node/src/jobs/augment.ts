import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageRefiner, TrainingRecipe } from '@simgan/core';
import {
  createDataset,
  prefetch,
  type RealImage,
  type Sample,
  SimganError,
  selectItems,
  trainedRefiner,
} from '@simgan/core';
import type { LabelPreservation } from '@simgan/core/evaluation';
import { formatMatch } from '@simgan/core/matching';
import { fileNameOf } from '../datasets/dataset-format.ts';
import type { ExistingOutput } from '../datasets/dataset-log.ts';
import { writeDataset } from '../datasets/write-dataset.ts';
import { isWebUrl } from '../files/fetch-bytes.ts';
import { beginCopies, type CopyOptions, checkCopies, type WrittenFormat } from '../formats/dataset-copies.ts';
import { readPicture } from '../pictures/pixels.ts';
import { checkLabelsMove } from '../runs/check-labels-move.ts';
import { defaults } from '../runs/defaults.ts';
import type { JobEvent, JobOptions } from '../runs/events.ts';
import {
  type ChosenPlugin,
  choosePlugin,
  type EngineChoiceOptions,
  type Job,
  type PluginChoiceOptions,
  startEngine,
  startJob,
} from '../runs/job.ts';
import {
  buildRefiner,
  findTrained,
  type OpenRefiner,
  stepText,
  type TrainedRefiner,
} from '../runs/open-refiner.ts';
import { chooseRecipe, prepareTraining, type TrainingChoiceOptions } from '../runs/prepare-training.ts';
import { startRendering } from '../runs/rendering.ts';
import type { RunConfig } from '../runs/run-config.ts';
import { augmentFiles, claimAugmentFolder } from '../runs/run-folder.ts';
import {
  openReal,
  openSynthetic,
  originOfReal,
  type RealSource,
  type SyntheticSource,
} from '../runs/sources.ts';
import { trainInFolder } from '../runs/train-in-folder.ts';
import { endOf, type PlacedShard, placeShard, type Shard, shardFolder } from '../shards/shard.ts';
import { checkShardCopies, shardOf } from '../shards/shard-option.ts';
import { writeShard } from '../shards/write-shard.ts';
import {
  LOOKED_AT,
  lookAt,
  measureDistances,
  measureLabelShift,
  type SetDistance,
  writePreview,
} from './report.ts';
import { collectPairs, writeFigures, writeTriplets } from './report-figures.ts';

/** Options for {@link augment}. */
export interface AugmentOptions
  extends JobOptions,
    Partial<PluginChoiceOptions>,
    EngineChoiceOptions,
    TrainingChoiceOptions,
    CopyOptions {
  /** How many samples the simulator makes; not beside `synthetic`, of which all are refined. Default: 1000. */
  readonly count?: number | undefined;
  /**
   * A trained refiner in place of training one: a run's folder, the folder that `augment` filled, a file or a URL. Its
   * plugin, options, recipe, corrections and seed are the defaults, and its real pictures need not be there.
   */
  readonly refiner?: string | undefined;
  /** The folder to write. Default: the plugin's name with `-augmented`. */
  readonly out?: string | undefined;
  /** What to do with an earlier run in the folder. Default: `refuse`. Shards are resumed, unless it is `replace`. */
  readonly existing?: ExistingOutput | undefined;
}

/** Options for one shard of what {@link augment} writes. */
export interface AugmentShardOptions extends AugmentOptions {
  /** A trained refiner, the same for all shards: each would train another one. */
  readonly refiner: string;
  /**
   * Only one of several parts of the dataset, in `out/shards`; {@link mergeShards} makes one dataset of them. A text is
   * such as `3/8`, or `auto`: what the scheduler says in the environment (see {@link shardFromEnvironment}).
   */
  readonly shard: Shard | string;
}

/** The shard that {@link augment} wrote. */
export interface AugmentedShard {
  /** The whole path of the folder in which shards are merged. */
  readonly dir: string;
  /** The shard's folder within it, a complete dataset. */
  readonly dataset: string;
  /** Which shard it is; it has the samples from `start` on. */
  readonly shard: PlacedShard;
  /** Samples in the shard, and how many of them were there before. */
  readonly count: number;
  readonly resumed: number;
  readonly seconds: number;
}

/** What {@link augment} did and measured. */
export interface AugmentResult {
  /** The whole path of the folder. */
  readonly dir: string;
  /** The dataset within it. */
  readonly dataset: string;
  /** Synthetic, refined and real pictures in rows. */
  readonly preview: string;
  /** The run within it; `undefined` where a trained refiner was used. */
  readonly run: string | undefined;
  /** Samples in the dataset, and how many of them were there before. */
  readonly count: number;
  readonly resumed: number;
  /** The dataset in other formats. */
  readonly formats: readonly WrittenFormat[];
  /** Inputs that were left out, listed in the dataset's `rejects.jsonl`. */
  readonly rejects: number;
  /** What the pictures were compared with: a folder, `dataset`, `stand-in`; `undefined` if with nothing. */
  readonly real: string | undefined;
  readonly seconds: number;
  /** How far each set is from the real one, by name: `synthetic`, `matched`, `refined`, `real`. */
  readonly distances: Readonly<Record<string, SetDistance>>;
  /** How far labels moved; `undefined` if the plugin has no probe. */
  readonly labels: LabelPreservation | undefined;
}

/**
 * The whole job in one call: simulates, trains a refiner that makes synthetic pictures look like the real ones, refines
 * them, and writes them with their annotations, untouched: `dataset/` (images, metadata.jsonl, rejects.jsonl,
 * dataset.json), `preview.png`, and `run/` (the refiner, the log, checkpoints). The command `simgan-cli augment` is
 * this function. The same options give the same bytes.
 *
 * @throws SimganError INVALID_ARGUMENT for options that cannot be used, OUTPUT_EXISTS if the folder is not free,
 * NOT_ENOUGH_DATA, TRAINING_DIVERGED, OUTPUT_FAILED; the signal's reason if it aborts. What is done then stays, and
 * goes on with `existing: 'resume'` to the same bytes as if it had never stopped.
 * @example
 * ```ts no-run
 * const { dataset, distances } = await augment({
 *   plugin: 'eyes',
 *   real: 'my-eye-photos',
 *   out: 'eyes-refined',
 *   onEvent: (event) => event.type === 'progress' && console.log(event.phase, event.done, event.total),
 * });
 * ```
 */
export function augment(options: AugmentOptions & { readonly shard?: undefined }): Promise<AugmentResult>;
/**
 * Refines one shard of the dataset, on one of several machines, in any order: a complete dataset folder
 * `out/shards/IIII-of-NNNN` of a contiguous range of the samples, with the bytes that a single run has for them. There
 * is no preview and no report. It may be run again at any time: what is there is verified and completed.
 *
 * @throws SimganError as above; INVALID_ARGUMENT without `refiner`.
 * @example
 * ```ts no-run
 * await augment({ refiner: 'runs/eyes', count: 100_000, out: 'eyes-refined', shard: { index: 3, count: 8 } });
 * ```
 */
export function augment(options: AugmentShardOptions): Promise<AugmentedShard>;
export async function augment(
  options: AugmentOptions | AugmentShardOptions,
): Promise<AugmentResult | AugmentedShard> {
  checkOptions(options);
  checkShardCopies(options);
  return isSharded(options) ? augmentShard(options) : augmentAll(options);
}

function isSharded(options: AugmentOptions | AugmentShardOptions): options is AugmentShardOptions {
  return 'shard' in options && options.shard !== undefined;
}

async function augmentAll(options: AugmentOptions): Promise<AugmentResult> {
  const started = performance.now();
  const warnings: string[] = [];
  const onEvent = (event: JobEvent) => {
    if (event.type === 'warning') warnings.push(event.message);
    options.onEvent?.(event);
  };
  const job = startJob({ ...options, onEvent });
  const { existing = 'refuse' } = options;
  const trained =
    options.refiner === undefined ? undefined : await findTrained(options.refiner, options, job);
  const chosen = trained?.chosen ?? (await choosePlugin(options as PluginChoiceOptions, job));
  const { plugin } = chosen;
  const settings = trained ? await withRunOf(trained.stored.config, options, job) : options;
  const { recipe } = chooseRecipe(plugin, settings);
  const seed = settings.seed ?? defaults.seed;
  const dir = job.path(options.out ?? `${plugin.name}-augmented`);
  await checkCopies(dir, options, existing);
  const claimed = await claimAugmentFolder(dir, existing, { trains: trained === undefined });
  const count = options.count ?? defaults.count;
  // What is to be given back at the end, the last first.
  const disposals: (() => unknown)[] = [claimed.release];
  try {
    const { engine, release } = await startEngine(options, job);
    disposals.push(release);
    const rendering = startRendering(chosen, options.threads, job, options.renderer);
    disposals.push(() => rendering.close());
    let parts: Parts;
    if (trained) {
      const refiner = buildRefiner(trained.origin, trained.stored, plugin, engine, {
        recipe: settings.recipe,
        seed,
      });
      disposals.push(() => refiner.dispose());
      job.emit({ type: 'refiner', origin: options.refiner!, recipe: refiner.recipe });
      const means = { seed, atLeast: 1, rendering };
      const synthetic = await openSynthetic(plugin, settings, { ...means, count }, job);
      const real = isCompared(trained, settings) ? await openReal(plugin, settings, means, job) : undefined;
      await claimed.clear();
      const recipeName = refiner.recipe ?? 'custom';
      parts = {
        refiner,
        origin: originOfRefiner(options.refiner!, refiner),
        synthetic,
        real,
        recipe,
        recipeName,
      };
    } else {
      const prepared = await prepareTraining(chosen, { ...settings, count }, { engine, rendering }, job);
      await claimed.clear();
      const training = await trainInFolder(
        join(dir, augmentFiles.run),
        { ...prepared, engine, existing },
        job,
      );
      disposals.push(() => training.dispose());
      const refiner = trainedRefiner(training);
      disposals.push(() => refiner.dispose());
      parts = { ...prepared, refiner, origin: 'trained here', recipeName: prepared.config.recipe };
    }
    const written = await writeRefined(dir, parts, { chosen, seed, options, ahead: rendering.ahead }, job);
    const report = await reportOn(dir, parts, { chosen, seed }, warnings);
    const rejects = parts.synthetic.rejects.length + (parts.real?.rejects.length ?? 0);
    return {
      dir,
      dataset: join(dir, augmentFiles.dataset),
      preview: join(dir, augmentFiles.preview),
      run: trained ? undefined : join(dir, augmentFiles.run),
      ...written,
      rejects,
      real: parts.real?.origin,
      seconds: (performance.now() - started) / 1000,
      ...report,
    };
  } finally {
    for (const dispose of disposals.toReversed()) await dispose();
  }
}

/**
 * One shard with a trained refiner. Only the first one opens the real pictures, whose rejects it lists: nothing is
 * compared, and the others need no more than to know where they are.
 */
async function augmentShard(options: AugmentShardOptions): Promise<AugmentedShard> {
  const started = performance.now();
  const job = startJob(options);
  const wanted = shardOf(options.shard);
  const trained = await findTrained(options.refiner, options, job);
  const { chosen } = trained;
  const { plugin } = chosen;
  const settings = await withRunOf(trained.stored.config, options, job);
  const { seed = defaults.seed, count = defaults.count } = settings;
  const dir = job.path(options.out ?? `${plugin.name}-augmented`);
  const disposals: (() => unknown)[] = [];
  try {
    const { engine, release } = await startEngine(options, job);
    disposals.push(release);
    const rendering = startRendering(chosen, options.threads, job, options.renderer);
    disposals.push(() => rendering.close());
    const refiner = buildRefiner(trained.origin, trained.stored, plugin, engine, {
      recipe: settings.recipe,
      seed,
    });
    disposals.push(() => refiner.dispose());
    job.emit({ type: 'refiner', origin: options.refiner, recipe: refiner.recipe });
    const means = { seed, atLeast: 1, rendering };
    const synthetic = await openSynthetic(plugin, settings, { ...means, count }, job);
    const isFirst = wanted.index === 0;
    const real = !isCompared(trained, settings)
      ? undefined
      : isFirst && settings.real !== undefined
        ? await openReal(plugin, settings, means, job)
        : { origin: originOfReal(settings, job), rejects: [] };
    const origin = originOfRefiner(options.refiner, refiner);
    const parts = { refiner, origin, real, synthetic: isFirst ? synthetic : { ...synthetic, rejects: [] } };
    const shard = placeShard(wanted, synthetic.samples.length);
    const written = await writeRefined(
      dir,
      { ...parts, recipeName: refiner.recipe ?? 'custom' },
      { chosen, seed, options, ahead: rendering.ahead, shard },
      job,
    );
    const seconds = (performance.now() - started) / 1000;
    const { count: samples, resumed } = written;
    return { dir, dataset: shardFolder(dir, shard), shard, count: samples, resumed, seconds };
  } finally {
    for (const dispose of disposals.toReversed()) await dispose();
  }
}

/** What is refined, and with what. */
interface Parts {
  readonly refiner: ImageRefiner;
  /** Where the refiner comes from, for the provenance. */
  readonly origin: string;
  readonly synthetic: SyntheticSource;
  readonly real: RealSource | undefined;
  readonly recipe: TrainingRecipe;
  readonly recipeName: string;
}

/** A trained refiner as the user named it, and how far its run had come if it is not done. */
function originOfRefiner(name: string, { step, config }: OpenRefiner): string {
  return step === undefined ? name : `${name} (${stepText(step, config)})`;
}

/** @throws SimganError INVALID_ARGUMENT with everything that does not go together. */
function checkOptions(options: AugmentOptions | AugmentShardOptions): void {
  const problems: string[] = [];
  if (isSharded(options) && options.refiner === undefined) {
    problems.push(
      '`shard` needs `refiner`: without it every shard would train a refiner of its own. Train one, then refine all shards with it.',
    );
  } else if (options.plugin === undefined && options.refiner === undefined) {
    problems.push('`plugin` must be given: the domain, such as eyes.');
  }
  if (options.count !== undefined && options.synthetic !== undefined) {
    problems.push('`count` has no place beside `synthetic`: all pictures of that set are refined.');
  }
  for (const option of ['steps', 'batchSize', 'features', 'match', 'displacement'] as const) {
    if (options.refiner === undefined || options[option] === undefined) continue;
    problems.push(
      `\`${option}\` has no place beside \`refiner\`: ${option === 'match' ? 'it brings its own corrections' : 'nothing is trained'}.`,
    );
  }
  if (problems.length > 0) throw new SimganError('INVALID_ARGUMENT', problems.join(' '), { problems });
}

/** Whether the pictures are compared with real ones: those that are given, or those that the refiner was trained on. */
function isCompared({ chosen, stored: { config } }: TrainedRefiner, { real }: AugmentOptions): boolean {
  if (real !== undefined) return true;
  return (config === undefined || config.real === 'stand-in') && chosen.plugin.standIn !== undefined;
}

/** What was left open is as in the run that trained the refiner. */
async function withRunOf(
  config: RunConfig | undefined,
  options: AugmentOptions,
  job: Job,
): Promise<AugmentOptions> {
  if (!config) return options;
  const { recipe = config.recipe, seed = config.seed } = options;
  if (options.real !== undefined || config.real === 'stand-in' || config.real === 'dataset') {
    return { ...options, recipe, seed };
  }
  // Of a refiner from the network no word chooses a folder of this machine.
  const isLocal = !isWebUrl(options.refiner!);
  const found = isLocal ? await stat(config.real).catch(() => undefined) : undefined;
  if (found?.isDirectory()) {
    const { realFormat = config.realFormat } = options;
    return { ...options, recipe, seed, real: config.real, realFormat };
  }
  job.emit({
    type: 'warning',
    message: `The refiner was trained on the real pictures in ${config.real}, which is not there. It has all it needs; only the report compares with nothing. To compare, pass \`real\`.`,
  });
  return { ...options, recipe, seed };
}

interface Circumstances {
  readonly chosen: ChosenPlugin;
  readonly seed: number;
}

/** What writing needs of {@link Parts}. */
type RefinedParts = Pick<Parts, 'refiner' | 'origin' | 'synthetic' | 'recipeName'> & {
  readonly real: Pick<RealSource, 'origin' | 'rejects'> | undefined;
};

interface Refining extends Circumstances {
  readonly options: AugmentOptions;
  readonly ahead: number;
  /** Of all samples these only. */
  readonly shard?: PlacedShard;
}

async function writeRefined(
  dir: string,
  { refiner, origin, synthetic, real, recipeName }: RefinedParts,
  { chosen, seed, options, ahead, shard }: Refining,
  job: Job,
): Promise<Pick<AugmentResult, 'count' | 'resumed' | 'formats'>> {
  const { samples } = synthetic;
  const { matcher, network } = refiner;
  if (network.warping) await checkLabelsMove(synthetic, chosen.plugin.name);
  const [start, end] = shard ? [shard.start, endOf(shard)] : [0, samples.length];
  const total = end - start;
  const update = job.progress('refine', total);
  const unwritten = (isWritten: (id: string) => boolean) => {
    const indices = Array.from({ length: total }, (_, n) => start + n);
    const left = indices.filter((index) => !isWritten(samples.id(index)));
    if (left.length < total) {
      job.emit({ type: 'resume', phase: 'refine', done: total - left.length, total });
    }
    return refiner.refine(prefetch(selectItems(samples, left), ahead));
  };
  const writing = {
    plugin: chosen.plugin,
    annotations: synthetic.annotations,
    labelGeometry: synthetic.labelGeometry,
    provenance: {
      made: 'refined',
      plugin: chosen.reference,
      recipe: recipeName,
      match: formatMatch(matcher.corrections),
      synthetic: synthetic.origin,
      real: real?.origin ?? 'none',
      refiner: origin,
      seed,
    },
    sampleProvenance: ({ id, displacement }: Sample<unknown>) => {
      const reference = matcher.referenceOf(id);
      return {
        ...(reference !== undefined && { matchedTo: reference }),
        ...(displacement && { displacement: { ...displacement } }),
      };
    },
    rejects: [
      ...synthetic.rejects.map((reject) => ({ ...reject, of: 'synthetic' })),
      ...(real?.rejects ?? []).map((reject) => ({ ...reject, of: 'real' })),
    ],
    onProgress: (done: number) => update(done),
    signal: job.signal,
  };
  if (!shard) {
    const existing = options.existing === 'resume' ? 'resume' : 'refuse';
    const dataset = join(dir, augmentFiles.dataset);
    const { plugin } = chosen;
    const schema = synthetic.annotations === 'plugin' ? plugin.annotation : undefined;
    const about = { schema, name: plugin.name, provenance: writing.provenance, out: dir };
    const copies = await beginCopies(dataset, { ...options, ...about });
    try {
      const written = await writeDataset(dataset, unwritten, { ...writing, existing, onLine: copies.add });
      return { ...written, formats: await copies.finish(writing.rejects) };
    } finally {
      await copies.close();
    }
  }
  const written = await writeShard(dir, shard, unwritten, {
    ...writing,
    existing: options.existing,
    pluginOptions: chosen.options,
    rendererParameters: options.renderer?.parameters,
    onWait: (message) => job.emit({ type: 'warning', message }),
  });
  return { ...written, formats: [] };
}

/** Draws the preview and measures, on a bounded number of pictures, and keeps the figures for a report. */
async function reportOn(
  dir: string,
  { refiner, synthetic, real, recipe }: Parts,
  { chosen: { plugin }, seed }: Circumstances,
  warnings: readonly string[],
): Promise<Pick<AugmentResult, 'distances' | 'labels'>> {
  const before = lookAt(synthetic.samples);
  const matched = lookAt(refiner.matcher.match(before));
  const { samples } = synthetic;
  const written = createDataset<RealImage>(
    samples.length,
    async (index) => {
      const file = join(dir, augmentFiles.dataset, fileNameOf(index));
      return { id: samples.id(index), image: (await readPicture(file, plugin.image)).image };
    },
    (index) => samples.id(index),
  );
  const refined = lookAt(written);
  const goal = real && lookAt(real.images, LOOKED_AT);
  const sets = [
    { label: 'synthetic', images: before },
    ...(refiner.matcher.corrections.length > 0 ? [{ label: 'matched', images: matched }] : []),
    { label: 'refined', images: refined },
  ];
  const rows = goal ? [...sets, { label: real.isStandIn ? 'stand-in camera' : 'real', images: goal }] : sets;
  await writePreview(join(dir, augmentFiles.preview), rows, plugin);
  const distances = await measureDistances(sets, goal, { plugin, recipe, seed });
  const { pairs, onFound } = collectPairs(plugin);
  const labels = await measureLabelShift(
    plugin,
    { ...synthetic, samples: before },
    refined,
    LOOKED_AT,
    onFound,
  );
  const pictures = await writeTriplets(
    join(dir, augmentFiles.triplets),
    { before, refined, real: goal },
    plugin,
  );
  await writeFigures(join(dir, augmentFiles.figures), {
    distances,
    labels,
    labelPairs: pairs,
    warnings,
    pictures,
  });
  return { distances, labels };
}
