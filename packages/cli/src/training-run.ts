import { appendFile, mkdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  createTrainingState,
  type Dataset,
  type Engine,
  type Plugin,
  type RealImage,
  restoreCheckpoint,
  type TrainingRecipe,
  type TrainingState,
  type TrainStep,
  takeCheckpoint,
  totalSteps,
  train,
} from '@simgan/core';
import {
  type JsonObject,
  loadCheckpoint,
  saveCheckpoint,
  saveWeights,
  writeFileAtomic,
} from '@simgan/core/node';
import type { Context } from './command.ts';
import { Interrupted, UsageError } from './errors.ts';
import { type RunConfig, readRunConfig, runFiles } from './run-folder.ts';

/** Seconds between two checkpoints: what a kill may cost. */
const CHECKPOINT_SECONDS = 30;

/** A recipe without its networks, which are the plugin's to know. */
export function recipeNumbers(recipe: TrainingRecipe): JsonObject {
  const numbers = Object.entries(recipe).filter(([, value]) => typeof value !== 'function');
  return JSON.parse(JSON.stringify(Object.fromEntries(numbers))) as JsonObject;
}

/** What to train, and where to keep it. */
export interface TrainingRunOptions {
  /** The run's folder; made if it is not there. */
  readonly dir: string;
  readonly config: RunConfig;
  readonly plugin: Plugin;
  readonly recipe: TrainingRecipe;
  readonly engine: Engine;
  readonly synthetic: Dataset<RealImage>;
  readonly real: Dataset<RealImage>;
  readonly seed: number;
  readonly resume: boolean;
}

/**
 * Trains in a folder: writes the configuration, a line of log for each step, checkpoints, and at the end the
 * refiner's weights. With `resume` it goes on from the last checkpoint, or returns at once if the run is done.
 *
 * @returns the state at the end; the caller disposes it
 * @throws Interrupted after a checkpoint, if the signal aborts
 * @throws UsageError if the run in the folder was started with something else
 */
export async function trainInFolder(options: TrainingRunOptions, context: Context): Promise<TrainingState> {
  const { dir, config, plugin, recipe, engine, synthetic, real, seed, resume } = options;
  const { output, signal } = context;
  await mkdir(dir, { recursive: true });
  const state = createTrainingState(plugin, recipe, seed);
  const steps = totalSteps(recipe);
  const progress = output.progress('train', steps);
  try {
    const checkpoint = resume ? await loadCheckpoint(join(dir, runFiles.checkpoint)) : undefined;
    if (checkpoint) {
      await checkSameRun(dir, config);
      restoreCheckpoint(state, checkpoint);
      await engine.readAgain();
      if (state.step >= steps) output.note(`resume    all ${steps} training steps were done already`);
      else if (state.step > 0) output.note(`resume    after training step ${state.step} of ${steps}`);
    } else {
      for (const name of [runFiles.checkpoint, runFiles.refiner]) await rm(join(dir, name), { force: true });
    }
    await writeFileAtomic(join(dir, runFiles.config), `${JSON.stringify(config, undefined, 2)}\n`);
    await cutLog(join(dir, runFiles.log), state.step);

    const save = async () => {
      await engine.writeBack();
      await saveCheckpoint(join(dir, runFiles.checkpoint), await takeCheckpoint(state));
    };
    let savedAt = performance.now();
    const saveNowAndThen = async () => {
      if (performance.now() - savedAt < CHECKPOINT_SECONDS * 1000) return;
      await save();
      savedAt = performance.now();
    };
    let lastNote = '';
    const onUpdate = async (done: number, updates: number) => {
      progress.update(state.step, `update ${done}/${updates} of the turn  ${lastNote}`);
      await saveNowAndThen();
    };
    for await (const step of train({ plugin, state, synthetic, real, engine, seed, signal, onUpdate })) {
      lastNote = describeStep(step);
      progress.update(step.step, lastNote);
      output.event('step', { ...step });
      await appendFile(join(dir, runFiles.log), `${JSON.stringify(step)}\n`);
      await saveNowAndThen();
    }
    await save();
    if (signal.aborted) {
      throw new Interrupted(
        `Stopped after step ${state.step} of ${steps}; nothing is lost. Go on with the same command and --resume.`,
      );
    }
    await saveWeights(join(dir, runFiles.refiner), state.averagedRefiner, { run: JSON.stringify(config) });
    return state;
  } catch (error) {
    state.dispose();
    throw error;
  } finally {
    progress.end();
  }
}

function describeStep({ phase, refiner, discriminator }: TrainStep): string {
  const parts: string[] = phase === 'adversarial' ? [] : [phase];
  if (refiner) {
    parts.push(`R: fools D ${refiner.adversarial.toFixed(2)}, moved ${refiner.regularization.toFixed(3)}`);
    if (phase === 'adversarial') parts.push(`lambda ${refiner.lambda.toPrecision(2)}`);
  }
  if (discriminator) {
    const { accuracyOnReal, accuracyOnRefined } = discriminator;
    parts.push(`D: right on real ${percent(accuracyOnReal)}, on refined ${percent(accuracyOnRefined)}`);
  }
  return parts.join('  ');
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}

async function checkSameRun(dir: string, config: RunConfig): Promise<void> {
  const before = (await readRunConfig(dir)) ?? {};
  const differences = differencesOf({ ...before }, { ...config });
  if (differences.length === 0) return;
  throw new UsageError([
    `The run in ${dir} was started otherwise and cannot be resumed: ${differences.join('; ')}. Give the same options, or start anew with --force.`,
  ]);
}

/** Where two configurations differ: `steps was 850 and is 1000 now`. */
function differencesOf(before: Record<string, unknown>, now: Record<string, unknown>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((key) => {
    const [a, b] = [before[key], now[key]];
    if (isDeepStrictEqual(a, b)) return [];
    if (isObject(a) && isObject(b)) return differencesOf(a, b);
    const shown = (value: unknown) => JSON.stringify(value) ?? 'not set';
    return [`${key} was ${shown(a)} and is ${shown(b)} now`];
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Steps after the last checkpoint are done again, and logged again. */
async function cutLog(file: string, steps: number): Promise<void> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return;
  }
  const kept = text.split('\n').slice(0, steps).join('\n');
  await truncate(file, Buffer.byteLength(kept) + (steps > 0 && kept.length > 0 ? 1 : 0));
}
