/** @file What a run's folder holds, and what may be done with one that is there already. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SimganError } from '@simgan/core';
import { CARD, DESCRIPTION } from '../datasets/dataset-format.ts';
import type { ExistingOutput } from '../datasets/dataset-log.ts';
import { inspectOutput, removeDataset } from '../datasets/output-folder.ts';
import { LOCK, lockFolder, TAKEOVER } from '../files/folder-lock.ts';
import { previousCheckpoint } from '../weights/checkpoint-file.ts';
import { removeTimeline } from './timeline.ts';

/** The files of a run's folder. */
export const runFiles = {
  /** What the run was started with, resolved. */
  config: 'run.json',
  checkpoint: 'checkpoint.safetensors',
  previous: previousCheckpoint('checkpoint.safetensors'),
  /** One JSON line a step. */
  log: 'log.jsonl',
  /** What TensorBoard reads: the numbers of the log, and pictures. */
  events: 'events.out.tfevents.simgan',
  /** The same pictures at several moments of the training. */
  timeline: 'timeline',
  /** One JSON line a look at the training, in runs that are steered. */
  looks: 'looks.jsonl',
  /** The refiner of the best look so far. */
  best: 'best.safetensors',
  /** The state at the last look, to go back to if training diverges. */
  steady: 'steady.safetensors',
  /** How the training ended. */
  outcome: 'outcome.json',
  /** The refiner to use, once the run is done: weights, corrections and configuration. */
  refiner: 'refiner.safetensors',
} as const;

/** The files of the folder that `augment` fills. */
export const augmentFiles = {
  dataset: 'dataset',
  run: 'run',
  preview: 'preview.png',
  /** Figures and pictures for a report. */
  figures: 'report.json',
  triplets: 'triplets.png',
  /** What is done to the pictures, and why. */
  treatment: 'treatment.json',
  /** The dataset described, for people and for programs. */
  card: CARD,
  croissant: DESCRIPTION,
} as const;

/** Files that further commands leave in a run's folder, or the one that `augment` filled. */
export const resultFiles = {
  /** What `evaluate` measured. */
  evaluation: 'evaluation.json',
  /** The report, and what goes with it. */
  report: 'report.html',
  losses: 'losses.svg',
  animation: 'timeline.webp',
  /** Pictures and answers of visual Turing tests. */
  turing: 'turing',
} as const;

/** An output folder that may be written to. */
export interface ClaimedFolder {
  readonly dir: string;
  /**
   * Removes what an earlier run of ours left, if it is to be replaced. To be called when nothing but the work itself
   * can fail any more: until then the earlier run is kept.
   */
  readonly clear: () => Promise<void>;
  /** Unlocks the folder. */
  readonly release: () => Promise<void>;
}

/**
 * Makes sure that a run's folder may be written to: it is empty or not there, or `existing` says what to do with what
 * an earlier run of ours left. Files of others are never replaced.
 *
 * It is locked until it is released.
 *
 * @throws SimganError OUTPUT_EXISTS otherwise; OUTPUT_LOCKED if another process writes to it.
 */
export async function claimRunFolder(dir: string, existing: ExistingOutput): Promise<ClaimedFolder> {
  const look = async () => {
    const present = await ownNames(dir, [...Object.values(runFiles), ...Object.values(resultFiles)]);
    refuseUnwanted(dir, present, existing);
    return present;
  };
  // First without the lock, so that nothing is touched in a folder that is not ours to write to.
  await look();
  const lock = await lockFolder(dir);
  try {
    const present = await look();
    return {
      dir,
      clear: async () => (existing === 'replace' ? removeFiles(dir, present) : undefined),
      release: () => lock.release(),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** {@link claimRunFolder} for the folder that `augment` fills; with `trains` its run is locked as well. */
export async function claimAugmentFolder(
  dir: string,
  existing: ExistingOutput,
  { trains }: { trains: boolean },
): Promise<ClaimedFolder> {
  const [run, dataset] = [join(dir, augmentFiles.run), join(dir, augmentFiles.dataset)];
  const look = async () => {
    const present = await ownNames(dir, [...Object.values(augmentFiles), ...Object.values(resultFiles)]);
    refuseUnwanted(dir, present, existing);
    const ofRun = await ownNames(run, [...Object.values(runFiles), ...Object.values(resultFiles)]);
    const found = await inspectOutput(dataset);
    if (found.state === 'foreign') throw foreignFiles(dataset, found.files);
    return { present, ofRun, found };
  };
  await look();
  const locks = [await lockFolder(dir)];
  const release = async () => {
    for (const lock of locks.toReversed()) await lock.release();
  };
  try {
    const { present, ofRun, found } = await look();
    if (trains) locks.push(await lockFolder(run));
    return {
      dir,
      async clear() {
        if (existing !== 'replace') return;
        if (found.state !== 'free') await removeDataset(dataset, found.state);
        await removeFiles(run, ofRun);
        const folders: readonly string[] = [augmentFiles.run, augmentFiles.dataset];
        await removeFiles(
          dir,
          present.filter((name) => !folders.includes(name)),
        );
      },
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** What systems and editors leave in a folder by themselves. */
const litter = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini', '.gitkeep', '.gitignore', LOCK, TAKEOVER]);

/** The names in a folder, which must all be ours: the given ones, and what a kill leaves of writing them. */
async function ownNames(dir: string, names: readonly string[]): Promise<string[]> {
  const present = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') {
      throw new SimganError('OUTPUT_EXISTS', `${dir} is a file. Choose another folder for the output.`);
    }
    throw new SimganError('OUTPUT_FAILED', `${dir} cannot be written to: ${error.message}.`, {
      cause: error,
    });
  });
  const ours = new Set([...names, ...names.map((name) => `.${name}.tmp`)]);
  const foreign = present.filter((name) => !ours.has(name) && !litter.has(name));
  if (foreign.length > 0) throw foreignFiles(dir, foreign);
  return present.filter((name) => ours.has(name));
}

function foreignFiles(dir: string, files: readonly string[]): SimganError {
  const named = `${files.slice(0, 3).join(', ')}${files.length > 3 ? ', …' : ''}`;
  return new SimganError(
    'OUTPUT_EXISTS',
    `${dir} is not empty and holds files of others (${named}), which are never replaced. Choose another folder for the output.`,
  );
}

function refuseUnwanted(dir: string, present: readonly string[], existing: ExistingOutput): void {
  if (present.length === 0 || existing !== 'refuse') return;
  throw new SimganError(
    'OUTPUT_EXISTS',
    `${dir} holds an earlier run. Resume it, replace it, or choose another folder.`,
  );
}

async function removeFiles(dir: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (name === runFiles.timeline) await removeTimeline(join(dir, name));
    // People gave these answers; they say which pictures they are about.
    else if (name !== resultFiles.turing) await rm(join(dir, name), { force: true });
  }
}
