import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createDataset,
  createTraining,
  type Dataset,
  type RealImage,
  restoreCheckpoint,
  SimganError,
  type Training,
  takeCheckpoint,
  takeFrom,
  train,
} from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import { followPictures } from '@simgan/core/monitoring';
import { totalSteps } from '@simgan/core/training';
import type { ExistingOutput } from '../datasets/dataset-log.ts';
import { makeFolder, writeFileAtomic } from '../files/atomic-file.ts';
import { loadCheckpoint, saveCheckpoint } from '../weights/checkpoint-file.ts';
import type { Job } from './job.ts';
import { probeFor } from './label-shift.ts';
import type { PreparedTraining } from './prepare-training.ts';
import { saveRefiner, selfContained } from './refiner-file.ts';
import { configDifferences, type RunConfig, readRunConfig } from './run-config.ts';
import { runFiles } from './run-folder.ts';
import { holdOut, openSteering, type Steering } from './steering.ts';
import { mostFollowed } from './timeline.ts';
import { openTrainingRecord, type TrainingRecord } from './training-record.ts';

/** Seconds between two checkpoints: what a kill may cost. */
const CHECKPOINT_SECONDS = 30;

/**
 * Trains in a folder. With `resume` it goes on from the last checkpoint, or returns at once if the run is done. A recipe
 * with `steering` is looked at while it trains; the best refiner is then the run's, not the last.
 *
 * @returns the training at the end, its averaged refiner the one to use; the caller disposes it.
 * @throws the signal's reason after a checkpoint, if it aborts; SimganError INVALID_ARGUMENT if the run in the folder
 * was started with something else; TRAINING_DIVERGED.
 */
export async function trainInFolder(
  dir: string,
  prepared: PreparedTraining & { readonly engine: Engine; readonly existing: ExistingOutput },
  job: Job,
): Promise<Training> {
  const { plugin, recipe, config, seed, engine, matcher } = prepared;
  const file = (name: keyof typeof runFiles) => join(dir, runFiles[name]);
  await makeFolder(dir);
  const synthetic = trackFailures(prepared.synthetic.training);
  const real = recipe.steering ? holdOut(prepared.real.images, recipe.batchSize, seed) : undefined;
  const training = await createTraining({
    plugin,
    recipe,
    seed,
    engine,
    matcher,
    synthetic: synthetic.images,
    real: real?.trained ?? prepared.real.images,
  });
  // What is to be given back at the end, the last first.
  const disposals: (() => Promise<void>)[] = [];
  try {
    const isResumed = await restoreRun(dir, training, prepared, job);
    await writeFileAtomic(file('config'), `${JSON.stringify(config, undefined, 2)}\n`);
    // Looks and the timeline are of the same pictures. Without looks they are few, and such as are drawn anyway.
    const few = mostFollowed(training);
    const { lookedAt, synthetic: source } = prepared;
    const isDrawn = recipe.steering === undefined && lookedAt !== source.training;
    const followed = followPictures({
      training,
      synthetic: isDrawn ? takeFrom(source.training, few) : lookedAt,
      probe: probeFor(plugin, source.annotations),
      ...(!recipe.steering && { pictures: few }),
    });
    disposals.push(() => followed.dispose());
    const openRecord = (goesOn: boolean) =>
      openTrainingRecord(dir, { plugin, training, followed, isResumed: goesOn }, job);
    const record = { ofRun: await openRecord(isResumed), reopen: () => openRecord(true) };
    const heldOut = real?.heldOut;
    const steering = await openSteering(dir, { training, prepared, followed, heldOut, isResumed }, job);
    disposals.push(async () => steering?.dispose());
    const save = checkpointing(file('checkpoint'), training, { prepared, isSaved: isResumed });
    await trainOn(training, { steering, save, record, isDrawingFailure: synthetic.isOwn }, job);
    await save.atEnd(job.signal?.aborted);
    job.signal?.throwIfAborted();
    await record.ofRun.finish();
    await steering?.finish();
    await saveRefiner(file('refiner'), { network: training.averagedRefiner, engine, matcher, config });
    // They were for the case that a run is killed or diverges. Without them a run that was stopped leaves what one does
    // that was not.
    for (const name of ['previous', 'steady'] as const) await rm(file(name), { force: true });
    return training;
  } catch (error) {
    training.dispose();
    throw error;
  } finally {
    for (const dispose of disposals.toReversed()) await dispose();
  }
}

