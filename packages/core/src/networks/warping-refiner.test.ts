import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import '../../test/cpu-backend.ts';
import { displacementMap, type Point } from '../geometry/index.ts';
import { createImage, decodeImages, encodeImages, type Image, type SizedForm } from '../image.ts';
import { createRng } from '../rng.ts';
import type { Refiner } from './network.ts';
import { noiseBatch } from './noise.ts';
import { residualRefiner } from './refiner.ts';
import { sampleAt } from './sampling.ts';
import { warpingRefiner } from './warping-refiner.ts';

const image: SizedForm = { width: 18, height: 14, channels: 1, bits: 8 };
const pixels = residualRefiner({ width: 4, blocks: 1, output: 'residual', noiseChannels: 1 });
const build = warpingRefiner(pixels, { encoder: [4, 4] });

/** Rings about a place: pictures on which every displacement shows. */
function rings(form: SizedForm, count = 2) {
  return Array.from({ length: count }, (_, k) => {
    const picture = createImage(form);
    for (let i = 0; i < picture.data.length; i++) {
      const pixel = Math.floor(i / form.channels);
      const [x, y] = [(pixel % form.width) - 6 - k, Math.floor(pixel / form.width) - 7];
      picture.data[i] = Math.round(127 + 100 * Math.sin(Math.hypot(x, y) + (i % form.channels)));
    }
    return picture;
  });
}

function inputs(refiner: Refiner, form = image, count = 2): [tf.Tensor4D, tf.Tensor4D] {
  const { data, shape } = encodeImages(rings(form, count), form);
  const sources = Array.from({ length: count }, (_, i) => createRng(1).fork(i));
  const noise = noiseBatch(sources, form, refiner.noiseChannels);
  return [asTensor(data, shape), asTensor(noise.data, noise.shape)];
}

function asTensor(data: Float32Array, shape: readonly number[]): tf.Tensor4D {
  return tf.tensor4d(data, shape as [number, number, number, number]);
}

/** The value of a picture between its pixels' centers. */
function linearAt({ data, width, height, channels }: Image, [x, y]: Point, channel: number): number {
  let sum = 0;
  const [nearX, nearY] = [Math.min(width - 0.5, Math.max(0.5, x)), Math.min(height - 0.5, Math.max(0.5, y))];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const weight =
        Math.max(0, 1 - Math.abs(column + 0.5 - nearX)) * Math.max(0, 1 - Math.abs(row + 0.5 - nearY));
      sum += weight * data[(row * width + column) * channels + channel]!;
    }
  }
  return sum;
}

/** Moves all weights a little, so that the refiner leaves the identity. */
function nudge({ variables }: Refiner, amount = 0.15): void {
  const rng = createRng(3);
  for (const variable of variables) {
    const noise = Float32Array.from({ length: variable.size }, () => amount * rng.normal());
    tf.tidy(() => variable.assign(tf.add(variable, tf.tensor(noise, variable.shape))));
  }
}

test('a warping refiner starts at the identity', () => {
  const refiner = build(image, 1);
  tf.tidy(() => {
    const [batch, noise] = inputs(refiner);
    const { refined, moved, displacement } = refiner.warping!.refine(batch, noise);
    expect(tf.max(tf.abs(displacement)).dataSync()[0]).toBeLessThan(0.2);
    expect(tf.mean(tf.abs(tf.sub(moved, batch))).dataSync()[0]).toBeLessThan(0.05);
    expect(tf.mean(tf.abs(tf.sub(refined, batch))).dataSync()[0]).toBeLessThan(0.05);
  });
  refiner.dispose();
});

test('its pictures are moved exactly as the map of its field says, at any share', () => {
  for (const channels of [1, 3] as const) {
    const form = { ...image, channels };
    const refiner = build(form, 1);
    nudge(refiner);
    for (const share of [1, 0.4]) {
      tf.tidy(() => {
        const [batch, noise] = inputs(refiner, form);
        const { moved, field, displacement } = refiner.warping!.refine(
          batch,
          noise,
          tf.fill([2, 1, 1, 1], share),
        );
        const { rows, columns } = refiner.warping!.grid;
        expect(field.shape).toEqual([2, rows, columns, 2]);
        const values = field.dataSync();
        const pictures = decodeImages({ data: moved.dataSync() as Float32Array, shape: moved.shape }, form);
        const own = displacement.dataSync();
        for (const [i, picture] of rings(form).entries()) {
          const grid = values.slice(i * rows * columns * 2, (i + 1) * rows * columns * 2);
          const map = displacementMap(form, { rows, columns, values: grid });
          expect(pictures[i]!.data).not.toEqual(picture.data);
          for (const [at, value] of pictures[i]!.data.entries()) {
            const [channel, pixel] = [at % channels, Math.floor(at / channels)];
            const place = map.source([(pixel % form.width) + 0.5, Math.floor(pixel / form.width) + 0.5]);
            expect(Math.abs(value - linearAt(picture, place, channel))).toBeLessThan(1);
          }
          for (const [x, y] of [
            [0, 0],
            [5, 9],
            [17, 13],
          ] as const) {
            const at = 2 * ((i * form.height + y) * form.width + x);
            const [sourceX, sourceY] = map.source([x + 0.5, y + 0.5]);
            expect(own[at]).toBeCloseTo(sourceX - x - 0.5, 4);
            expect(own[at + 1]).toBeCloseTo(sourceY - y - 0.5, 4);
          }
        }
      });
    }
    refiner.dispose();
  }
});

