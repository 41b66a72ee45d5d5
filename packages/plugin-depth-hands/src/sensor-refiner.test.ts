import '@tensorflow/tfjs-backend-cpu';
import { createRng, decodeImages, encodeImages, type Image, type Pixels, simulate } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { backgroundValue, handImage, invalidValue, pixelKind } from './hand-image.ts';
import { sensorRefiner } from './sensor-refiner.ts';
import { handSimulator } from './simulator/hand-simulator.ts';

// tfjs greets every Node process on the console otherwise.
tf.enableProdMode();

const size = 32;
const form = handImage(size);
const numbers = { width: 4, blocks: 1, stem: 3, reach: 10, noiseChannels: 1 };
const pictures = (length: number) => simulate(handSimulator({ size }), { seed: 3, length });

function noiseOf(seed: number): Float32Array {
  const rng = createRng(seed);
  return Float32Array.from({ length: size * size }, () => rng.normal());
}

/** The stored values of a refined picture. */
function refined(refiner: ReturnType<ReturnType<typeof sensorRefiner>>, image: Image): Pixels {
  const { data, shape } = encodeImages([image], form);
  const output = tf.tidy(() => {
    const noise = tf.tensor4d(noiseOf(9), [1, size, size, 1]);
    return refiner.apply(
      tf.tensor4d(data as Float32Array, [...shape] as [number, number, number, number]),
      noise,
    );
  });
  const result = decodeImages({ data: output.dataSync() as Float32Array, shape: [...output.shape] }, form);
  output.dispose();
  return result[0]!.data;
}

/** A refiner whose last layer has these biases, and weights of a standard deviation. */
function withLast(biases: readonly number[], deviation = 0) {
  const refiner = sensorRefiner(numbers)(form, 1);
  const rng = createRng(4);
  for (const variable of refiner.variables.slice(-2)) {
    const values = variable.name.includes('bias')
      ? Float32Array.from(biases)
      : Float32Array.from({ length: variable.size }, () => deviation * rng.normal());
    const tensor = tf.tensor(values, variable.shape);
    variable.assign(tensor);
    tensor.dispose();
  }
  return refiner;
}

test('untrained it changes more than a millimeter at no more than a few of 1024 pixels', async () => {
  const refiner = sensorRefiner(numbers)(form, 1);
  for await (const { image } of pictures(3)) {
    const after = refined(refiner, image);
    const changed = image.data.filter((value, pixel) => Math.abs(after[pixel]! - value) > 1);
    expect(changed.length).toBeLessThanOrEqual(3);
  }
  refiner.dispose();
});

test('errors of depth have a mean of 0', async () => {
  const refiner = withLast([0, 999, 0, 0, 0], 3);
  for await (const { image } of pictures(3)) {
    const after = refined(refiner, image);
    const errors = Array.from(image.data, (value, pixel) => after[pixel]! - value);
    const changed = errors.filter((_, pixel) => pixelKind(image.data[pixel]!, 300) === 'depth');
    expect(Math.max(...changed)).toBeGreaterThan(2);
    expect(Math.min(...changed)).toBeLessThan(-2);
    expect(Math.abs(changed.reduce((a, b) => a + b) / changed.length)).toBeLessThan(0.2);
    expect(errors.filter((error) => error !== 0).length).toBeLessThanOrEqual(changed.length);
  }
  refiner.dispose();
});

