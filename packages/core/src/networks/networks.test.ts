import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import '../../test/cpu-backend.ts';
import type { SizedForm } from '../image.ts';
import { createRng } from '../rng.ts';
import { mean, std } from '../statistics.ts';
import { reflectPad } from './convolution.ts';
import { patchDiscriminator } from './discriminator.ts';
import { parameterCount } from './network.ts';
import { noiseBatch } from './noise.ts';
import { clampToRange, residualRefiner } from './refiner.ts';
import { variableName } from './variables.ts';

const image: SizedForm = { width: 11, height: 9, channels: 1, bits: 8 };

/** Random values in [-1, 1] as a tensor. */
function randomBatch(batch: number, { height, width, channels }: SizedForm, seed = 1): tf.Tensor4D {
  const rng = createRng(seed);
  const values = Float32Array.from({ length: batch * height * width * channels }, () => rng.next() * 2 - 1);
  return tf.tensor4d(values, [batch, height, width, channels]);
}

/** Which of the output's pixels move when one input pixel does: rows and columns that they span. */
function reach(apply: (batch: tf.Tensor4D) => tf.Tensor4D, size: number): [rows: number, columns: number] {
  const input = tf.tidy(() => randomBatch(1, { width: size, height: size, channels: 1, bits: 8 }));
  const buffer = tf.buffer(input.shape, 'float32', Float32Array.from(input.dataSync()));
  const middle = Math.floor(size / 2);
  buffer.set(-buffer.get(0, middle, middle, 0), 0, middle, middle, 0);
  const touched = buffer.toTensor() as tf.Tensor4D;
  const difference = tf.tidy(() => tf.sum(tf.abs(tf.sub(apply(touched), apply(input))), 3));
  const map = difference.arraySync() as number[][][];
  tf.dispose([input, touched, difference]);
  const rows = map[0]!.flatMap((row, y) => (row.some((value) => value !== 0) ? [y] : []));
  const columns = map[0]![0]!.flatMap((_, x) => (map[0]!.some((row) => row[x] !== 0) ? [x] : []));
  return [Math.max(...rows) - Math.min(...rows) + 1, Math.max(...columns) - Math.min(...columns) + 1];
}

test.each(['zero', 'reflect'] as const)(
  'the receptive field that a refiner states is the one it has (%s)',
  (padding) => {
    const network = residualRefiner({ width: 8, blocks: 2, kernel: 3, stem: 5, padding })(
      { ...image, width: 31, height: 31 },
      1,
    );
    expect(network.receptiveField).toBe(13);
    expect(reach((batch) => network.apply(batch), 31)).toEqual([13, 13]);
    network.dispose();
  },
);

test('the receptive field that a discriminator states is the one it has, in steps of its stride', () => {
  const network = patchDiscriminator([
    { convolution: 3, stride: 2, filters: 8 },
    { maxPool: 3 },
    { convolution: 3, filters: 8 },
  ])({ ...image, width: 41, height: 41 }, 1);
  expect(network.receptiveField).toBe(11);
  // One pixel is seen by the patches whose field holds it: every second offset of 11.
  const [rows, columns] = reach((batch) => network.apply(batch), 41);
  expect([5, 6]).toContain(rows);
  expect([5, 6]).toContain(columns);
  network.dispose();
});

test('a residual refiner starts at the identity, one with tanh does not', () => {
  const batch = randomBatch(2, image);
  const distance = (output: 'residual' | 'tanh') => {
    const network = residualRefiner({ width: 8, blocks: 2, output })(image, 3);
    const moved = tf.tidy(() => tf.mean(tf.abs(tf.sub(network.apply(batch), batch))).dataSync()[0]!);
    network.dispose();
    return moved;
  };
  expect(distance('residual')).toBeLessThan(0.01);
  expect(distance('tanh')).toBeGreaterThan(0.1);
  batch.dispose();
});

test('noise reaches the image, and is asked for where it is missing', () => {
  const network = residualRefiner({ width: 8, blocks: 1, noiseChannels: 2, noiseStd: 3 })(image, 3);
  const batch = randomBatch(1, image);
  const noise = [4, 5].map((seed) => randomBatch(1, { ...image, channels: 2 as 1 }, seed));
  const [a, b] = noise.map((values) => tf.tidy(() => [...network.apply(batch, values).dataSync()]));
  expect(a).not.toEqual(b);
  expect(() => tf.tidy(() => network.apply(batch))).toThrow('takes noise in addition to the image');
  tf.dispose([batch, ...noise]);
  network.dispose();
});

