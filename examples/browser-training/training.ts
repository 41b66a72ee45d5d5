/** @file A training that runs alike in a tab and in Node: simulated eyes, or a tiny domain that takes seconds anywhere. */
import {
  createImage,
  createTraining,
  type Engine,
  type Image,
  l1Regularizer,
  patchDiscriminator,
  type Rng,
  residualRefiner,
  type SizedForm,
  simulate,
  type TrainingRecipe,
  type TrainStep,
  train,
  trainedRefiner,
} from '@simgan/core';
import { eyes } from '@simgan/plugin-eyes';

export interface Shown {
  readonly steps: TrainStep[];
  /** A simulated picture, and what the trained refiner makes of it. */
  readonly before: Image;
  readonly after: Image;
}

/** What is trained: `eyes` is the recipe `quick` of the plugin eyes, with its stand-in camera in place of photographs. */
export type Task = 'eyes' | 'tiny';

export async function trainOn(
  engine: Engine,
  task: Task,
  { steps, onStep }: { readonly steps: number; onStep?(step: TrainStep): void },
): Promise<Shown> {
  const { plugin, recipe, simulator, camera } = task === 'eyes' ? eyesTask() : tinyTask();
  const synthetic = simulate(simulator, { seed: 1, length: 256 });
  const real = simulate(camera, { seed: 2, length: 256 });
  const training = await createTraining({
    plugin,
    recipe: { ...recipe, steps },
    synthetic,
    real,
    engine,
    seed: 1,
  });
  try {
    const taken: TrainStep[] = [];
    for await (const step of train(training)) {
      taken.push(step);
      onStep?.(step);
    }
    const sample = await synthetic.at(0);
    const refined = await trainedRefiner(training).refine(sample);
    return { steps: taken, before: sample.image, after: refined.image };
  } finally {
    training.dispose();
  }
}

function eyesTask() {
  const plugin = eyes();
  const recipe: TrainingRecipe = { ...plugin.recipes.quick, match: 'histogram' };
  return { plugin, recipe, simulator: plugin.simulator, camera: plugin.standIn };
}

/** Dark and light noise: networks with every kind of layer that the large ones have. */
function tinyTask() {
  const image: SizedForm = { width: 8, height: 6, channels: 1, bits: 8 };
  const noise = (from: number) => (rng: Rng) => {
    const drawn = createImage(image);
    for (let i = 0; i < drawn.data.length; i++) drawn.data[i] = from + rng.int(128);
    return { image: drawn, annotation: null };
  };
  const recipe: TrainingRecipe = {
    steps: 1,
    batchSize: 4,
    optimizer: { kind: 'adam', beta1: 0.5 },
    learningRate: 1e-3,
    lambda: 1,
    refinerUpdates: 1,
    discriminatorUpdates: 1,
    historySize: 8,
    warmup: { refiner: 0, discriminator: 1 },
    averaging: 0.9,
    match: 'none',
  };
  const plugin = {
    image,
    refiner: residualRefiner({
      width: 4,
      blocks: 1,
      padding: 'reflect',
      output: 'residual',
      noiseChannels: 1,
    }),
    discriminator: patchDiscriminator([{ convolution: 3, stride: 2, filters: 4 }, { maxPool: 3 }]),
    regularizer: l1Regularizer(),
  };
  return { plugin, recipe, simulator: noise(0), camera: noise(128) };
}
