import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Engine, networksOf, type Plugin, type Refiner, type TrainingRecipe } from '@simgan/core';
import { isWebUrl, loadWeights } from '@simgan/core/node';
import type { Context } from './command.ts';
import { UsageError } from './errors.ts';
import { augmentFiles, type RunConfig, readRunConfig, runFiles } from './run-folder.ts';

/** A refiner that was trained before. */
export interface TrainedRefiner {
  /** The file or URL of its weights. */
  readonly weights: string;
  /** The run that trained it, if it is known. */
  readonly config: RunConfig | undefined;
}

/**
 * Finds the refiner that a user names: by a run's folder, by the folder that `augment` filled, by a file of
 * weights, whose run is then looked for beside it, or by a URL.
 *
 * @throws UsageError saying what is there instead
 */
export async function findRefiner(name: string, cwd: string): Promise<TrainedRefiner> {
  if (isWebUrl(name)) return { weights: name, config: undefined };
  const place = resolve(cwd, name);
  const found = await stat(place).catch(() => undefined);
  if (!found) throw new UsageError([`There is no refiner ${place}. Pass a run's folder, a file or a URL.`]);
  if (!found.isDirectory()) return { weights: place, config: await readRunConfig(dirname(place)) };
  for (const dir of [place, join(place, augmentFiles.run)]) {
    const config = await readRunConfig(dir);
    if (!config) continue;
    const weights = join(dir, runFiles.refiner);
    if (await stat(weights).catch(() => undefined)) return { weights, config };
    throw new UsageError([
      `The run in ${dir} is not done: it has no ${runFiles.refiner} yet. Go on with the command that began it and --resume.`,
    ]);
  }
  throw new UsageError([
    `${place} is no run: it has no ${runFiles.config}. Pass the folder that simgan-cli train or augment wrote, a file of weights or a URL.`,
  ]);
}

/** Builds the refiner and puts its weights in. The caller disposes it. */
export async function loadRefiner(
  { weights }: TrainedRefiner,
  { plugin, recipe, engine, seed }: { plugin: Plugin; recipe: TrainingRecipe; engine: Engine; seed: number },
  { signal }: Context,
): Promise<Refiner> {
  const refiner = networksOf(plugin, recipe).refiner(plugin.image, seed);
  try {
    await loadWeights(weights, refiner, { signal });
    await engine.readAgain();
    return refiner;
  } catch (error) {
    refiner.dispose();
    throw error;
  }
}
