import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createDataset,
  createTraining,
  restoreCheckpoint,
  SimganError,
  type Training,
  type TrainingRecipe,
  takeCheckpoint,
  train,
} from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import { formatMatch, type Matcher, type MatchSetting } from '@simgan/core/matching';
import { defaultRecipe, recipeOf } from '@simgan/core/plugin';
import { totalSteps } from '@simgan/core/training';
import type { ExistingOutput } from '../datasets/dataset-log.ts';
import { makeFolder, writeFileAtomic } from '../files/atomic-file.ts';
import { loadCheckpoint, saveCheckpoint } from '../weights/checkpoint-file.ts';
import type { RendererChoice } from '../wire/renderer-options.ts';
import { defaults } from './defaults.ts';
import type { JobOptions } from './events.ts';
import { type FeatureNetwork, withFeatures } from './features.ts';
import {
  type ChosenPlugin,
  choosePlugin,
  type EngineChoiceOptions,
  type Job,
  type PluginChoiceOptions,
  startEngine,
  startJob,
} from './job.ts';
import { openMatching } from './matching.ts';
import { saveRefiner, selfContained } from './refiner-file.ts';
import { startRendering } from './rendering.ts';
import { configDifferences, type RunConfig, readRunConfig, recipeNumbers } from './run-config.ts';
import { claimRunFolder, runFiles } from './run-folder.ts';
import {
  openReal,
  openSynthetic,
  type RealSource,
  type SourceOptions,
  type SyntheticSource,
} from './sources.ts';
import { openTrainingRecord, type TrainingRecord } from './training-record.ts';

/** What a refiner is trained with. */
export interface TrainingChoiceOptions extends SourceOptions {
  /** One of the plugin's recipes, or one of your own. Default: `quick`, or else the plugin's first. */
  readonly recipe?: string | TrainingRecipe | undefined;
  /**
   * A renderer in another process, in place of the plugin's simulator: `{ url }` for one that speaks HTTP, `{ command }`
   * for a program to start.
   */
  readonly renderer?: RendererChoice | undefined;
  /** In place of the recipe's number of steps. */
  readonly steps?: number | undefined;
  /** In place of the recipe's batch size. */
  readonly batchSize?: number | undefined;
  /** In place of the recipe's corrections of light. */
  readonly match?: MatchSetting | undefined;
  /** A network whose features refined pictures keep, beside what the plugin keeps. */
  readonly features?: FeatureNetwork | undefined;
  /** Everything random follows from it. Default: 1. */
  readonly seed?: number | undefined;
}

/** Options for {@link trainRun}. */
export interface TrainRunOptions
  extends JobOptions,
    PluginChoiceOptions,
    EngineChoiceOptions,
    TrainingChoiceOptions {
  /** The run's folder. Default: `runs/` and the plugin's name. */
  readonly out?: string | undefined;
  /** What to do with an earlier run in the folder. Default: `refuse`. */
  readonly existing?: ExistingOutput;
}

/** A run that is done. */
export interface TrainedRun {
  /** The whole path of its folder. */
  readonly dir: string;
  readonly steps: number;
  /** The refiner's file, for `openRefiner`. */
  readonly refiner: string;
}

/**
 * Trains a refiner and keeps it in a folder: `run.json`, `log.jsonl`, the same in a file for TensorBoard, `timeline/`
 * with the same pictures at several moments, checkpoints, and at the end
 * `refiner.safetensors`, which has all that using it takes. A run that was stopped goes on with `existing: 'resume'`
 * to the same bytes as if it had never stopped.
 *
 * @throws SimganError INVALID_ARGUMENT for options that cannot be used, OUTPUT_EXISTS if the folder is not free,
 * NOT_ENOUGH_DATA, TRAINING_DIVERGED; the signal's reason if it aborts, after a checkpoint.
 * @example
 * ```ts no-run
 * const run = await trainRun({ plugin: 'eyes', real: 'my-eye-photos', out: 'runs/eyes' });
 * const refiner = await openRefiner(run.dir);
 * ```
 */
