import { expect, test } from 'vitest';
import { marks, movingRecipe } from '../../test/marks.ts';
import { wasmEngine } from '../../test/wasm-engine.ts';
import { mapDataset } from '../dataset.ts';
import type { Image, Size } from '../image.ts';
import { residualRefiner } from '../networks/index.ts';
import { simulate } from '../simulate.ts';
import { mean } from '../statistics.ts';
import { restoreCheckpoint, takeCheckpoint } from './checkpoint.ts';
import type { TrainingRecipe } from './recipe.ts';
import { type TrainStep, train } from './train.ts';
import { createTraining, trainedRefiner } from './training.ts';
import type { RefinerLosses } from './update-losses.ts';

const plugin = marks();
const sets = {
  synthetic: simulate(plugin.simulator, { seed: 1, length: 40 }),
  real: mapDataset(simulate(plugin.standIn, { seed: 2, length: 40 }), ({ id, image }) => ({ id, image })),
};

const setUp = (changes: Partial<TrainingRecipe> = {}) =>
  createTraining({ plugin, ...sets, recipe: { ...movingRecipe, ...changes }, engine: wasmEngine, seed: 3 });

async function losses(changes: Partial<TrainingRecipe>): Promise<RefinerLosses[]> {
  const training = await setUp(changes);
  const steps: TrainStep[] = [];
  for await (const step of train(training)) steps.push(step);
  training.dispose();
  return steps.flatMap((step) => (step.phase === 'adversarial' ? [step.refiner] : []));
}

/** Where a mark is in the picture: the center of what is bright. */
function markIn({ data, width }: Image): [x: number, y: number] {
  let [sum, x, y] = [0, 0, 0];
  for (const [i, value] of data.entries()) {
    const weight = Math.max(0, value - 80);
    sum += weight;
    x += weight * ((i % width) + 0.5);
    y += weight * (Math.floor(i / width) + 0.5);
  }
  return [x / sum, y / sum];
}

test('things move towards where they are in real pictures, by as much as the target says, and labels with them', async () => {
  const training = await setUp({ steps: 70 });
  const reports: RefinerLosses[] = [];
  for await (const step of train(training)) if (step.phase === 'adversarial') reports.push(step.refiner);
  const moved = mean(reports.slice(-20).map(({ displacement }) => displacement!));
  expect(moved).toBeGreaterThan(0.4);
  expect(moved).toBeLessThan(2.5);
  expect(reports.at(-1)!.displacementLambda).toBeGreaterThan(0);

  const refiner = trainedRefiner(training);
  const shifts: number[] = [];
  for await (const sample of refiner.refine(sets.synthetic)) {
    const before = await sets.synthetic.at(Number(sample.id));
    const [x, y] = sample.annotation.at;
    const [foundX, foundY] = markIn(sample.image);
    expect(Math.hypot(foundX - x, foundY - y)).toBeLessThan(0.6);
    expect(sample.annotation.kind).toBe('mark');
    expect(sample.displacement!.rms).toBeGreaterThan(0);
    shifts.push(x - before.annotation.at[0] + (y - before.annotation.at[1]));
  }
  // Real marks lie 3.5 px further, both axes together.
  expect(mean(shifts)).toBeGreaterThan(0.7);
  await refiner.dispose();
  training.dispose();
});

test('a heavy fixed weight leaves things where they are', async () => {
  const last = (reports: readonly RefinerLosses[]) =>
    mean(reports.slice(-8).map(({ displacement }) => displacement!));
  const still = await losses({ displacement: 1000, steps: 20 });
  expect(last(still)).toBeLessThan(last(await losses({ displacement: 0, steps: 20 })) / 5);
  expect(still.every(({ displacementLambda }) => displacementLambda === 1000)).toBe(true);
});

test('an interrupted training that moves things goes on with the bytes of one that never stopped', async () => {
  const changes = { steps: 4 };
  const whole = await setUp(changes);
  for await (const _ of train(whole));
  const first = await setUp(changes);
  for await (const { step } of train(first)) if (step === 12) break;
  const checkpoint = await takeCheckpoint(first);
  first.dispose();
  const second = await setUp(changes);
  restoreCheckpoint(second, checkpoint);
  for await (const _ of train(second));
  const { tensors, about } = await takeCheckpoint(second);
  const expected = await takeCheckpoint(whole);
  expect(about).toEqual(expected.about);
  expect(JSON.parse(about.training!).displacementLambda).not.toBe(movingRecipe.displacement);
  for (const [name, { data }] of Object.entries(expected.tensors)) expect(tensors[name]!.data).toEqual(data);
  whole.dispose();
  second.dispose();
});

test('a displacement of a refiner that moves nothing, crops, and unusable numbers are refused', async () => {
  await expect(setUp({ refiner: residualRefiner({ width: 4, blocks: 1 }) })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('its refiner moves nothing'),
  });
  await expect(setUp({ crop: { width: 8, height: 8 } })).rejects.toThrow('a field that spans whole pictures');
  const { width, height } = plugin.image as Size;
  (await setUp({ crop: { width, height } })).dispose();
  await expect(setUp({ displacement: { start: -1, target: 0, range: [2, 1] } })).rejects.toThrow(
    'displacement must be at least 0, not -1; displacement.target must be above 0, not 0; displacement.range',
  );
});
