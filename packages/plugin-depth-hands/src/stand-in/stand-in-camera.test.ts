import { createRng, type Image } from '@simgan/core';
import { mean, std } from '@simgan/core/measures';
import { expect, test } from 'vitest';
import { pixelKind } from '../hand-image.ts';
import { handSimulator } from '../simulator/hand-simulator.ts';
import { standInDepthCamera } from './stand-in-camera.ts';

const size = 64;
const clean = handSimulator({ size });
const standIn = standInDepthCamera({ size });
const sample = (simulator: typeof clean, index: number) => simulator(createRng(9).fork(index));

test('a logistic regression on two features distinguishes it from clean depth', async () => {
  const labeled = [];
  for (let index = 0; index < 160; index++) {
    // Different hands on the two sides: only the rendering may distinguish them.
    const real = index % 2 === 1;
    const { image } = await sample(real ? standIn : clean, index);
    labeled.push({ features: [roughness(image), missing(image)] as const, real });
  }
  const classify = logisticRegression(labeled.slice(0, 80));
  const held = labeled.slice(80);
  const right = held.filter(({ features, real }) => classify(features) === real).length;
  expect(right / held.length).toBeGreaterThan(0.95);
});

test('it shows the same hand as the simulator, rougher, with the same annotation', async () => {
  for (let index = 0; index < 15; index++) {
    const [seen, truth] = [await sample(standIn, index), await sample(clean, index)];
    expect(seen.annotation).toEqual(truth.annotation);
    expect(roughness(seen.image)).toBeGreaterThan(roughness(truth.image));
    const errors: number[] = [];
    for (const [pixel, value] of truth.image.data.entries()) {
      if (pixelKind(value, 300) !== 'depth' || pixelKind(seen.image.data[pixel]!, 300) !== 'depth') continue;
      errors.push(Math.abs(seen.image.data[pixel]! - value));
    }
    errors.sort((a, b) => a - b);
    expect(errors.length).toBeGreaterThan(80);
    expect(errors[errors.length >> 1]).toBeLessThanOrEqual(4);
  }
});

test('it has holes in every picture, and something behind the hand in some', async () => {
  let cluttered = 0;
  for (let index = 0; index < 30; index++) {
    const [{ image }, truth] = [await sample(standIn, index), await sample(clean, index)];
    expect(missing(image)).toBeGreaterThan(0);
    const farthest =
      Math.max(...truth.annotation.joints.xyz.map(([, , z]) => z)) - truth.annotation.crop.near;
    let behind = 0;
    for (const [pixel, value] of image.data.entries()) {
      if (pixelKind(truth.image.data[pixel]!, 300) !== 'background' || pixelKind(value, 300) !== 'depth')
        continue;
      if (value > farthest + 30) behind++;
    }
    if (behind > 100) cluttered++;
  }
  expect(cluttered).toBeGreaterThan(0);
  expect(cluttered).toBeLessThan(20);
});

/** Mean second difference of neighboring depths on the hand, in mm. */
function roughness({ data }: Image): number {
  let sum = 0;
  let count = 1;
  for (let pixel = 1; pixel + 1 < data.length; pixel++) {
    const [a, b, c] = [data[pixel - 1]!, data[pixel]!, data[pixel + 1]!];
    if (Math.max(a, b, c) > 300 || Math.max(a, b, c) - Math.min(a, b, c) > 12) continue;
    sum += Math.abs(a - 2 * b + c);
    count++;
  }
  return sum / count;
}

/** Share of pixels without a measurement. */
function missing({ data }: Image): number {
  return data.filter((value) => pixelKind(value, 300) === 'invalid').length / data.length;
}

function logisticRegression(
  examples: readonly { features: readonly number[]; real: boolean }[],
): (features: readonly number[]) => boolean {
  const width = examples[0]!.features.length;
  const columns = Array.from({ length: width }, (_, i) => examples.map(({ features }) => features[i]!));
  const scales = columns.map((values) => ({ center: mean(values), deviation: std(values) }));
  const standard = (features: readonly number[]) => [
    1,
    ...scales.map(({ center, deviation }, i) => (features[i]! - center) / deviation),
  ];
  const weights = new Array<number>(width + 1).fill(0);
  const score = (x: readonly number[]) => x.reduce((sum, value, i) => sum + value * weights[i]!, 0);
  for (let step = 0; step < 500; step++) {
    for (const { features, real } of examples) {
      const x = standard(features);
      const error = (real ? 1 : 0) - 1 / (1 + Math.exp(-score(x)));
      for (const [i, value] of x.entries()) weights[i]! += 0.05 * error * value;
    }
  }
  return (features) => score(standard(features)) > 0;
}