export async function trainRun(options: TrainRunOptions): Promise<TrainedRun> {
  const { existing = 'refuse' } = options;
  const job = startJob(options);
  const chosen = await choosePlugin(options, job);
  chooseRecipe(chosen.plugin, options);
  const dir = job.path(options.out ?? join('runs', chosen.plugin.name));
  const claimed = await claimRunFolder(dir, existing);
  // What is to be given back at the end, the last first.
  const disposals: (() => unknown)[] = [claimed.release];
  try {
    const { engine, release } = await startEngine(options, job);
    disposals.push(release);
    const rendering = startRendering(chosen, options.threads, job, options.renderer);
    disposals.push(() => rendering.close());
    const prepared = await prepareTraining(chosen, { ...options, count: 0 }, { engine, rendering }, job);
    await claimed.clear();
    const training = await trainInFolder(dir, { ...prepared, engine, existing }, job);
    const steps = training.step;
    training.dispose();
    return { dir, steps, refiner: join(dir, runFiles.refiner) };
  } finally {
    for (const dispose of disposals.toReversed()) await dispose();
  }
}

/** The recipe that the options name, with what they put in its place. */
export function chooseRecipe(
  plugin: ChosenPlugin['plugin'],
  { recipe: wanted, steps, batchSize, match }: TrainingChoiceOptions,
): { name: string; recipe: TrainingRecipe } {
  const name = wanted === undefined ? defaultRecipe(plugin) : typeof wanted === 'string' ? wanted : 'custom';
  const recipe = typeof wanted === 'object' ? wanted : recipeOf(plugin, name);
  return {
    name,
    recipe: {
      ...recipe,
      ...(steps !== undefined && { steps }),
      ...(batchSize !== undefined && { batchSize }),
      ...(match !== undefined && { match }),
    },
  };
}

/** The recipe and the pictures that a training needs. */
export interface PreparedTraining {
  readonly plugin: ChosenPlugin['plugin'];
  readonly recipe: TrainingRecipe;
  readonly config: RunConfig;
  readonly seed: number;
  readonly synthetic: SyntheticSource;
  readonly real: RealSource;
  /** What is done to the light of synthetic pictures. */
  readonly matcher: Matcher;
}

/** Opens the pictures that the options name, and decides on the corrections of light. */
export async function prepareTraining(
  { plugin, reference, options: pluginOptions }: ChosenPlugin,
  options: TrainingChoiceOptions & { readonly count: number },
  { rendering }: { engine: Engine; rendering: ReturnType<typeof startRendering> },
  job: Job,
): Promise<PreparedTraining> {
  const { seed = defaults.seed, count, features } = options;
  const { name, recipe: chosen } = chooseRecipe(plugin, options);
  const network = features && { ...features, file: job.path(features.file) };
  const recipe = network ? await withFeatures(plugin, chosen, network) : chosen;
  const means = { seed, atLeast: recipe.batchSize, rendering };
  const synthetic = await openSynthetic(plugin, options, { ...means, count }, job);
  const real = await openReal(plugin, options, means, job);
  // Decided on what is trained with, of which there is as much however many samples are asked for.
  const { matcher } = await openMatching(
    recipe.match ?? 'none',
    { synthetic: synthetic.training, real: real.images, plugin, recipe, seed },
    job,
  );
  job.signal?.throwIfAborted();
  const config = {
    plugin: reference,
    pluginOptions,
    recipe: name,
    numbers: recipeNumbers(recipe),
    corrections: formatMatch(matcher.corrections),
    seed,
    synthetic: synthetic.origin,
    real: real.origin,
    ...(real.format !== undefined && { realFormat: real.format }),
    ...(network && { features: { file: network.file, options: network.options ?? {} } }),
  };
  return {
    plugin,
    recipe,
    config: JSON.parse(JSON.stringify(config)) as RunConfig,
    seed,
    synthetic,
    real,
    matcher,
  };
}

/** Seconds between two checkpoints: what a kill may cost. */
const CHECKPOINT_SECONDS = 30;

/**
 * Trains in a folder. With `resume` it goes on from the last checkpoint, or returns at once if the run is done.
 *
 * @returns the training at the end; the caller disposes it.
 * @throws the signal's reason after a checkpoint, if it aborts; SimganError INVALID_ARGUMENT if the run in the folder
 * was started with something else.
 */
