import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { blobs, tinyRecipe } from '../../test/blobs.ts';
import { wasmEngine } from '../../test/wasm-engine.ts';
import { datasetOf, selectItems } from '../dataset.ts';
import type { LabelProbe } from '../evaluation/label-probe.ts';
import type { Network, NetworkBuilder, Refiner } from '../networks/network.ts';
import { residualRefiner } from '../networks/refiner.ts';
import { createVariable } from '../networks/variables.ts';
import { simulate } from '../simulate.ts';
import type { TrainingRecipe } from '../training/recipe.ts';
import { train } from '../training/train.ts';
import { createTraining } from '../training/training.ts';
import { followPictures } from './followed.ts';
import { createLookout } from './lookout.ts';
import type { Signals } from './signals.ts';
import { type SymptomName, symptomsOf } from './symptoms.ts';

const plugin = blobs();
const samples = simulate(plugin.simulator, { seed: 1, length: 40 });
const pictures = simulate(plugin.standIn, { seed: 2, length: 64 });
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const real = selectItems(pictures, range(0, 48));
const heldOut = selectItems(pictures, range(48, 64));

/** The brightest pixel is the blob. */
const probe: LabelProbe<{ x: number; y: number }> = {
  quantities: { blob: { unit: 'px', distance: (a, b) => Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!) } },
  measure({ data, width }) {
    const brightest = data.indexOf(Math.max(...data));
    return { blob: { values: [brightest % width, Math.floor(brightest / width)], confidence: 1 } };
  },
  expected: ({ x, y }) => ({ blob: [x, y] }),
};

const quick: TrainingRecipe = {
  ...tinyRecipe,
  steps: 12,
  optimizer: { kind: 'adam' },
  refinerUpdates: 1,
  warmup: { refiner: 0, discriminator: 2 },
  refiner: residualRefiner({ width: 4, blocks: 1, output: 'residual', padding: 'reflect' }),
  averaging: 0.5,
  steering: { every: 4, least: 4, pictures: 32 },
};

/** Trains, looking every four turns. */
async function watched(changes: Partial<TrainingRecipe>, isLookedAt = true) {
  const recipe = { ...quick, ...changes };
  const training = await createTraining({
    plugin,
    recipe,
    synthetic: samples,
    real,
    engine: wasmEngine,
    seed: 3,
  });
  const looks: Signals[] = [];
  const followed = followPictures({ training, synthetic: samples, probe });
  const lookout = await createLookout({ training, followed, heldOut });
  for await (const step of train(training)) {
    if (isLookedAt && step.phase === 'adversarial' && step.step % 4 === 2)
      looks.push(await lookout.look(step));
  }
  await lookout.dispose();
  await followed.dispose();
  const weights = training.averagedRefiner.variables.map((variable) => [...variable.dataSync()]);
  training.dispose();
  return { looks, weights, symptoms: symptomsOf(looks, recipe).map(({ name }) => name) };
}

test('looking changes nothing, and the same training gives the same signals', async () => {
  const looked = await watched({});
  const alone = await watched({}, false);
  expect(looked.weights).toEqual(alone.weights);
  expect(looked.looks.map(({ step }) => step)).toEqual([6, 10, 14]);
  expect((await watched({})).looks).toEqual(looked.looks);
});

test('signals are those of the training at that moment', async () => {
  const { looks } = await watched({ learningRate: 0.02, lambda: 0 });
  const [first, , last] = looks;
  expect(last!.moved).toBeGreaterThan(1.5 * first!.moved);
  expect(first!.distanceBefore).toBe(last!.distanceBefore);
  expect(first!.distanceControl).toBeLessThan(first!.distanceBefore);
  expect(last!.distance).not.toBe(first!.distance);
  expect(last!.labels).toMatchObject({ unit: 'px', found: 32 });
  expect(last!.accuracyOnHeldOut).toBeGreaterThanOrEqual(0);
});

const constant =
  (apply: (batch: tf.Tensor4D, free: tf.Variable) => tf.Tensor): NetworkBuilder<Refiner> =>
  () => {
    const free = createVariable('free', Float32Array.of(0), [1, 1, 1, 1]);
    const variables = [free];
    return {
      noiseChannels: 0,
      receptiveField: 1,
      variables,
      apply: (batch) => apply(batch, free) as tf.Tensor4D,
      dispose: () => tf.dispose(variables),
    } satisfies Refiner & Network;
  };
/** A shape for every picture, `[1, 10, 12, 1]`. */
const shape = (paint: (x: number, y: number) => number) =>
  tf.tensor4d(
    Array.from({ length: 120 }, (_, i) => paint(i % 12, Math.floor(i / 12))),
    [1, 10, 12, 1],
  );

test.each<[SymptomName, Partial<TrainingRecipe>]>([
  ['no effect', { lambda: 1000, steps: 24 }],
  [
    'discriminator won',
    {
      learningRate: 0.05,
      discriminatorUpdates: 8,
      refiner: constant((batch, free) => tf.add(batch, tf.mul(free, 1e-6))),
    },
  ],
  ['discriminator learns nothing', { optimizer: { kind: 'sgd' }, learningRate: 1e-7 }],
  ['target out of reach', { lambda: { start: 0.05, target: 1.5 }, learningRate: 1e-4 }],
  ['collapse', { refiner: constant((batch, free) => tf.add(tf.add(tf.mul(batch, 0.02), free), 0.1)) }],
  ['content redrawn', { refiner: constant((batch, free) => tf.add(tf.neg(batch), free)) }],
  [
    'fixed pattern',
    {
      refiner: constant((batch, free) =>
        tf.add(
          tf.add(tf.mul(batch, 0.9), free),
          shape((x, y) => ((x + y) % 2 ? 0.2 : -0.2)),
        ),
      ),
    },
  ],
  [
    'frame',
    {
      refiner: constant((batch, free) =>
        tf.add(
          tf.add(batch, free),
          shape((x, y) => (x < 2 || y < 2 || x > 9 || y > 7 ? 0.5 : 0)),
        ),
      ),
    },
  ],
  ['labels move', { refiner: constant((batch, free) => tf.add(tf.reverse(batch, 2), free)) }],
  [
    'farther from real',
    { lambda: 1000, refiner: constant((batch, free) => tf.add(tf.sub(tf.mul(batch, 0.2), 0.7), free)) },
  ],
])('a run that fails: %s', async (name, changes) => {
  const { symptoms } = await watched(changes);
  expect(symptoms).toContain(name);
});

test('a discriminator that knows few real pictures by heart is told from one that learned', async () => {
  const few = selectItems(pictures, range(0, 4));
  const recipe = { ...quick, steps: 40, discriminatorUpdates: 4, learningRate: 0.01, lambda: 1000 };
  const training = await createTraining({
    plugin: { ...plugin },
    recipe,
    synthetic: samples,
    real: datasetOf(await Promise.all(range(0, 4).map((n) => few.at(n)))),
    engine: wasmEngine,
    seed: 3,
  });
  const other = simulate(plugin.simulator, { seed: 9, length: 16 });
  const followed = followPictures({ training, synthetic: samples });
  const lookout = await createLookout({ training, followed, heldOut: other });
  let last: Signals | undefined;
  for await (const step of train(training)) {
    if (step.phase === 'adversarial' && step.step === step.steps) last = await lookout.look(step);
  }
  await lookout.dispose();
  await followed.dispose();
  training.dispose();
  expect(symptomsOf([last!], recipe).map(({ name }) => name)).toContain('real pictures memorized');
});