test('noise has the shape asked for, std 1, and belongs to its source', () => {
  const sources = () => [createRng(1), createRng(2)];
  const { data, shape } = noiseBatch(sources(), { width: 60, height: 50 }, 2);
  expect(shape).toEqual([2, 50, 60, 2]);
  expect(std(data)).toBeCloseTo(1, 1);
  expect(mean(data)).toBeCloseTo(0, 1);
  const swapped = noiseBatch(sources().reverse(), { width: 60, height: 50 }, 2);
  expect(swapped.data.slice(0, 6000)).toEqual(data.slice(6000));
});

test('the same seed gives the same weights, another seed others, and biases start at 0', () => {
  const weights = (seed: number) => {
    const network = residualRefiner({ width: 4, blocks: 1 })(image, seed);
    const values = network.variables.map((variable) => [...variable.dataSync()]);
    const names = network.variables.map(variableName);
    network.dispose();
    return { values, names };
  };
  expect(weights(1)).toEqual(weights(1));
  expect(weights(1).values).not.toEqual(weights(2).values);
  const { names, values } = weights(1);
  expect(new Set(names).size).toBe(names.length);
  for (const [i, name] of names.entries()) {
    expect(
      values[i]!.some((value) => value !== 0),
      name,
    ).toBe(name.endsWith('/kernel'));
  }
});

test('parameters are counted', () => {
  const network = residualRefiner({ width: 4, blocks: 1 })(image, 1);
  expect(parameterCount(network)).toBe(3 * 3 * 4 + 4 + 2 * (3 * 3 * 4 * 4 + 4) + 4 + 1);
  network.dispose();
});

test('the last layer of a discriminator has no activation: its logits take both signs', () => {
  const network = patchDiscriminator([{ convolution: 3, filters: 8 }])(image, 2);
  const batch = randomBatch(4, image);
  const logits = tf.tidy(() => network.apply(batch));
  expect(logits.shape).toEqual([4, 9, 11, 2]);
  const values = [...logits.dataSync()];
  expect(Math.min(...values)).toBeLessThan(-0.01);
  expect(Math.max(...values)).toBeGreaterThan(0.01);
  tf.dispose([batch, logits]);
  network.dispose();
});

test('reflection mirrors around the border and does not repeat it', () => {
  const rows = tf.tensor4d([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4], [1, 3, 4, 1]);
  const padded = tf.tidy(() => reflectPad(rows, 2));
  expect(padded.shape).toEqual([1, 7, 8, 1]);
  expect([...padded.dataSync()].slice(0, 8)).toEqual([3, 2, 1, 2, 3, 4, 3, 2]);
  tf.dispose([rows, padded]);
});

test('the clamp passes the gradients that lead back and stops those that lead out', () => {
  const x = tf.tensor4d([0.5, 1.5, 1.5, -1.5, -1.5], [1, 1, 5, 1]);
  // Descent moves against the gradient: at 1.5 a positive one leads back into the range.
  const slope = tf.tensor4d([3, 3, -3, -3, 3], [1, 1, 5, 1]);
  const gradient = tf.tidy(() => tf.grad((v) => tf.sum(tf.mul(clampToRange(v as tf.Tensor4D), slope)))(x));
  expect([...gradient.dataSync()]).toEqual([3, 3, 0, -3, 0]);
  const value = tf.tidy(() => clampToRange(x));
  expect([...value.dataSync()]).toEqual([0.5, 1, 1, -1, -1]);
  tf.dispose([x, slope, gradient, value]);
});

test('a global discriminator makes one decision, from all of the picture', () => {
  const layers = [{ convolution: 3, stride: 2, filters: 4 }];
  const network = patchDiscriminator(layers, { scope: 'global' })(image, 1);
  const judge = (batch: tf.Tensor4D) => network.apply(batch).dataSync();
  tf.tidy(() => {
    const zeros = tf.zeros<tf.Rank.R4>([1, 9, 11, 1]);
    expect(network.apply(zeros).shape).toEqual([1, 1, 1, 2]);
    const corner = tf.pad(tf.ones<tf.Rank.R4>([1, 2, 2, 1]), [
      [0, 0],
      [7, 0],
      [9, 0],
      [0, 0],
    ]);
    expect(judge(corner)).not.toEqual(judge(zeros));
  });
  network.dispose();
});

test('batch norm takes out what all pictures of a batch share', () => {
  const layers = [{ convolution: 3, filters: 4 }];
  for (const batchNorm of [true, false]) {
    const network = patchDiscriminator(layers, { batchNorm })(image, 1);
    tf.tidy(() => {
      const batch = randomBatch(3, image);
      const [plain, louder] = [network.apply(batch), network.apply(tf.mul(batch, 3) as tf.Tensor4D)];
      const difference = tf.max(tf.abs(tf.sub(plain, louder))).dataSync()[0]!;
      if (batchNorm) expect(difference).toBeLessThan(1e-3);
      else expect(difference).toBeGreaterThan(0.5);
    });
    expect(network.variables.some(({ name }) => name.includes('layer0/scale'))).toBe(batchNorm);
    network.dispose();
  }
});
