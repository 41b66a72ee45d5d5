import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SimganError, type TrainStep } from '@simgan/core';
import { type OpenRefiner, type OpenRefinerOptions, openRefiner } from './open-refiner.ts';
import { readLog } from './read-log.ts';
import { type RunConfig, readRunConfig } from './run-config.ts';
import { augmentFiles, runFiles } from './run-folder.ts';

/** A run in a folder: what it was started with, how far it is, and its refiner. */
export interface Run {
  /** The folder that holds `run.json`. */
  readonly dir: string;
  readonly config: RunConfig;
  /** Whether its training has ended; until then the refiner is that of the last checkpoint. */
  readonly isDone: boolean;
  /**
   * Every step that the log has, warm-up included; a last line that is cut off is left out.
   *
   * @throws SimganError INVALID_FILE if another line is not a step.
   */
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
