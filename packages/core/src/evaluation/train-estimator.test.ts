import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { type BlobAnnotation, blobs } from '../../test/blobs.ts';
import { wasmEngine as engine } from '../../test/wasm-engine.ts';
import { mapDataset } from '../dataset.ts';
import { estimatorNetwork } from '../networks/estimator.ts';
import { simulate } from '../simulate.ts';
import type { Estimator } from './estimator.ts';
import { compareDownstream, createEstimatorState, testEstimator, trainEstimator } from './train-estimator.ts';

const plugin = blobs();
const { image } = plugin;

/** Where the blob is, as shares of the picture. */
const place: Estimator<Partial<BlobAnnotation>> = {
  name: 'place',
  unit: 'px',
  within: 1.5,
  network: estimatorNetwork([
    { convolution: 3, filters: 4 },
    { maxPool: 2, stride: 2 },
    { dense: 16 },
    { dense: 2 },
  ]),
  outputShape: [1, 1, 2],
  recipe: { steps: 100, batchSize: 10, optimizer: { kind: 'adam' }, learningRate: 0.01 },
  target: ({ x, y }) =>
    x === undefined || y === undefined ? undefined : Float32Array.of(x / image.width, y / image.height),
  loss: (output, target) => tf.mean(tf.squaredDifference(output, target)),
  errors: ([x = 0, y = 0], truth) => [Math.hypot(x * image.width - truth.x!, y * image.height - truth.y!)],
};

const clean = simulate(plugin.simulator, { seed: 1, length: 120 });
const camera = simulate(plugin.standIn, { seed: 2, length: 50 });

test('an estimator learns what annotations say, and is better on what it was trained on', async () => {
  const tensors = tf.memory().numTensors;
  const state = createEstimatorState(place, image, 1);
  const losses: number[] = [];
  for await (const { loss, step, steps } of trainEstimator({
    estimator: place,
    state,
    samples: clean,
    image,
    engine,
    seed: 1,
  })) {
    expect([step, steps]).toEqual([losses.length + 1, 100]);
    losses.push(loss);
  }
  expect(losses).toHaveLength(100);
  expect(losses.at(-1)!).toBeLessThan(losses[0]! / 5);
  const judge = (samples: typeof clean) =>
    testEstimator({ estimator: place, network: state.network, samples, image, engine });
  const unseen = await judge(simulate(plugin.simulator, { seed: 3, length: 50 }));
  expect(unseen).toMatchObject({ count: 50, unit: 'px', within: 1.5 });
  expect(unseen.mean).toBeLessThan(1.5);
  expect(unseen.share).toBeGreaterThan(0.7);
  state.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

test('downstream, pictures that look like the camera’s serve better than others', async () => {
  const estimator = { ...place, recipe: { ...place.recipe, steps: 60 } };
  const inverted = mapDataset(clean, (sample) => ({
    ...sample,
    image: { ...sample.image, data: sample.image.data.map((value) => 255 - value) },
  }));
  const alike = simulate(plugin.standIn, { seed: 4, length: 120 });
  const options = { estimator, test: camera, image, engine, seed: 1 };
  const results = await compareDownstream({ ...options, sets: { inverted, alike } });
  expect(results.alike!.mean).toBeLessThan(results.inverted!.mean);
  const short = { ...place, recipe: { ...place.recipe, steps: 4 } };
  const [once, again] = [1, 2].map(() =>
    compareDownstream({ ...options, estimator: short, sets: { alike } }),
  );
  expect(await again).toEqual(await once);
});

test('annotations that do not say what is to be learned are passed over, and a set without any is refused', async () => {
  const some = mapDataset(camera, (sample, index) => ({
    ...sample,
    annotation: index % 2 === 0 ? sample.annotation : {},
  }));
  const state = createEstimatorState(place, image, 1);
  const options = { estimator: place, network: state.network, image, engine };
  expect((await testEstimator({ ...options, samples: some })).count).toBe(25);
  const none = mapDataset(camera, (sample) => ({ ...sample, annotation: {} }));
  await expect(testEstimator({ ...options, samples: none })).rejects.toMatchObject({
    code: 'NOT_ENOUGH_DATA',
  });
  state.dispose();
});

test('layers that shrink the picture to nothing are refused', () => {
  const build = estimatorNetwork([
    { maxPool: 4, stride: 4 },
    { convolution: 3, filters: 2 },
  ]);
  expect(() => build(image, 1)).toThrow('leave 3x2 pixels of a picture of 12x10');
});
