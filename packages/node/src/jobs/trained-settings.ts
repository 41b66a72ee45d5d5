/** @file Whether a job trains its refiner, and what a trained one says about the job that uses it. */
import { stat } from 'node:fs/promises';
import type { MeasuredRecipe } from '../engines/noise-training.ts';
import { isWebUrl } from '../files/fetch-bytes.ts';
import type { Decision } from '../ladder/decision.ts';
import { trainsRefiner } from '../ladder/rungs.ts';
import type { Stack } from '../ladder/stack.ts';
import type { Job } from '../runs/job.ts';
import { type OpenRefiner, stepText, type TrainedRefiner } from '../runs/open-refiner.ts';
import type { RunConfig } from '../runs/run-config.ts';
import type { AugmentOptions } from './augment-options.ts';

/**
 * What decides which engine is the faster for `augment`: a training, if there may be one. A given refiner runs on the
 * engine that its shards run on, which do not look at its training.
 */
export function measuredFor(
  { refiner, treat }: Pick<AugmentOptions, 'refiner' | 'treat'>,
  training: MeasuredRecipe,
): MeasuredRecipe | undefined {
  return refiner === undefined && trainsRefiner(treat) ? training : undefined;
}

/** A trained refiner as the user named it, and how far its run had come if it is not done. */
export function originOfRefiner(name: string, { step, config }: OpenRefiner): string {
  return step === undefined ? name : `${name} (${stepText(step, config)})`;
}

/** Whether the pictures are compared with real ones: those that are given, or those that the refiner was trained on. */
export function isCompared(
  { chosen, stored: { config } }: TrainedRefiner,
  { real }: AugmentOptions,
): boolean {
  if (real !== undefined) return true;
  return (config === undefined || config.real === 'stand-in') && chosen.plugin.standIn !== undefined;
}

/** What was left open is as in the run that trained the refiner. */
export async function withRunOf(
  config: RunConfig | undefined,
  options: AugmentOptions,
  job: Job,
): Promise<AugmentOptions> {
  if (!config) return options;
  const { recipe = config.recipe, seed = config.seed } = options;
  if (options.real !== undefined || config.real === 'stand-in' || config.real === 'dataset') {
    return { ...options, recipe, seed };
  }
  // Of a refiner from the network no word chooses a folder of this machine.
  const isLocal = !isWebUrl(options.refiner!);
  const found = isLocal ? await stat(config.real).catch(() => undefined) : undefined;
  if (found?.isDirectory()) {
    const { realFormat = config.realFormat } = options;
    return { ...options, recipe, seed, real: config.real, realFormat };
  }
  job.emit({
    type: 'warning',
    message: `The refiner was trained on the real pictures in ${config.real}, which is not there. It has all it needs; only the report compares with nothing. To compare, pass \`real\`.`,
  });
  return { ...options, recipe, seed };
}

/** What is done to pictures for which a trained refiner is given. */
export const givenRefiner: Decision = {
  treat: 'refined',
  chosen: 'by hand',
  reason: 'A trained refiner was given.',
};

/** A trained refiner, behind the framing that it learned with. */
export function refinerStack(refiner: OpenRefiner): Stack {
  const { framing } = refiner;
  return framing ? { names: ['framed', 'refined'], framing, refiner } : { names: ['refined'], refiner };
}
