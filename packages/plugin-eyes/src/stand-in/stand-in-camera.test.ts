import { createRng, type Image, type Simulated, type Simulator } from '@simgan/core';
import { mean, std } from '@simgan/core/measures';
import { expect, test } from 'vitest';
import type { CompleteEyeAnnotation } from '../annotation.ts';
import { eyeSimulator } from '../simulator/eye-simulator.ts';
import { standInCamera } from './stand-in-camera.ts';

const rng = createRng(31);

test('labels are those of the simulator for the same seed: the camera moves nothing', async () => {
  const [simulate, photograph] = [eyeSimulator(), standInCamera()];
  for (let i = 0; i < 20; i++) {
    const [rendered, seen] = [await simulate(rng.fork(i)), await photograph(rng.fork(i))];
    expect(seen.annotation).toEqual(rendered.annotation);
    expect(seen.image).not.toEqual(rendered.image);
    expect(await photograph(rng.fork(i))).toEqual(seen);
  }
});

test('the histogram of gray pictures is flat, as after equalization', async () => {
  for (const { image } of await many(standInCamera(), 10, 'gray')) {
    const eighths = new Array<number>(8).fill(0);
    for (const value of image.data) eighths[value >> 5]! += 1 / image.data.length;
    for (const share of eighths) expect(Math.abs(share - 0.125)).toBeLessThan(0.06);
  }
});

test('every channel has its own noise, which renderings lack', async () => {
  const options = { width: 55, height: 35, color: true };
  const tint = async (simulator: Simulator<CompleteEyeAnnotation>) =>
    (await many(simulator, 30, 'noise')).reduce((sum, { image }) => sum + features(image)[5]! / 30, 0);
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

/** Simple statistics of a picture: mean, standard deviation, fine grain, edges, grain in its calmest half, and grain of its color. */
function features({ width, channels, data }: Image): number[] {
  const grain: number[] = [];
  let edges = 0;
  const row = width * channels;
  for (let i = row + channels; i < data.length - row - channels; i++) {
    const [left, right, up, down] = [
      data[i - channels]!,
      data[i + channels]!,
      data[i - row]!,
      data[i + row]!,
    ];
    grain.push(Math.abs(4 * data[i]! - left - right - up - down));
    edges += Math.hypot(right - left, down - up);
  }
  grain.sort((a, b) => a - b);
  const tint: number[] = [];
  if (channels === 3) {
    const redness = (i: number) => data[i]! - data[i + 1]!;
    for (let i = 3; i < data.length - 3; i += 3)
      tint.push(Math.abs(2 * redness(i) - redness(i - 3) - redness(i + 3)));
  }
  const logMean = (values: number[]) => Math.log(1 + mean(values));
  return [
    mean(data),
    std(data),
    logMean(grain),
    Math.log(1 + edges / data.length),
    logMean(grain.slice(0, grain.length >> 1)),
    ...(channels === 3 ? [logMean(tint)] : []),
  ];
}

test.each([
  ['gray', { width: 55, height: 35, color: false }],
  ['color', { width: 55, height: 35, color: true }],
] as const)(
  'a logistic regression on simple statistics separates it from the simulator in %s',
  async (_, options) => {
    const measure = async (simulator: Simulator<CompleteEyeAnnotation>, purpose: string) =>
      (await many(simulator, 200, purpose)).map(({ image }) => features(image));
    const rendered = await measure(eyeSimulator(options), 'rendered');
    const seen = await measure(standInCamera(options), 'seen');
    const accuracy = logistic(
      [rendered.slice(0, 120), seen.slice(0, 120)],
      [rendered.slice(120), seen.slice(120)],
    );
    expect(accuracy).toBeGreaterThan(0.95);
  },
);

/** The accuracy on held-out pictures of a logistic regression on standardized statistics, by gradient descent. */
function logistic(
  [a, b]: readonly [number[][], number[][]],
  [heldA, heldB]: readonly [number[][], number[][]],
): number {
  const known = [...a, ...b];
  const scales = a[0]!.map((_, k) => {
    const column = known.map((row) => row[k]!);
    return { mean: mean(column), std: std(column) };
  });
  const standardized = (row: number[]) => [1, ...row.map((v, k) => (v - scales[k]!.mean) / scales[k]!.std)];
  const rows = known.map(standardized);
  const weights = new Array<number>(rows[0]!.length).fill(0);
  const score = (row: number[]) => row.reduce((sum, value, k) => sum + value * weights[k]!, 0);
  for (let step = 0; step < 1000; step++) {
    const errors = rows.map((row, i) => (i < a.length ? 0 : 1) - 1 / (1 + Math.exp(-score(row))));
    for (const k of weights.keys()) weights[k]! += mean(errors.map((error, i) => error * rows[i]![k]!));
  }
  const right =
    heldA.filter((row) => score(standardized(row)) < 0).length +
    heldB.filter((row) => score(standardized(row)) > 0).length;
  return right / (heldA.length + heldB.length);
}
