import '@tensorflow/tfjs-backend-cpu';
import { parameterCount } from '@simgan/core/networks';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { handImage } from '../hand-image.ts';
import { hourglassNumbers } from './hand-estimator.ts';
import { mapGrid, stackedHourglass } from './hourglass.ts';

// tfjs greets every Node process on the console otherwise.
tf.enableProdMode();

test('maps cover the picture, with as little padding as whole strides allow', () => {
  expect(mapGrid(224, 64)).toEqual({ stride: 4, border: 16 });
  expect(mapGrid(64, 64)).toEqual({ stride: 1, border: 0 });
  expect(mapGrid(64, 32)).toEqual({ stride: 2, border: 0 });
  expect(mapGrid(97, 64)).toEqual({ stride: 2, border: 16 });
  expect(mapGrid(20, 32)).toEqual({ stride: 1, border: 6 });
});

test.each([20, 32, 50, 64])(
  'a picture of %i pixels gives maps of the same size for each hourglass',
  (size) => {
    const image = handImage(size);
    const network = stackedHourglass({ stacks: 2, width: 4, side: 16, depth: 2, answers: 3 })(image, 1);
    const maps = tf.tidy(() => network.apply(tf.zeros([2, size, size, 1])));
    expect(maps.shape).toEqual([2, 16, 16, 6]);
    maps.dispose();
    network.dispose();
  },
);

test('every hourglass sees the whole picture, and the second also the output of the first', () => {
  const image = handImage(32);
  const network = stackedHourglass({ stacks: 2, width: 8, side: 16, depth: 3, answers: 1 })(image, 1);
  tf.tidy(() => {
    // Blocks start as the identity; a little noise makes them look.
    for (const variable of network.variables) {
      variable.assign(tf.add(variable, tf.randomNormal(variable.shape, 0, 0.1, 'float32', 3)));
    }
    const picture = tf.fill([1, 32, 32, 1], 0.2) as tf.Tensor4D;
    const dot = tf.pad(tf.ones([1, 2, 2, 1]), [
      [0, 0],
      [30, 0],
      [30, 0],
      [0, 0],
    ]);
    const at = (batch: tf.Tensor4D, stack: number) => {
      return network.apply(batch).dataSync()[stack]!;
    };
    for (const stack of [0, 1]) {
      const [plain, dotted] = [at(picture, stack), at(tf.add(picture, dot) as tf.Tensor4D, stack)];
      expect(dotted).not.toBe(plain);
    }
    const answer = network.variables.find(({ name }) => name.startsWith('stack0/answer/bias'))!;
    const before = at(picture, 1);
    answer.assign(tf.add(answer, 1));
    expect(at(picture, 1)).not.toBe(before);
  });
  network.dispose();
});

test('the hourglass for a GPU has 1.6 million parameters', () => {
  const network = stackedHourglass({ ...hourglassNumbers, answers: 28 })(handImage(224), 1);
  expect(parameterCount(network)).toBe(1_564_856);
  network.dispose();
});
