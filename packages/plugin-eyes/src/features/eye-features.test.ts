import '@tensorflow/tfjs-backend-cpu';
import { encodeImages, featureRegularizer, simulate } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { eyes } from '../eyes.ts';
import { quickColorRecipe } from '../recipes.ts';
import { eyeFeatures } from './eye-features.ts';

tf.enableProdMode();

const size = 16;
const looking = async (yaw: number) => {
  const plugin = eyes({ gazeYaw: [yaw, yaw], closedRate: 0, blinkRate: 0 });
  const images = [];
  for await (const { image } of simulate(plugin.simulator, { seed: 5, length: size })) images.push(image);
  const { data, shape } = encodeImages(images, plugin.image);
  return tf.tensor4d(data, shape as [number, number, number, number]);
};
/** One number per image. */
const perPicture = (values: tf.Tensor) => tf.mean(values, [1, 2, 3], true);
const distance = (a: tf.Tensor, b: tf.Tensor) => perPicture(tf.abs(tf.sub(a, b)));

test('features respond to a rotated eye far more than to light that changes pixels as much', async () => {
  const [ahead, aside] = [await looking(0), await looking(8)];
  const ratios = tf.tidy(() => {
    const change = distance(aside, ahead);
    const shadows = tf.tensor4d(
      Float32Array.from({ length: 35 * 55 }, (_, i) => 0.2 + (i % 55) / 55),
      [1, 35, 55, 1],
    );
    const inOtherLight = [
      tf.add(ahead, change), // brighter
      tf.mul(ahead, tf.sub(1, tf.div(change, perPicture(tf.abs(ahead))))), // paler
      tf.add(ahead, tf.div(tf.mul(shadows, change), tf.mean(shadows))), // shaded from one side
    ] as tf.Tensor4D[];
    const turned = distance(eyeFeatures(aside), eyeFeatures(ahead));
    return inOtherLight.map((lit) => {
      // Pixel by pixel both have changed as much.
      expect(tf.max(tf.abs(tf.sub(distance(lit, ahead), change))).dataSync()[0]).toBeLessThan(1e-5);
      const ratio = tf
        .div(turned, distance(eyeFeatures(lit), eyeFeatures(ahead)))
        .dataSync()
        .toSorted();
      return ratio[size / 2]!;
    });
  });
  // With random weights the ratios are about 2.4.
  for (const ratio of ratios) expect(ratio).toBeGreaterThan(2.9);
  tf.dispose([ahead, aside]);
});

test('all maps are in use and of similar magnitude, so that none dominates the distance', async () => {
  const [eye, means] = [await looking(0), [] as number[]];
  means.push(...tf.tidy(() => tf.mean(eyeFeatures(eye), [0, 1, 2]).dataSync()));
  expect(means.length).toBe(32);
  expect(means.filter((mean) => mean > 0.3 && mean < 3).length).toBeGreaterThan(24);
  eye.dispose();
});

test('images of any size are compared, gray or RGB, and weights have a fingerprint', async () => {
  const values = tf.tidy(() => {
    const gray = tf.randomUniform([1, 11, 17, 1], -1, 1, 'float32', 1) as tf.Tensor4D;
    const colors = tf.tile(gray, [1, 1, 1, 3]) as tf.Tensor4D;
    const gap = tf.max(tf.abs(tf.sub(eyeFeatures(gray), eyeFeatures(colors))));
    return [gap, featureRegularizer(eyeFeatures)(tf.neg(gray), gray)].map((value) => value.dataSync()[0]!);
  });
  expect(values[0]).toBeLessThan(1e-5);
  expect(values[1]).toBeGreaterThan(0.1);
  expect(eyeFeatures.fingerprint!()).toMatch(/^[0-9a-f]{16}$/);
});

test('the color recipe anchors colors, which the features do not see', () => {
  const [seen, held] = tf.tidy(() => {
    const eye = tf.randomUniform([1, 20, 30, 3], -0.5, 0.5, 'float32', 1) as tf.Tensor4D;
    const tinted = tf.add(eye, tf.tensor1d([-0.2, 0.1, 0.1])) as tf.Tensor4D;
    return [featureRegularizer(eyeFeatures), quickColorRecipe.regularizer!].map(
      (regularizer) => regularizer(tinted, eye).dataSync()[0]!,
    );
  });
  expect(seen).toBeLessThan(1e-4);
  expect(held).toBeGreaterThan(0.05);
  expect(quickColorRecipe.regularizer!.fingerprint!()).toBe(eyeFeatures.fingerprint!());
});
