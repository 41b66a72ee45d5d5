/** @file What a training leaves beside its checkpoints: the log, TensorBoard's events, the timeline. */
import { join } from 'node:path';
import type { TrainStep } from '@simgan/core';
import { appendStep, cutSteps } from '../files/step-log.ts';
import { openEventFile } from '../tensorboard/event-file.ts';
import type { EventPicture } from '../tensorboard/events.ts';
import { stepScalars } from '../tensorboard/step-scalars.ts';
import type { Job } from './job.ts';
import { runFiles } from './run-folder.ts';
import { type KeptStrip, openTimeline, type TimelineParts } from './timeline.ts';
import type { Moment } from './timeline-file.ts';

/** Records a training as it goes. */
export interface TrainingRecord {
  /** Logs a step, and keeps a moment of the timeline where one is due. @throws SimganError OUTPUT_FAILED. */
  add(step: TrainStep): Promise<void>;
  /** Keeps the last moment of a training that is done. */
  finish(): Promise<void>;
}

/**
 * Opens a training's record at its present step. What the folder has of later steps, which will come again, is cut off.
 *
 * @throws SimganError OUTPUT_FAILED if the folder cannot be written to; INVALID_FILE if its timeline is damaged.
 */
export async function openTrainingRecord(
  dir: string,
  parts: TimelineParts & { readonly isResumed: boolean },
  job: Job,
): Promise<TrainingRecord> {
  const { training, isResumed } = parts;
  const log = join(dir, runFiles.log);
  await cutSteps(log, training.step);
  const events = await openEventFile(join(dir, runFiles.events), isResumed ? training.step : undefined);
  const timeline = await openTimeline(join(dir, runFiles.timeline), parts);
  if (events.isNew) {
    const { synthetic, real } = await timeline.before();
    const pictures = { 'timeline/synthetic': pictureOf(synthetic), 'timeline/real': pictureOf(real) };
    await events.append(0, {}, pictures);
  }
  const keepMoment = async () => {
    const { strip, png, ...moment } = await timeline.record();
    job.emit({ type: 'moment', ...moment });
    await events.append(moment.step, momentScalars(moment), {
      'timeline/refined': pictureOf({ strip, png }),
    });
  };
  return {
    async add(step) {
      await appendStep(log, step);
      await events.append(step.step, stepScalars(step));
      if (timeline.isDue(step.step)) await keepMoment();
    },
    async finish() {
      if (timeline.last !== training.step) await keepMoment();
    },
  };
}

function pictureOf({ strip: { width, height }, png }: KeptStrip): EventPicture {
  return { width, height, channels: 3, png };
}

function momentScalars({ change, labels }: Moment): Record<string, number> {
  const shifts = Object.entries(labels).flatMap(([name, { unit, mean, lost }]) => [
    [`labels/${name} shift (${unit})`, mean],
    [`labels/${name} lost`, lost],
  ]);
  return { 'timeline/change': change, ...Object.fromEntries(shifts) };
}
