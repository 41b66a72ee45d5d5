/** @file Steers a training in a run's folder: looks at it, keeps its best refiner, and says when it should end. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  createRng,
  type Dataset,
  type RealImage,
  restoreCheckpoint,
  SimganError,
  selectItems,
  shuffledIndices,
  type Training,
  type TrainStep,
  takeCheckpoint,
} from '@simgan/core';
import {
  createLookout,
  decide,
  type Followed,
  type Signals,
  symptomsOf,
  type UseSignal,
  useLooks,
  watchUse,
} from '@simgan/core/monitoring';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { appendStep, cutSteps } from '../files/step-log.ts';
import { loadCheckpoint } from '../weights/checkpoint-file.ts';
import { saveTensors } from '../weights/tensor-file.ts';
import { assignWeights } from '../weights/weights.ts';
import type { Job } from './job.ts';
import { readLooks } from './looks-log.ts';
import type { Outcome } from './outcome.ts';
import type { PreparedTraining } from './prepare-training.ts';
import { readRefiner, saveRefiner } from './refiner-file.ts';
import { runFiles } from './run-folder.ts';
import { startStopwatch } from './stopwatch.ts';

/** Steers one training. */
export interface Steering {
  /** Why the run should end now, as a clause; `undefined` to go on. */
  readonly end: string | undefined;
  /** Looks at the training after a step, if a look is due. */
  look(step: TrainStep): Promise<void>;
  /**
   * After an error of the training: goes back to the last look with half the learning rate, once in a run.
   *
   * @returns whether it did; otherwise the error stands.
   */
  rollBack(error: unknown): Promise<boolean>;
  /** Puts the best refiner in the place of the last one, and writes how the run ended. */
  finish(): Promise<Outcome>;
  dispose(): Promise<void>;
}

/** What is steered. */
export interface SteeredRun {
  readonly training: Training;
  readonly prepared: PreparedTraining;
  /** What is looked at. */
  readonly followed: Followed;
  /** Real pictures that are not trained on; absent where there are too few. */
  readonly heldOut: Dataset<RealImage> | undefined;
  readonly isResumed: boolean;
}

/** The share of real pictures that are held out, and the fewest and the most of them. */
const HELD_OUT = { share: 0.125, least: 16, most: 256 } as const;
/** Fewer held-out pictures than this are too few to judge use by. */
const ANSWERED = 100;
/** What the learning rate of a training that diverged is multiplied by. */
const SLOWER = 0.5;

/**
 * Divides real pictures at random into those to train on and those to look at; all are trained on if there are too few.
 */
export function holdOut(
  real: Dataset<RealImage>,
  batchSize: number,
  seed: number,
): { trained: Dataset<RealImage>; heldOut: Dataset<RealImage> | undefined } {
  const count = Math.min(HELD_OUT.most, Math.floor(HELD_OUT.share * real.length));
  if (count < HELD_OUT.least || real.length - count < batchSize) return { trained: real, heldOut: undefined };
  const order = shuffledIndices(real.length, createRng(seed).fork('held out'));
  const sorted = (indices: number[]) =>
    selectItems(
      real,
      indices.sort((a, b) => a - b),
    );
  return { trained: sorted(order.slice(count)), heldOut: sorted(order.slice(0, count)) };
}

/** Steers a training by its recipe; `undefined` if the recipe has no `steering`. */
export async function openSteering(
  dir: string,
  { training, prepared, followed, heldOut, isResumed }: SteeredRun,
  job: Job,
): Promise<Steering | undefined> {
  const { recipe, engine, averagedRefiner } = training;
  const { steering: settings, warmup } = recipe;
  if (!settings) return undefined;
  const file = (name: 'looks' | 'best' | 'steady' | 'outcome') => join(dir, runFiles[name]);
  const { matcher, config } = prepared;
  const lookout = await createLookout({ training, followed, heldOut });
  const clock = startStopwatch(['looks', 'use']);
  // Opened when it is first asked: short trainings never are.
  let useWatch: ReturnType<typeof watchUse> | undefined;
  const judgeUse = async (): Promise<UseSignal | undefined> => {
    const { synthetic, plugin, real } = prepared;
    if (synthetic.annotations !== 'plugin') return undefined;
    // What networks answer need not be unknown to the refiner; a few answers say less than many.
    const answered = heldOut && heldOut.length >= ANSWERED ? heldOut : real.images;
    useWatch ??= watchUse({
      ...{ training, synthetic: synthetic.training, real: answered, estimator: plugin.estimator },
    });
    return (await useWatch)?.judge();
  };
  await cutSteps(file('looks'), training.step);
  const looks: Signals[] = await readLooks(file('looks'));
  const warmupSteps = warmup.refiner + warmup.discriminator;
  const steered = { ...recipe, steering: settings };
  let decision = decide(looks, steered);
  let told = new Set<string>();
  const keepSteady = async () => {
    const { tensors, about } = await takeCheckpoint(training);
    await saveTensors(file('steady'), { tensors, metadata: about });
  };
  if (!isResumed) await keepSteady();

  const symptoms = () => symptomsOf(looks, recipe);
  return {
    get end() {
      return decision.end;
    },
    async look(step) {
      const turn = step.step - warmupSteps;
      if (step.phase !== 'adversarial' || turn % settings.every !== 0) return;
      const seen = await clock.during('looks', () => lookout.look(step));
      const { every = useLooks.every } = settings.use || {};
      const isJudged = settings.use !== false && (turn / settings.every) % every === 0;
      const use = isJudged ? await clock.during('use', judgeUse) : undefined;
      const signals = { ...seen, ...(use && { use }) };
      looks.push(signals);
      decision = decide(looks, steered);
      if (decision.best === step.step) {
        await saveRefiner(file('best'), { network: averagedRefiner, engine, matcher, config });
      }
      await keepSteady();
      await appendStep(file('looks'), signals);
      const found = symptoms();
      job.emit({ type: 'look', signals, symptoms: found, best: decision.best });
      for (const { name, finding, advice } of found) {
        if (!told.has(name)) job.emit({ type: 'warning', message: `${finding} ${advice}` });
      }
      told = new Set([...told, ...found.map(({ name }) => name)]);
    },
    async rollBack(error) {
      const isDiverged = error instanceof SimganError && error.code === 'TRAINING_DIVERGED';
      if (!isDiverged || training.learningRate < recipe.learningRate) return false;
      const steady = await loadCheckpoint(file('steady'));
      if (!steady) return false;
      const from = training.step;
      restoreCheckpoint(training, steady);
      training.learningRate *= SLOWER;
      await cutSteps(file('looks'), training.step);
      job.emit({
        type: 'warning',
        message: `Training diverged at step ${from}. It goes on from step ${training.step} with half the learning rate, ${training.learningRate}.`,
      });
      return true;
    },
    async finish() {
      const { best, end } = decision;
      if (best !== undefined && best !== training.step && existsSync(file('best'))) {
        assignWeights(file('best'), averagedRefiner, (await readRefiner(file('best'))).weights);
      }
      const ended = end ?? 'all steps of the recipe are done';
      const outcome: Outcome = {
        steps: training.step,
        ...(best !== undefined && { best }),
        ended,
        symptoms: symptoms(),
      };
      await writeFileAtomic(file('outcome'), `${JSON.stringify(outcome, undefined, 2)}\n`);
      job.emit({ type: 'outcome', ...outcome, timeShares: clock.shares() });
      return outcome;
    },
    async dispose() {
      await lookout.dispose();
      await (await useWatch)?.dispose();
    },
  };
}
