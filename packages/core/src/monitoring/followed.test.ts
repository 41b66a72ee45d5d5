import { expect, test } from 'vitest';
import { blobs, tinyRecipe } from '../../test/blobs.ts';
import { wasmEngine } from '../../test/wasm-engine.ts';
import type { LabelProbe } from '../evaluation/label-probe.ts';
import { simulate } from '../simulate.ts';
import { mean } from '../statistics.ts';
import { type TrainStep, train } from '../training/train.ts';
import { createTraining } from '../training/training.ts';
import { followPictures } from './followed.ts';

const plugin = blobs();
const synthetic = simulate(plugin.simulator, { seed: 1, length: 30 });
const real = simulate(plugin.standIn, { seed: 2, length: 30 });
const probe: LabelProbe<unknown> = {
  quantities: { mean: { unit: 'levels', distance: (a, b) => Math.abs(a[0]! - b[0]!) } },
  measure: ({ data }) => ({
    mean: { values: [mean(data)], confidence: 1 },
  }),
  expected: () => ({}),
};

const start = (crop?: { width: number; height: number }) =>
  createTraining({
    ...{ plugin, synthetic, real, engine: wasmEngine, seed: 3 },
    recipe: { ...tinyRecipe, steps: 4, learningRate: 0.05, averaging: 0.5, ...(crop && { crop }) },
  });

test('pictures are drawn once, spread over the set, and refined once for each moment', async () => {
  const training = await start();
  const followed = followPictures({ training, synthetic, probe, pictures: 10 });
  const { drawn, matched } = await followed.pictures();
  expect(drawn.map(({ id }) => Math.floor(Number(id) / 3))).toEqual([...Array(10).keys()]);
  expect(matched.map(({ id }) => id)).toEqual(drawn.map(({ id }) => id));
  const steps: TrainStep[] = [];
  for await (const step of train(training)) {
    steps.push(step);
    if (steps.length < steps[0]!.steps) continue;
    const now = await followed.refine();
    expect(await followed.refine()).toBe(now);
    expect(now.refined).toHaveLength(10);
    expect(now.changes.moved).toBeGreaterThan(0);
    // The same figure as the shift of the only quantity: a mean of levels, in [0, 255].
    expect(now.labels!.mean!.shift.count).toBe(10);
    expect(now.labels!.mean!.shift.mean).toBeLessThanOrEqual(255 * now.changes.moved + 1e-9);
    // As after a roll-back: the same step, but no longer the same training.
    training.learningRate /= 2;
    expect(await followed.refine()).not.toBe(now);
  }
  expect(steps.length).toBeGreaterThan(0);
  await followed.dispose();
  training.dispose();
});

test('pictures before refinement are measured once, however often the training is followed', async () => {
  const training = await start();
  let measured = 0;
  const counting: typeof probe = {
    ...probe,
    measure(image) {
      measured += 1;
      return probe.measure(image);
    },
  };
  const followed = followPictures({ training, synthetic, probe: counting, pictures: 5 });
  const first = await followed.refine();
  expect(measured).toBe(10);
  training.learningRate /= 2;
  expect((await followed.refine()).labels).toEqual(first.labels);
  expect(measured).toBe(15);
  await followed.dispose();
  training.dispose();
});

test('labels are measured in whole pictures alone', async () => {
  const training = await start({ width: 8, height: 8 });
  const followed = followPictures({ training, synthetic, probe, pictures: 4 });
  const { refined, labels } = await followed.refine();
  expect(refined.map(({ width, height }) => [width, height])).toEqual(
    Array.from({ length: 4 }, () => [8, 8]),
  );
  expect(labels).toBeUndefined();
  await followed.dispose();
  training.dispose();
});
