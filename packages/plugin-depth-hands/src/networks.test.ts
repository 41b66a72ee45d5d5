import '@tensorflow/tfjs-backend-cpu';
import { parameterCount } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { depthHands } from './depth-hands.ts';
import { paperRecipe } from './recipes.ts';

// tfjs greets every Node process on the console otherwise.
tf.enableProdMode();

test('the networks have the size and the sight of those of the paper', () => {
  const { image, refiner, discriminator } = depthHands();
  expect(image).toMatchObject({ width: 224, height: 224, channels: 1, bits: 16 });
  const [R, D] = [refiner(image, 1), discriminator(image, 1)];
  expect(parameterCount(R)).toBe(741_825);
  expect(parameterCount(D)).toBe(178_050);
  expect([R.receptiveField, D.receptiveField]).toEqual([47, 71]);
  const logits = tf.tidy(() => D.apply(tf.zeros([1, 224, 224, 1])));
  expect(logits.shape).toEqual([1, 7, 7, 2]);
  logits.dispose();
  R.dispose();
  D.dispose();
});

test('the recipe of the paper takes two refiner steps for each discriminator step', () => {
  expect([paperRecipe.refinerUpdates, paperRecipe.discriminatorUpdates]).toEqual([2, 1]);
  expect(paperRecipe.warmup).toEqual({ refiner: 500, discriminator: 200 });
});
