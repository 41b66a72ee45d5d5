import '@tensorflow/tfjs-backend-cpu';
import { parameterCount } from '@simgan/core/networks';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { eyes } from './eyes.ts';
import { paperRecipe } from './recipes.ts';

// tfjs greets every Node process on the console otherwise.
tf.enableProdMode();

test('the networks have the parameters and receptive fields of those of the paper', async () => {
  const { image, refiner, discriminator } = eyes();
  const [R, D] = [refiner(image, 1), discriminator(image, 1)];
  expect(parameterCount(R)).toBe(296_129);
  expect(parameterCount(D)).toBe(75_906);
  expect([R.receptiveField, D.receptiveField]).toEqual([19, 23]);
  const logits = tf.tidy(() => D.apply(tf.zeros([1, 35, 55, 1])));
  expect(logits.shape).toEqual([1, 9, 14, 2]);
  logits.dispose();
  R.dispose();
  D.dispose();
});

test('the recipe of the paper takes fifty refiner steps for each discriminator step', () => {
  expect([paperRecipe.refinerUpdates, paperRecipe.discriminatorUpdates]).toEqual([50, 1]);
  expect([paperRecipe.batchSize, paperRecipe.learningRate]).toEqual([512, 0.001]);
  expect(paperRecipe.warmup).toEqual({ refiner: 1000, discriminator: 200 });
});
