import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { type BlobAnnotation, blobs, tinyRecipe } from '../../test/blobs.ts';
import { wasmEngine } from '../../test/wasm-engine.ts';
import type { Estimator } from '../evaluation/estimator.ts';
import { estimatorNetwork } from '../networks/estimator.ts';
import type { Network, NetworkBuilder, Refiner } from '../networks/network.ts';
import { createVariable } from '../networks/variables.ts';
import { simulate } from '../simulate.ts';
import type { TrainingRecipe } from '../training/recipe.ts';
import { createTraining } from '../training/training.ts';
import { watchUse } from './use-watch.ts';

const plugin = blobs();
const synthetic = simulate(plugin.simulator, { seed: 1, length: 120 });
const real = simulate(plugin.standIn, { seed: 2, length: 80 });

/** Where the blob is, as shares of the picture. */
const estimator: Estimator<BlobAnnotation> = {
  name: 'place',
  unit: 'px',
  within: 1.5,
  network: estimatorNetwork([{ convolution: 3, stride: 2, filters: 8 }, { dense: 2 }]),
  outputShape: [1, 1, 2],
  recipe: { steps: 300, batchSize: 16, optimizer: { kind: 'adam' }, learningRate: 0.01 },
  target: ({ x, y }) => Float32Array.of(x / 12, y / 10),
  loss: (output, target) => tf.mean(tf.squaredDifference(output, target)) as tf.Scalar,
  errors: ([x = 0, y = 0], truth) => [Math.hypot(x * 12 - truth.x, y * 10 - truth.y)],
  answer: {
    kind: 'values',
    names: ['x', 'y'],
    values: (output) => output,
    truth: ({ x, y }) => [x / 12, y / 10],
  },
};

/** A refiner that always does the same. */
const fixed =
  (apply: (batch: tf.Tensor4D) => tf.Tensor): NetworkBuilder<Refiner> =>
  () => {
    const variables = [createVariable('unused', Float32Array.of(0), [1, 1, 1, 1])];
    return {
      ...{ noiseChannels: 0, receptiveField: 1, variables },
      apply: (batch) => apply(batch) as tf.Tensor4D,
      dispose: () => tf.dispose(variables),
    } satisfies Refiner & Network;
  };

const start = (changes: Partial<TrainingRecipe>) =>
  createTraining({
    ...{ plugin, synthetic, real, engine: wasmEngine, seed: 3 },
    recipe: { ...tinyRecipe, steering: { every: 1, use: { pictures: 120, steps: 150 } }, ...changes },
  });

async function judged(refiner: NetworkBuilder<Refiner>) {
  const training = await start({ refiner });
  const watch = await watchUse({ training, synthetic, real, estimator });
  const signals = [await watch!.judge(), await watch!.judge()] as const;
  await watch!.dispose();
  training.dispose();
  return signals;
}

test('a refiner that changes nothing is no different, one that mirrors is refused, and both again', async () => {
  const [same, again] = await judged(fixed((batch) => tf.mul(batch, 1)));
  expect(same).toMatchObject({ verdict: 'no different', reason: expect.stringContaining('real pictures') });
  expect(again).toEqual(same);
  expect(same.raw).toBeGreaterThan(0.2);
  const [mirrored] = await judged(fixed((batch) => tf.reverse(batch, [1, 2])));
  expect(mirrored.verdict).toBe('refused');
});

test('nothing is judged where the recipe says no, the task has no answer, or networks see crops', async () => {
  const { answer: _, ...speechless } = estimator;
  const cases = [
    { changes: { steering: { every: 1, use: false } }, task: estimator },
    { changes: {}, task: speechless },
    { changes: {}, task: undefined },
    { changes: { crop: { width: 8, height: 8 } }, task: estimator },
    { changes: { steering: { every: 1, use: { pictures: 39 } } }, task: estimator },
  ] as const;
  for (const { changes, task } of cases.slice(0, 4)) {
    const training = await start(changes as Partial<TrainingRecipe>);
    expect(await watchUse({ training, synthetic, real, estimator: task })).toBeUndefined();
    training.dispose();
  }
  await expect(start(cases[4].changes as Partial<TrainingRecipe>)).rejects.toThrow(
    'steering.use.pictures must be a whole number of at least 40, not 39',
  );
});
