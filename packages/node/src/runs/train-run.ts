import { join } from 'node:path';
import type { ExistingOutput } from '../datasets/dataset-log.ts';
import type { JobOptions } from './events.ts';
import {
  choosePlugin,
  type EngineChoiceOptions,
  type PluginChoiceOptions,
  startEngine,
  startJob,
} from './job.ts';
import {
  chooseRecipe,
  openTrainingSources,
  prepareTraining,
  type TrainingChoiceOptions,
} from './prepare-training.ts';
import { startRendering } from './rendering.ts';
import { claimRunFolder, runFiles } from './run-folder.ts';
import { trainInFolder } from './train-in-folder.ts';

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
  const { recipe } = chooseRecipe(chosen.plugin, options);
  const dir = job.path(options.out ?? join('runs', chosen.plugin.name));
  const claimed = await claimRunFolder(dir, existing);
  // What is to be given back at the end, the last first.
  const disposals: (() => unknown)[] = [claimed.release];
  try {
    const { engine, release } = await startEngine(options, job, { plugin: chosen.plugin, recipe });
    disposals.push(release);
    const rendering = startRendering(chosen, options.threads, job, options.renderer);
    disposals.push(() => rendering.close());
    const sources = await openTrainingSources(chosen.plugin, { ...options, count: 0 }, rendering, job);
    const prepared = await prepareTraining(chosen, options, { ...sources, rendering }, job);
    await claimed.clear();
    const training = await trainInFolder(dir, { ...prepared, engine, existing }, job);
    const steps = training.step;
    training.dispose();
    return { dir, steps, refiner: join(dir, runFiles.refiner) };
  } finally {
    for (const dispose of disposals.toReversed()) await dispose();
  }
}
