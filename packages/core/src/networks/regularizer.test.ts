import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import '../../test/cpu-backend.ts';
import { l1Regularizer, meanOfChannels, type Regularizer, regionMeans, weightedSum } from './regularizer.ts';

const at = (regularizer: Regularizer, refined: tf.Tensor4D, synthetic: tf.Tensor4D) =>
  tf.tidy(() => regularizer(refined, synthetic).dataSync()[0]!);

test('it is the mean over batch, pixels and channels, whatever the size', () => {
  for (const shape of [
    [1, 2, 2, 1],
    [3, 8, 5, 3],
  ] as [number, number, number, number][]) {
    const zero = tf.zeros(shape) as tf.Tensor4D;
    const moved = tf.fill(shape, -0.25) as tf.Tensor4D;
    expect(at(l1Regularizer(), moved, zero)).toBeCloseTo(0.25, 6);
    expect(at(l1Regularizer(), zero, zero)).toBe(0);
    tf.dispose([zero, moved]);
  }
});

test('the gradient is the sign over the number of values, and exactly 0 where nothing differs', () => {
  const synthetic = tf.tensor4d([0, 0, 0, 0], [1, 2, 2, 1]);
  const refined = tf.tensor4d([1, -1, 0, 0.5], [1, 2, 2, 1]);
  const gradient = tf.tidy(() => tf.grad((x) => l1Regularizer()(x as tf.Tensor4D, synthetic))(refined));
  expect([...gradient.dataSync()]).toEqual([0.25, -0.25, 0, 0.25]);
  tf.dispose([synthetic, refined, gradient]);
});

test('the mean of the channels lets colors move but not shading; regions hold their color', () => {
  const gray = tf.fill([1, 4, 4, 3], 0.1) as tf.Tensor4D;
  const tinted = tf.tidy(() => tf.add(gray, tf.tensor1d([0.2, 0, -0.2])) as tf.Tensor4D);
  const brighter = tf.add(gray, 0.2) as tf.Tensor4D;
  expect(at(l1Regularizer(meanOfChannels), tinted, gray)).toBeCloseTo(0, 6);
  expect(at(l1Regularizer(meanOfChannels), brighter, gray)).toBeCloseTo(0.2, 6);
  expect(at(l1Regularizer(regionMeans(2)), tinted, gray)).toBeCloseTo(0.4 / 3, 6);
  const both = weightedSum([
    [2, l1Regularizer(meanOfChannels)],
    [3, l1Regularizer(regionMeans(2))],
  ]);
  expect(at(both, brighter, gray)).toBeCloseTo(2 * 0.2 + 3 * 0.2, 5);
  tf.dispose([gray, tinted, brighter]);
});