test('the field depends on the noise and on the picture', () => {
  const refiner = build(image, 1);
  nudge(refiner);
  tf.tidy(() => {
    const [batch, noise] = inputs(refiner);
    const fieldOf = (pictures: tf.Tensor4D, normals: tf.Tensor4D) => [
      ...refiner.warping!.refine(pictures, normals).field.dataSync(),
    ];
    const field = fieldOf(batch, noise);
    expect(fieldOf(batch, tf.neg(noise))).not.toEqual(field);
    expect(fieldOf(tf.neg(batch), noise)).not.toEqual(field);
    expect(() => refiner.apply(batch)).toThrow('takes noise');
    expect(() => refiner.apply(tf.zeros([1, 9, 9, 1]), noise)).toThrow(
      'made for pictures of 18 x 14, not 9 x 9',
    );
  });
  refiner.dispose();
});

test('strokes become as wide as the most of their neighbors, or as thin as the least, and no field moves for it', () => {
  const refiner = warpingRefiner(pixels, { encoder: [4], stroke: true })(image, 1);
  const bias = refiner.variables.at(-1)!;
  const square = tf.tidy(() => {
    const ones = tf.pad(tf.ones([1, 4, 4, 1]), [
      [0, 0],
      [5, 5],
      [7, 7],
      [0, 0],
    ]);
    return tf.sub<tf.Tensor4D>(tf.mul(ones, 2), 1);
  });
  const areaWith = (width: number) =>
    tf.tidy(() => {
      for (const variable of refiner.variables) variable.assign(tf.zerosLike(variable));
      const values = new Float32Array(bias.size);
      values[bias.size - 1] = width;
      bias.assign(tf.tensor1d(values));
      const noise: tf.Tensor4D = tf.zeros([1, 14, 18, 2]);
      const { moved } = refiner.warping!.refine(square, noise);
      return tf.sum(tf.div(tf.add(moved, 1), 2)).dataSync()[0]!;
    });
  expect(areaWith(20)).toBeCloseTo(36, 4);
  expect(areaWith(0)).toBeCloseTo(16, 4);
  expect(areaWith(-20)).toBeCloseTo(4, 4);
  tf.dispose(square);
  refiner.dispose();
});

test('sampling has the gradients of its formula, in picture and displacement', () => {
  tf.tidy(() => {
    const rng = createRng(2);
    const random = (shape: number[], scale: number) =>
      tf.tensor(
        Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => scale * rng.normal()),
        shape,
      );
    const batch = random([1, 5, 6, 2], 1) as tf.Tensor4D;
    const displacement = random([1, 5, 6, 2], 1.3) as tf.Tensor4D;
    const weights = random([1, 5, 6, 2], 1);
    const loss = (pictures: tf.Tensor4D, places: tf.Tensor4D) =>
      tf.sum(tf.mul(sampleAt(pictures, places), weights)) as tf.Scalar;
    const [byPicture, byPlace] = tf.grads((a, b) => loss(a as tf.Tensor4D, b as tf.Tensor4D))([
      batch,
      displacement,
    ]);
    const numeric = (which: 0 | 1, at: number) => {
      const shifted = (by: number) => {
        const args = [batch, displacement].map((tensor, i) => {
          const values = tensor.dataSync().slice();
          if (i === which) values[at]! += by;
          return tf.tensor(values, tensor.shape) as tf.Tensor4D;
        }) as [tf.Tensor4D, tf.Tensor4D];
        return loss(...args).dataSync()[0]!;
      };
      return (shifted(1e-2) - shifted(-1e-2)) / 2e-2;
    };
    for (const at of [0, 7, 23, 41, 59]) {
      expect(byPicture!.dataSync()[at]).toBeCloseTo(numeric(0, at), 2);
      expect(byPlace!.dataSync()[at]).toBeCloseTo(numeric(1, at), 2);
    }
  });
});

test('depth is copied, never mixed, and learns where to copy from as if it were mixed', () => {
  tf.tidy(() => {
    const rows = tf.tensor4d([0, 0, 1, 1, 0, 0, 1, 1], [1, 2, 4, 1]);
    const shift = (x: number): tf.Tensor4D => tf.tile(tf.tensor4d([x, 0], [1, 1, 1, 2]), [1, 2, 4, 1]);
    expect([...sampleAt(rows, shift(0.4), 'nearest').dataSync()]).toEqual([...rows.dataSync()]);
    expect([...sampleAt(rows, shift(0.6), 'nearest').dataSync()]).toEqual([0, 1, 1, 1, 0, 1, 1, 1]);
    const slopes = (['linear', 'nearest'] as const).map((filter) =>
      tf
        .grad((places) => tf.sum(sampleAt(rows, places as tf.Tensor4D, filter)))(shift(0.3))
        .dataSync(),
    );
    // Across, where a neighboring row has the same values, both say the same.
    const across = slopes.map((values) =>
      [...values].filter((_, i) => i % 2 === 0).map((v) => Math.round(v * 1e4)),
    );
    expect(across[1]).toEqual(across[0]);
    expect(across[0]!.some((value) => value !== 0)).toBe(true);
    const refiner = warpingRefiner(pixels, { encoder: [4] })({ ...image, bits: 16 }, 1);
    nudge(refiner);
    const [batch, noise] = inputs(refiner);
    const { moved } = refiner.warping!.refine(batch, noise);
    const known = new Set(batch.dataSync());
    expect([...moved.dataSync()].every((value) => known.has(value))).toBe(true);
    expect([...moved.dataSync()]).not.toEqual([...batch.dataSync()]);
    refiner.dispose();
  });
});

test('pictures of too few pixels are refused when the network is built', () => {
  expect(() => build({ ...image, width: 3, height: 4 }, 1)).toThrow('3 x 4 pixels are fewer');
});
