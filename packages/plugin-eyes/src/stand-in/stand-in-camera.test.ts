import { createRng, type Image, type Simulated, type Simulator } from '@simgan/core';
import { expect, test } from 'vitest';
import type { CompleteEyeAnnotation } from '../annotation.ts';
import { eyeSimulator } from '../simulator/eye-simulator.ts';
import { standInCamera } from './stand-in-camera.ts';

const rng = createRng(31);

test('labels are those of the simulator for the same numbers: the camera moves nothing', async () => {
  const [simulate, photograph] = [eyeSimulator(), standInCamera()];
  for (let i = 0; i < 20; i++) {
    const [rendered, seen] = [await simulate(rng.fork(i)), await photograph(rng.fork(i))];
    expect(seen.annotation).toEqual(rendered.annotation);
    expect(seen.image).not.toEqual(rendered.image);
    expect(await photograph(rng.fork(i))).toEqual(seen);
  }
});

test('grey pictures use all greys about equally often, as equalised ones do', async () => {
  for (const { image } of await many(standInCamera(), 10, 'grey')) {
    const eighths = new Array<number>(8).fill(0);
    for (const value of image) eighths[value >> 5]! += 1 / image.length;
    for (const share of eighths) expect(Math.abs(share - 0.125)).toBeLessThan(0.06);
  }
});

test('every channel has its own noise, which renderings lack', async () => {
  const options = { width: 55, height: 35, color: true };
  const tint = async (simulator: Simulator<CompleteEyeAnnotation>) =>
    (await many(simulator, 30, 'noise')).reduce((sum, { image }) => sum + features(image, 55, 3)[5]! / 30, 0);
  expect(await tint(standInCamera(options))).toBeGreaterThan(1.5 * (await tint(eyeSimulator(options))));
});

async function many(
  simulator: Simulator<CompleteEyeAnnotation>,
  count: number,
  purpose: string,
): Promise<Simulated<CompleteEyeAnnotation>[]> {
  const samples: Simulated<CompleteEyeAnnotation>[] = [];
  for (let i = 0; i < count; i++) samples.push(await simulator(rng.fork(purpose).fork(i)));
  return samples;
}

/** Plain measures of a picture: mean, spread, fine grain, edges, grain in its calmest half, and grain of its colour. */
function features(image: Image, width: number, channels: number): number[] {
  let mean = 0;
  for (const value of image) mean += value / image.length;
  let variance = 0;
  for (const value of image) variance += (value - mean) ** 2 / image.length;
  const grain: number[] = [];
  let edges = 0;
  const row = width * channels;
  for (let i = row + channels; i < image.length - row - channels; i++) {
    const [left, right, up, down] = [
      image[i - channels]!,
      image[i + channels]!,
      image[i - row]!,
      image[i + row]!,
    ];
    grain.push(Math.abs(4 * image[i]! - left - right - up - down));
    edges += Math.hypot(right - left, down - up);
  }
  grain.sort((a, b) => a - b);
  const tint: number[] = [];
  if (channels === 3) {
    const redness = (i: number) => image[i]! - image[i + 1]!;
    for (let i = 3; i < image.length - 3; i += 3)
      tint.push(Math.abs(2 * redness(i) - redness(i - 3) - redness(i + 3)));
  }
  const logMean = (values: number[]) =>
    Math.log(1 + values.reduce((sum, value) => sum + value, 0) / values.length);
  return [
    mean,
    Math.sqrt(variance),
    logMean(grain),
    Math.log(1 + edges / image.length),
    logMean(grain.slice(0, grain.length >> 1)),
    ...(channels === 3 ? [logMean(tint)] : []),
  ];
}

test.each([
  ['grey', { width: 55, height: 35, color: false }],
  ['colour', { width: 55, height: 35, color: true }],
] as const)(
  'a logistic regression on plain measures tells it from the simulator in %s',
  async (_, options) => {
    const channels = options.color ? 3 : 1;
    const measure = async (simulator: Simulator<CompleteEyeAnnotation>, purpose: string) =>
      (await many(simulator, 200, purpose)).map(({ image }) => features(image, options.width, channels));
    const rendered = await measure(eyeSimulator(options), 'rendered');
    const seen = await measure(standInCamera(options), 'seen');
    const accuracy = logistic(
      [rendered.slice(0, 120), seen.slice(0, 120)],
      [rendered.slice(120), seen.slice(120)],
    );
    expect(accuracy).toBeGreaterThan(0.95);
  },
);

/** Logistic regression on standardised measures, by plain gradient descent: the share of `held` it gets right. */
function logistic(
  [a, b]: readonly [number[][], number[][]],
  [heldA, heldB]: readonly [number[][], number[][]],
): number {
  const known = [...a, ...b];
  const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const scales = a[0]!.map((_, k) => {
    const column = known.map((row) => row[k]!);
    const mean = average(column);
    return { mean, deviation: Math.sqrt(average(column.map((value) => (value - mean) ** 2))) };
  });
  const standardized = (row: number[]) => [
    1,
    ...row.map((v, k) => (v - scales[k]!.mean) / scales[k]!.deviation),
  ];
  const rows = known.map(standardized);
  const weights = new Array<number>(rows[0]!.length).fill(0);
  const score = (row: number[]) => row.reduce((sum, value, k) => sum + value * weights[k]!, 0);
  for (let step = 0; step < 1000; step++) {
    const errors = rows.map((row, i) => (i < a.length ? 0 : 1) - 1 / (1 + Math.exp(-score(row))));
    for (const k of weights.keys()) weights[k]! += average(errors.map((error, i) => error * rows[i]![k]!));
  }
  const right =
    heldA.filter((row) => score(standardized(row)) < 0).length +
    heldB.filter((row) => score(standardized(row)) > 0).length;
  return right / (heldA.length + heldB.length);
}
