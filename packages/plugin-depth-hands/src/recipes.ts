import { l1Regularizer, type TrainingRecipe } from '@simgan/core';
import { quickDiscriminator, quickRefiner } from './networks.ts';

/**
 * The numbers of the paper for hands: two refiner steps per discriminator step, 500 and 200 steps of warm-up.
 * Not stated there, and chosen here: lambda, batch, history size and the number of steps.
 */
export const paperRecipe: TrainingRecipe = {
  steps: 10_000,
  batchSize: 64,
  optimizer: { kind: 'sgd' },
  learningRate: 0.001,
  // 0.01 on sums, times 50,176 values / 49 patches on means.
  lambda: 10.2,
  refinerUpdates: 2,
  discriminatorUpdates: 1,
  // As uncompressed pictures of 224x224 each entry takes 200 kB.
  historySize: 2_500,
  warmup: { refiner: 500, discriminator: 200 },
  regularizer: l1Regularizer(),
};

/**
 * A visible result in minutes on two processor cores, for pictures of 64x64: the shadows, frayed edges and holes of
 * the stand-in camera. The target of lambda, 1.8 mm over all pixels with holes at a quarter, keeps joints where they are:
 * against the stand-in camera hands move by 1.5 mm, and by 7 at a target of 0.03 with holes at their full cost.
 */
export const quickRecipe: TrainingRecipe = {
  steps: 900,
  batchSize: 8,
  optimizer: { kind: 'adam', beta1: 0.5 },
  learningRate: 2e-4,
  // Where the real hands do other things than the simulated ones, less would let fingers go.
  lambda: { start: 5, target: 0.01, range: [0.2, 500] },
  refinerUpdates: 2,
  discriminatorUpdates: 1,
  historySize: 256,
  warmup: { refiner: 0, discriminator: 50 },
  averaging: 0.995,
  refiner: quickRefiner,
  discriminator: quickDiscriminator,
};
