import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SimganError, type TrainStep } from '@simgan/core';
import { type OpenRefiner, type OpenRefinerOptions, openRefiner } from './open-refiner.ts';
import { type RunConfig, readRunConfig } from './run-config.ts';
import { augmentFiles, runFiles } from './run-folder.ts';

/** A run in a folder: what it was started with, how far it is, and its refiner once it is done. */
export interface Run {
  /** The folder that holds `run.json`. */
  readonly dir: string;
  readonly config: RunConfig;
  /** Whether there is a refiner to use. */
  readonly isDone: boolean;
  /** Every step that the log has, warm-up included. */
  steps(): Promise<readonly TrainStep[]>;
  /** @throws SimganError as {@link openRefiner} does. */
  openRefiner(options?: OpenRefinerOptions): Promise<OpenRefiner>;
}

/**
 * Opens the folder of a training, or the one that `augment` filled. Nothing in it is executed.
 *
 * @throws SimganError INVALID_ARGUMENT if the folder holds no run, INVALID_FILE if its configuration is damaged.
 * @example
 * ```ts no-run
 * const run = await openRun('eyes-augmented');
 * console.log(run.config.recipe, run.isDone, (await run.steps()).length);
 * ```
 */
export async function openRun(folder: string): Promise<Run> {
  for (const dir of [folder, join(folder, augmentFiles.run)]) {
    const config = await readRunConfig(dir);
    if (!config) continue;
    const isDone = await stat(join(dir, runFiles.refiner)).then(
      (found) => found.isFile(),
      () => false,
    );
    return {
      dir,
      config,
      isDone,
      steps: () => readLog(join(dir, runFiles.log)),
      openRefiner: (options) => openRefiner(dir, options),
    };
  }
  throw new SimganError(
    'INVALID_ARGUMENT',
    `${folder} is no run: it has no ${runFiles.config}. Pass the folder that a training wrote.`,
  );
}

/** The steps of a log; a last line that is cut off is left out. */
async function readLog(file: string): Promise<TrainStep[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as TrainStep];
    } catch {
      return [];
    }
  });
}
