import type { Size, TrainingRecipe } from '@simgan/core';

/**
 * Training in minutes on two CPU cores, on random crops. Lambda is controlled to a target of the mean change of a value in
 * [-1, 1], so that the same numbers serve pictures of any kind; the corrections of light that bring the two folders
 * closer are found first, as they need no network.
 */
export function quickRecipe(crop: Size): TrainingRecipe {
  return {
    steps: 600,
    batchSize: 16,
    optimizer: { kind: 'adam', beta1: 0.5 },
    learningRate: 3e-4,
    lambda: { start: 5, target: 0.06 },
    refinerUpdates: 1,
    discriminatorUpdates: 1,
    historySize: 1024,
    warmup: { refiner: 0, discriminator: 50 },
    averaging: 0.995,
    steering: { every: 100 },
    match: 'auto',
    crop,
  };
}
