import '@tensorflow/tfjs-backend-cpu';
import { encodeImages, imageOf, l1Regularizer } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { backgroundValue, handImage, invalidValue } from './hand-image.ts';
import { holesMasked } from './regularizer.ts';

// tfjs greets every Node process on the console otherwise.
tf.enableProdMode();

const form = handImage(2, 300);
const [wall, hole] = [backgroundValue(300), invalidValue(300)];
const regularizer = holesMasked(form);

/** The regularizer of pictures of four pixels, in mm of one pixel. */
function millimeters(refined: number[], synthetic: number[], of = regularizer): number {
  const batch = (values: number[]) => {
    const { data, shape } = encodeImages([imageOf(Uint16Array.from(values), form)], form);
    return tf.tensor4d(data, shape as [number, number, number, number]);
  };
  return tf.tidy(() => of(batch(refined), batch(synthetic)).dataSync()[0]!) * 4 * 180;
}

test('without new holes it equals the L1 of the paper', () => {
  const pairs: [number[], number[]][] = [
    [
      [100, 50, 300, wall],
      [90, 60, 250, wall],
    ],
    [
      [100, 50, wall, wall],
      [90, 60, 250, hole],
    ],
  ];
  for (const [refined, synthetic] of pairs) {
    const paper = millimeters(refined, synthetic, l1Regularizer());
    expect(millimeters(refined, synthetic)).toBeCloseTo(paper, 3);
    expect(paper).toBeGreaterThan(0);
  }
});

test('a hole is the same small change everywhere in a hand, and a smaller one in the background', () => {
  for (const depth of [20, 100, 290]) {
    expect(millimeters([hole, 50, 60, wall], [depth, 50, 60, wall])).toBeCloseTo(30, 2);
  }
  expect(millimeters([100, 50, 60, hole], [100, 50, 60, wall])).toBeCloseTo(10, 2);
  expect(millimeters([100, 50, 60, hole], [100, 50, 60, hole])).toBe(0);
  const gradient = tf.tidy(() => {
    const synthetic = tf.fill([1, 2, 2, 1], -0.5) as tf.Tensor4D;
    const slope = tf.grad((x) => regularizer(x as tf.Tensor4D, synthetic));
    return Array.from(slope(tf.tensor4d([0.95, -0.4, -0.6, -0.5], [1, 2, 2, 1])).dataSync());
  });
  // The hole is pulled back to the background.
  expect(gradient).toEqual([0.25, 0.25, -0.25, 0]);
});