test('each of its five outputs has its own effect', async () => {
  const { image } = await pictures(1).at(0);
  const around = (pixel: number, pick: (...values: number[]) => number) => {
    const [row, column] = [Math.floor(pixel / size), pixel % size];
    const values: number[] = [];
    for (let v = Math.max(0, row - 1); v <= Math.min(size - 1, row + 1); v++) {
      for (let u = Math.max(0, column - 1); u <= Math.min(size - 1, column + 1); u++) {
        values.push(image.data[v * size + u]!);
      }
    }
    return pick(...values);
  };
  const isDepth = (value: number) => pixelKind(value, 300) === 'depth';
  const noise = noiseOf(9);
  const isEdge = (pixel: number) => around(pixel, Math.max) - around(pixel, Math.min) > 25;
  /** Whether a surface is within 75 mm, 8 pixels, along rows and columns. */
  const isNearSurface = (pixel: number) =>
    image.data.some((value, other) => {
      const rows = Math.abs(Math.floor(other / size) - Math.floor(pixel / size));
      return isDepth(value) && rows <= 8 && Math.abs((other % size) - (pixel % size)) <= 8;
    });
  const mayBeLost = (value: number, pixel: number) =>
    isDepth(value) ? isEdge(pixel) && noise[pixel]! > 0.85 : isNearSurface(pixel) || noise[pixel]! > 1;
  const expected: [readonly number[], (value: number, pixel: number) => number][] = [
    // The same error everywhere has no effect, because it would move the hand.
    [[9, 0, 0, 0, 0], (value) => value],
    // A random share of the pixels at edges shows a neighbor, or nothing.
    [
      [0, -99, 99, -99, -99],
      (value, pixel) => (isEdge(pixel) && noise[pixel]! < -1.2 ? around(pixel, Math.min) : value),
    ],
    [
      [0, -99, -99, 99, -99],
      (value, pixel) => (isEdge(pixel) && noise[pixel]! < -1.2 ? around(pixel, Math.max) : value),
    ],
    // Background that may lie in a shadow is lost, and a random share of the rest.
    [[0, -99, -99, -99, 99], (value, pixel) => (mayBeLost(value, pixel) ? invalidValue(300) : value)],
  ];
  for (const [biases, of] of expected) {
    const refiner = withLast(biases);
    expect(refined(refiner, image)).toEqual(Uint16Array.from(image.data, of));
    refiner.dispose();
  }
});

test('whatever its weights, depth stays within reach of a neighbor, and surfaces are lost only at their edges', async () => {
  const refiner = withLast([0, 0, 0, 0, -1], 3);
  let moved = 0;
  for await (const { image } of pictures(4)) {
    const after = refined(refiner, image);
    for (const [pixel, value] of after.entries()) {
      const [row, column] = [Math.floor(pixel / size), pixel % size];
      const near = [-1, 0, 1].flatMap((dv) =>
        [-1, 0, 1].flatMap((du) => {
          const [u, v] = [column + du, row + dv];
          return u >= 0 && v >= 0 && u < size && v < size ? [image.data[v * size + u]!] : [];
        }),
      );
      if (value !== image.data[pixel]) moved++;
      const kind = pixelKind(value, 300);
      if (kind === 'invalid') {
        const mayBeLost =
          pixelKind(image.data[pixel]!, 300) === 'background' || Math.max(...near) - Math.min(...near) > 25;
        expect([value, mayBeLost]).toEqual([invalidValue(300), true]);
      }
      if (kind === 'background') expect(near).toContain(backgroundValue(300));
      if (kind === 'depth')
        expect(Math.min(...near.map((other) => Math.abs(other - value)))).toBeLessThanOrEqual(10);
    }
  }
  expect(moved).toBeGreaterThan(500);
  refiner.dispose();
});

test('choices that were not taken have a gradient too', async () => {
  const refiner = sensorRefiner(numbers)(form, 1);
  const { image } = await pictures(1).at(0);
  const { data, shape } = encodeImages([image], form);
  const before = tf.memory().numTensors;
  const bias = tf.tidy(() => {
    const batch = tf.tensor4d(data as Float32Array, [...shape] as [number, number, number, number]);
    const noise = tf.tensor4d(noiseOf(9), [1, size, size, 1]);
    const { grads } = tf.variableGrads(
      () => tf.sum(refiner.apply(batch, noise)) as tf.Scalar,
      [...refiner.variables],
    );
    return Array.from(grads[refiner.variables.at(-1)!.name]!.dataSync());
  });
  expect(tf.memory().numTensors).toBe(before);
  // The farthest neighbor and a hole increase depth, staying and the nearest decrease it, an error does neither.
  const [error, stay, nearest, farthest, hole] = bias as [number, number, number, number, number];
  expect(hole).toBeGreaterThan(0);
  expect(error).toBeCloseTo(0, 3);
  expect([stay, nearest].every((gradient) => gradient < 0)).toBe(true);
  expect(farthest).toBeGreaterThan(nearest);
  refiner.dispose();
});
