import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import '../../test/cpu-backend.ts';
import { adversarialLoss, discriminatorLoss, patchAccuracy, patchesOf, patchLoss } from './losses.ts';

/** [batch 1, height 1, width 3, 2]: three patches with one pair of logits each. */
const logits = () => tf.tensor4d([2, -1, 0.5, 0.5, -3, 4], [1, 1, 3, 2]);

/** -log softmax, by hand. */
const crossEntropy = (chosen: number, other: number) => Math.log(1 + Math.exp(other - chosen));

const value = (scalar: () => tf.Scalar) => tf.tidy(() => scalar().dataSync()[0]!);

test('each patch pairs its two classes, never two patches', () => {
  const patches = logits();
  expect(value(() => patchLoss(patches, 'real'))).toBeCloseTo(
    (crossEntropy(2, -1) + crossEntropy(0.5, 0.5) + crossEntropy(-3, 4)) / 3,
    6,
  );
  expect(value(() => patchLoss(patches, 'refined'))).toBeCloseTo(
    (crossEntropy(-1, 2) + crossEntropy(0.5, 0.5) + crossEntropy(4, -3)) / 3,
    6,
  );
  patches.dispose();
});

test('eq. 1 wants refined judged refined and real judged real; eq. 2 wants refined judged real', () => {
  const saysReal = tf.tensor4d([9, -9], [1, 1, 1, 2]);
  const saysRefined = tf.tensor4d([-9, 9], [1, 1, 1, 2]);
  expect(value(() => discriminatorLoss(saysRefined, saysReal))).toBeLessThan(1e-6);
  expect(value(() => discriminatorLoss(saysReal, saysRefined))).toBeCloseTo(18, 4);
  expect(value(() => discriminatorLoss(saysRefined, saysRefined))).toBeCloseTo(9, 4);
  expect(value(() => adversarialLoss(saysReal))).toBeLessThan(1e-6);
  expect(value(() => adversarialLoss(saysRefined))).toBeCloseTo(18, 4);
  tf.dispose([saysReal, saysRefined]);
});

test('the mean times the patches is the sum of the paper', () => {
  const patches = logits();
  expect(patchesOf(patches)).toBe(3);
  const sum = crossEntropy(2, -1) + crossEntropy(0.5, 0.5) + crossEntropy(-3, 4);
  expect(value(() => patchLoss(patches, 'real')) * patchesOf(patches)).toBeCloseTo(sum, 5);
  patches.dispose();
});

test('the loss is local: a patch has its own gradient and no share in another', () => {
  const patches = logits();
  const gradient = tf.tidy(() => tf.grad((x) => patchLoss(x as tf.Tensor4D, 'real'))(patches));
  const values = [...gradient.dataSync()];
  const probabilities = [
    [2, -1],
    [0.5, 0.5],
    [-3, 4],
  ].map(([real, refined]) => 1 / (1 + Math.exp(real! - refined!)));
  for (const [i, probability] of probabilities.entries()) {
    expect(values[2 * i]).toBeCloseTo(-probability / 3, 5);
    expect(values[2 * i + 1]).toBeCloseTo(probability / 3, 5);
  }
  tf.dispose([patches, gradient]);
});

test('logits of any size give a finite loss and gradient', () => {
  const huge = tf.tensor4d([1e4, -1e4], [1, 1, 1, 2]);
  expect(value(() => patchLoss(huge, 'refined'))).toBeCloseTo(2e4, 0);
  const gradient = tf.tidy(() => tf.grad((x) => patchLoss(x as tf.Tensor4D, 'refined'))(huge));
  expect([...gradient.dataSync()]).toEqual([1, -1]);
  tf.dispose([huge, gradient]);
});

test('accuracy counts patches', () => {
  const patches = logits();
  expect(value(() => patchAccuracy(patches, 'real'))).toBeCloseTo(1 / 3, 6);
  expect(value(() => patchAccuracy(patches, 'refined'))).toBeCloseTo(1 / 3, 6);
  patches.dispose();
});
