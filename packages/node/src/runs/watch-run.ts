import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { SimganError, type TrainStep } from '@simgan/core';
import type { JobOptions } from './events.ts';
import { startJob } from './job.ts';
import { readLog } from './read-log.ts';
import { plannedSteps, readRunConfig } from './run-config.ts';
import { augmentFiles, runFiles } from './run-folder.ts';
import { type Moment, readTimeline } from './timeline-file.ts';

/** How far a run is, as its folder says. */
export interface RunState {
  readonly step: number;
  readonly steps: number | undefined;
  /** The last step; `undefined` before the first. */
  readonly last: TrainStep | undefined;
  /** The last moment of the timeline. */
  readonly moment: Moment | undefined;
  readonly isDone: boolean;
}

/** Options for {@link watchRun}. */
export interface WatchRunOptions extends JobOptions {
  /** A run's folder, or the one that `augment` fills. */
  readonly run: string;
  /** Milliseconds between two looks. Default: 1000. */
  readonly interval?: number;
}

/**
 * Follows a run that another process works on, by reading alone: yields its state at once and whenever it changes, until it
 * is done or the signal aborts.
 *
 * @throws SimganError INVALID_ARGUMENT if the folder holds no run; INVALID_FILE if its log is damaged.
 * @example
 * ```ts no-run
 * for await (const { step, steps } of watchRun({ run: 'runs/eyes' })) console.log(`${step} of ${steps}`);
 * ```
 */
export async function* watchRun(options: WatchRunOptions): AsyncGenerator<RunState, void, void> {
  const { interval = 1000, signal } = options;
  const dir = await findRun(startJob(options).path(options.run));
  let before: string | undefined;
  while (!signal?.aborted) {
    const state = await stateOf(dir);
    const now = JSON.stringify(state);
    if (now !== before) yield state;
    before = now;
    if (state.isDone) return;
    await setTimeout(interval, undefined, { ...(signal && { signal }) }).catch(() => {});
  }
}

async function findRun(folder: string): Promise<string> {
  for (const dir of [folder, join(folder, augmentFiles.run)]) if (await readRunConfig(dir)) return dir;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `${folder} holds no run: it has no ${runFiles.config}. Pass the folder that train or augment writes; a training writes it once its pictures are open.`,
  );
}

async function stateOf(dir: string): Promise<RunState> {
  const [config, log, timeline, refiner] = await Promise.all([
    readRunConfig(dir),
    readLog(join(dir, runFiles.log)),
    readTimeline(join(dir, runFiles.timeline)),
    stat(join(dir, runFiles.refiner)).catch(() => undefined),
  ]);
  const last = log.at(-1);
  return {
    step: last?.step ?? 0,
    steps: (config && plannedSteps(config)) ?? last?.steps,
    last,
    moment: timeline?.moments.at(-1),
    isDone: refiner !== undefined,
  };
}