export async function trainInFolder(
  dir: string,
  prepared: PreparedTraining & { readonly engine: Engine; readonly existing: ExistingOutput },
  job: Job,
): Promise<Training> {
  const { plugin, recipe, config, seed, engine, matcher, existing } = prepared;
  const file = (name: keyof typeof runFiles) => join(dir, runFiles[name]);
  await makeFolder(dir);
  const { training: drawable } = prepared.synthetic;
  const undrawn = new Set<unknown>();
  const synthetic = createDataset(
    drawable.length,
    (index) =>
      drawable.at(index).catch((error) => {
        undrawn.add(error);
        throw error;
      }),
    (index) => drawable.id(index),
  );
  const training = await createTraining({
    plugin,
    recipe,
    seed,
    engine,
    matcher,
    synthetic,
    real: prepared.real.images,
  });
  const steps = totalSteps(recipe);
  const update = job.progress('train', steps);
  let record: TrainingRecord | undefined;
  try {
    let isDamaged = false;
    const checkpoint =
      existing === 'resume'
        ? await loadCheckpoint(file('checkpoint'), ({ message }) => {
            isDamaged = true;
            job.emit({ type: 'warning', message: `${message} The checkpoint before it is used.` });
          })
        : undefined;
    if (checkpoint) {
      await checkSameRun(dir, config);
      restoreCheckpoint(training, checkpoint);
      // Kept, it would take the place of the one before it when the next is saved.
      if (isDamaged) await rm(file('checkpoint'));
      if (training.step > 0) job.emit({ type: 'resume', phase: 'train', done: training.step, total: steps });
    } else {
      for (const name of ['checkpoint', 'previous', 'refiner'] as const)
        await rm(file(name), { force: true });
    }
    await writeFileAtomic(file('config'), `${JSON.stringify(config, undefined, 2)}\n`);
    record = await openTrainingRecord(
      dir,
      { plugin, training, steps, synthetic: prepared.synthetic, isResumed: !!checkpoint },
      job,
    );

    let savedAt = performance.now();
    let savedStep = checkpoint ? training.step : -1;
    const save = async () => {
      const checkpoint = await takeCheckpoint(training);
      await saveCheckpoint(file('checkpoint'), selfContained(checkpoint, { matcher, config }));
      savedAt = performance.now();
      savedStep = training.step;
    };
    const saveNowAndThen = async () => {
      if (performance.now() - savedAt >= CHECKPOINT_SECONDS * 1000) await save();
    };
    let atRest = { ...training.drawn };
    const onUpdate = async (done: number, updates: number) => {
      atRest = { ...training.drawn };
      update(training.step, `update ${done}/${updates} of the turn`);
      await saveNowAndThen();
    };
    try {
      for await (const step of train(training, { signal: job.signal, onUpdate })) {
        atRest = { ...training.drawn };
        job.emit({ type: 'step', ...step });
        update(step.step);
        await record.add(step);
        await saveNowAndThen();
      }
    } catch (error) {
      if (!undrawn.has(error)) throw error;
      // A renderer failed or was aborted. Every update begins by drawing synthetic pictures, so nothing has moved since
      // the last but the counts.
      Object.assign(training.drawn, atRest);
      await save();
      throw error;
    }
    if (savedStep !== training.step || job.signal?.aborted) await save();
    job.signal?.throwIfAborted();
    await record.finish();
    await saveRefiner(file('refiner'), { network: training.averagedRefiner, engine, matcher, config });
    // It was for the case that the last is damaged by a kill. Without it a run that was stopped leaves what one does
    // that was not.
    await rm(file('previous'), { force: true });
    await record.dispose();
    return training;
  } catch (error) {
    await record?.dispose();
    training.dispose();
    throw error;
  }
}

async function checkSameRun(dir: string, config: RunConfig): Promise<void> {
  const before = await readRunConfig(dir);
  const differences = before ? configDifferences(before, config) : ['run.json is missing'];
  if (differences.length === 0) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `The run in ${dir} was started with other options and cannot be resumed: ${differences.join('; ')}. Pass the same options, or replace the run.`,
  );
}
