import { l1Regularizer, type TrainingRecipe } from '@simgan/core';
import { quickDiscriminator, quickRefiner } from './networks.ts';

/**
 * The numbers of the paper for hands: two refiner steps per discriminator step, 500 and 200 steps of warm-up.
 * Not stated there, and chosen here: lambda, batch size, history size and the number of steps.
 */
export const paperRecipe = {
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
} satisfies TrainingRecipe;

/**
 * A visible result in minutes on two CPU cores, for pictures of 64x64: the shadows, frayed edges and holes of
 * the stand-in camera. What may move is bounded by the refiner; the target of lambda, 1.8 mm averaged over all pixels,
 * where a pixel that a hand loses counts 30 mm and one of the background 10 mm, is about what the camera does.
 */
export const quickRecipe = {
  steps: 350,
  batchSize: 8,
  optimizer: { kind: 'adam', beta1: 0.5 },
  learningRate: 4e-4,
  lambda: { start: 5, target: 0.01, gain: 0.01, range: [3, 200] },
  refinerUpdates: 2,
  discriminatorUpdates: 1,
  historySize: 256,
  warmup: { refiner: 0, discriminator: 50 },
  averaging: 0.98,
  // Of a hand's pixels; dropouts at its outline are the camera's, a moved outline is not.
  steering: { every: 50, labelShift: 0.1 },
  refiner: quickRefiner,
  discriminator: quickDiscriminator,
} satisfies TrainingRecipe;