/** Goes on from the last checkpoint if there is one and `existing` says so, or removes what an earlier run left. */
async function restoreRun(
  dir: string,
  training: Training,
  { config, existing }: Pick<PreparedTraining, 'config'> & { readonly existing: ExistingOutput },
  job: Job,
): Promise<boolean> {
  const file = (name: keyof typeof runFiles) => join(dir, runFiles[name]);
  let isDamaged = false;
  const checkpoint =
    existing === 'resume'
      ? await loadCheckpoint(file('checkpoint'), ({ message }) => {
          isDamaged = true;
          job.emit({ type: 'warning', message: `${message} The checkpoint before it is used.` });
        })
      : undefined;
  if (!checkpoint) {
    const old = ['checkpoint', 'previous', 'refiner', 'steady', 'best', 'looks', 'outcome'] as const;
    for (const name of old) await rm(file(name), { force: true });
    return false;
  }
  await checkSameRun(dir, config);
  restoreCheckpoint(training, checkpoint);
  // Kept, it would take the place of the one before it when the next is saved.
  if (isDamaged) await rm(file('checkpoint'));
  const total = totalSteps(training.recipe);
  if (training.step > 0) job.emit({ type: 'resume', phase: 'train', done: training.step, total });
  return true;
}

interface Course {
  readonly steering: Steering | undefined;
  readonly save: ReturnType<typeof checkpointing>;
  /** The log and what else is kept of each step; opened again, it goes on at the training's step. */
  readonly record: { ofRun: TrainingRecord; readonly reopen: () => Promise<TrainingRecord> };
  /** Whether an error is of drawing a synthetic picture. */
  readonly isDrawingFailure: (error: unknown) => boolean;
}

/** Trains to the end of the recipe, or to where the steering ends it. A training that diverges is rolled back once. */
async function trainOn(training: Training, course: Course, job: Job): Promise<void> {
  const { steering, save, record, isDrawingFailure } = course;
  const steps = totalSteps(training.recipe);
  const update = job.progress('train', steps);
  let atRest = { ...training.drawn };
  const onUpdate = async (done: number, updates: number) => {
    atRest = { ...training.drawn };
    update(training.step, `update ${done}/${updates} of the turn`);
    await save.nowAndThen();
  };
  while (!steering?.end) {
    try {
      for await (const step of train(training, { signal: job.signal, onUpdate })) {
        atRest = { ...training.drawn };
        job.emit({ type: 'step', ...step });
        update(step.step);
        await record.ofRun.add(step);
        await steering?.look(step);
        await save.nowAndThen();
        if (steering?.end) break;
      }
      if (steering?.end) update(steps, 'ended early');
      return;
    } catch (error) {
      if (isDrawingFailure(error)) {
        // A renderer failed or was aborted. Every update begins by drawing synthetic pictures, so nothing has moved
        // since the last but the counts.
        Object.assign(training.drawn, atRest);
        await save.now();
        throw error;
      }
      if (!(await steering?.rollBack(error))) throw error;
      record.ofRun = await record.reopen();
      await save.now();
    }
  }
}

/** Saves checkpoints: now and then, so that a kill costs little, and at the end. */
function checkpointing(
  file: string,
  training: Training,
  { prepared: { matcher, config }, isSaved }: { prepared: PreparedTraining; isSaved: boolean },
) {
  let savedAt = performance.now();
  let savedStep = isSaved ? training.step : -1;
  const now = async () => {
    await saveCheckpoint(file, selfContained(await takeCheckpoint(training), { matcher, config }));
    savedAt = performance.now();
    savedStep = training.step;
  };
  return {
    now,
    async nowAndThen() {
      if (performance.now() - savedAt >= CHECKPOINT_SECONDS * 1000) await now();
    },
    async atEnd(isAborted = false) {
      if (savedStep !== training.step || isAborted) await now();
    },
  };
}

/** The same pictures, and whether an error came from drawing one of them. */
function trackFailures(drawable: Dataset<RealImage>) {
  const failures = new Set<unknown>();
  const images = createDataset(
    drawable.length,
    (index) =>
      drawable.at(index).catch((error) => {
        failures.add(error);
        throw error;
      }),
    (index) => drawable.id(index),
  );
  return { images, isOwn: (error: unknown) => failures.has(error) };
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
