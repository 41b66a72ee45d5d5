import '@tensorflow/tfjs-backend-cpu';
import { parameterCount } from '@simgan/core/networks';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { type DepthHandsOptions, depthHands } from './depth-hands.ts';
import { networkValues } from './hand-image.ts';
import { paperRecipe } from './recipes.ts';

// tfjs greets every Node process on the console otherwise.
tf.enableProdMode();

test('the networks have the parameters and the receptive fields of those of the paper', () => {
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

test('a patch of the quick discriminator covers a part of a picture of 64x64', () => {
  const { image, recipes } = depthHands({ size: 64 });
  const [R, D] = [recipes.quick.refiner(image, 1), recipes.quick.discriminator(image, 1)];
  expect([R.receptiveField, D.receptiveField]).toEqual([64, 25]);
  const logits = tf.tidy(() => D.apply(tf.zeros([1, 64, 64, 1])));
  expect(logits.shape).toEqual([1, 16, 16, 2]);
  logits.dispose();
  R.dispose();
  D.dispose();
});

test('the quick discriminator distinguishes the kinds of pixels, with a gradient from each to the next', () => {
  const { image, recipes } = depthHands({ size: 64 });
  const D = recipes.quick.discriminator(image, 1);
  const { background, hole, perMillimeter } = networkValues(image);
  const logits = (value: number) => D.apply(tf.fill([1, 64, 64, 1], value));
  const change = (from: number, to: number) => tf.tidy(() => farthest(logits(from), logits(to)));
  // Their values are a tenth as far apart as the two ends of the cube.
  expect(change(background, hole)).toBeGreaterThan(0.25 * change(-1, background - 30 * perMillimeter));
  const slope = tf.tidy(() => {
    const sum = (x: tf.Tensor) => tf.sum(D.apply(x as tf.Tensor4D));
    return [background, hole].map((value) =>
      Math.max(...tf.abs(tf.grad(sum)(tf.fill([1, 64, 64, 1], value))).dataSync()),
    );
  });
  expect(Math.min(...slope)).toBeGreaterThan(0);
  D.dispose();
});

const farthest = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;

test('the default estimator is the regressor for small pictures, and hourglasses otherwise', () => {
  const shape = (options: DepthHandsOptions) => depthHands(options).estimator.outputShape;
  expect(shape({ size: 64 })).toEqual([1, 1, 42]);
  expect(shape({})).toEqual([64, 64, 56]);
  expect(shape({ size: 64, estimator: 'hourglass' })).toEqual([64, 64, 56]);
  expect(shape({ estimator: 'small' })).toEqual([32, 32, 28]);
});
