import { createDataset, type Plugin, train, trainedRefiner } from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import { defaultRecipe, recipeOf } from '@simgan/core/plugin';
import { noiseTraining } from './noise-training.ts';

/** How fast an engine trains and refines the images of a plugin. */
export interface Throughput {
  readonly recipe: string;
  readonly batchSize: number;
  /** Turns of Algorithm 1 per second. */
  readonly stepsPerSecond: number;
  readonly imagesPerSecond: number;
}

/**
 * Trains and refines noise for about five seconds, with the networks of one of a plugin's recipes.
 *
 * @example
 * ```ts no-run
 * const { engine } = await createEngine('auto');
 * console.log(await measureThroughput(engine, eyes()));
 * ```
 */
export async function measureThroughput(
  engine: Engine,
  plugin: Plugin,
  name = defaultRecipe(plugin),
): Promise<Throughput> {
  const recipe = recipeOf(plugin, name);
  const { training, noise } = await noiseTraining(engine, { plugin, recipe });
  try {
    const stepsPerSecond = await rateOf(train(training), 3);
    const refiner = trainedRefiner(training);
    const endless = createDataset(1_000_000, (index) => noise.at(index % noise.length), String);
    const imagesPerSecond = await rateOf(refiner.refine(endless), 2);
    await refiner.dispose();
    return { recipe: name, batchSize: recipe.batchSize, stepsPerSecond, imagesPerSecond };
  } finally {
    training.dispose();
  }
}

/** Items a second over `seconds`, after the first, which compiles. */
async function rateOf(items: AsyncIterable<unknown>, seconds: number): Promise<number> {
  let count = -1;
  let started = 0;
  for await (const _ of items) {
    count += 1;
    if (count === 0) started = performance.now();
    else if (performance.now() - started > seconds * 1000) break;
  }
  return (count * 1000) / (performance.now() - started);
}
