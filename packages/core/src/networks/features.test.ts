import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { blobs, tinyRecipe } from '../../test/blobs.ts';
import { wasmEngine } from '../../test/wasm-engine.ts';
import { eagerEngine } from '../engine/eager.ts';
import { createRng } from '../rng.ts';
import { writeSafetensors } from '../safetensors.ts';
import { simulate } from '../simulate.ts';
import { restoreCheckpoint, takeCheckpoint } from '../training/checkpoint.ts';
import { type TrainStep, train } from '../training/train.ts';
import { createTraining, type Training } from '../training/training.ts';
import { convolutionFeatures } from './features.ts';
import { featureRegularizer, l1Regularizer, type Regularizer, weightedSum } from './regularizer.ts';

const random = (seed: number, shape: readonly number[]) => {
  const rng = createRng(seed);
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.4 * rng.normal());
};
const layerOf = (i: number, seed: number, kernel: number[]) => ({
  [`layer${i}/kernel`]: { data: random(seed, kernel), shape: kernel },
  [`layer${i}/bias`]: { data: random(seed + 1, [kernel[3]!]), shape: [kernel[3]!] },
});
/** Two layers for one channel, the second of which halves the size. */
const fileOf = (seed: number) =>
  writeSafetensors({
    tensors: { ...layerOf(0, seed, [3, 3, 1, 4]), ...layerOf(1, seed + 2, [3, 3, 4, 6]) },
    metadata: { strides: '1,2' },
  });
const pictures = (seed: number, channels = 1) =>
  tf.tensor4d(random(seed, [2, 8, 10, channels]), [2, 8, 10, channels]);
const distanceBy = (regularizer: Regularizer, refined: tf.Tensor4D, synthetic: tf.Tensor4D) =>
  tf.tidy(() => regularizer(refined, synthetic).dataSync()[0]!);

test('the feature distance is zero on equal pictures, positive on others, and has a gradient to the refined ones', () => {
  const regularizer = featureRegularizer(convolutionFeatures(fileOf(1)));
  const [refined, synthetic] = [pictures(1), pictures(2)];
  expect(distanceBy(regularizer, synthetic, synthetic)).toBe(0);
  expect(distanceBy(regularizer, refined, synthetic)).toBeGreaterThan(0.01);
  const gradient = tf.tidy(() => tf.grad((x) => regularizer(x as tf.Tensor4D, synthetic))(refined));
  expect(tf.tidy(() => tf.sum(tf.abs(gradient)).dataSync()[0])).toBeGreaterThan(0.01);
  tf.dispose([refined, synthetic, gradient]);
});

test('the size of the features does not change its value, the change of the pictures does', () => {
  const features = convolutionFeatures(fileOf(1));
  const tenfold = (batch: tf.Tensor4D) => tf.mul(features(batch), 10) as tf.Tensor4D;
  const [refined, synthetic] = [pictures(1), pictures(2)];
  const value = distanceBy(featureRegularizer(features), refined, synthetic);
  expect(distanceBy(featureRegularizer(tenfold), refined, synthetic)).toBeCloseTo(value, 5);
  const halfWay = tf.tidy(() => tf.mul(tf.add(refined, synthetic), 0.5) as tf.Tensor4D);
  expect(distanceBy(featureRegularizer(features), halfWay, synthetic)).toBeLessThan(0.7 * value);
  tf.dispose([refined, synthetic, halfWay]);
});

test('a network for one channel is given the mean of the color channels', () => {
  const features = convolutionFeatures(fileOf(1));
  const gray = pictures(1);
  const tinted = tf.tidy(() => tf.concat([tf.add(gray, 0.3), gray, tf.sub(gray, 0.3)], 3) as tf.Tensor4D);
  const gap = tf.tidy(() => tf.max(tf.abs(tf.sub(features(gray), features(tinted)))).dataSync()[0]);
  expect(gap).toBeLessThan(1e-5);
  tf.dispose([gray, tinted]);
});

const plugin = blobs();
const synthetic = simulate(plugin.simulator, { seed: 1, length: 20 });
const real = simulate(plugin.standIn, { seed: 2, length: 20 });

function setUp(regularizer: Regularizer, changes = {}, engine = wasmEngine) {
  const warmup = { refiner: 3, discriminator: 0 };
  const recipe = { ...tinyRecipe, warmup, steps: 2, regularizer, ...changes };
  return createTraining({ plugin, recipe, synthetic, real, engine, seed: 3 });
}

async function collect(training: Training): Promise<TrainStep[]> {
  const steps: TrainStep[] = [];
  for await (const step of train(training)) steps.push(step);
  return steps;
}

test('training moves the refiner by the features, and never the features', async () => {
  const file = fileOf(5);
  const copy = file.slice();
  const features = convolutionFeatures(file);
  const probe = pictures(7);
  const answer = () => tf.tidy(() => features(probe).dataSync().slice());
  const before = answer();
  const trained = async (regularizer: Regularizer) => {
    const training = await setUp(regularizer, { steps: 0 });
    const first = [...training.refiner.network.variables[0]!.dataSync()];
    await collect(training);
    const last = [...training.refiner.network.variables[0]!.dataSync()];
    training.dispose();
    expect(last).not.toEqual(first);
    return last;
  };
  expect(await trained(featureRegularizer(features))).not.toEqual(await trained(l1Regularizer()));
  expect(answer()).toEqual(before);
  expect(file).toEqual(copy);
  expect(Object.values(tf.engine().registeredVariables)).toEqual([]);
  probe.dispose();
});

test('training on wasm agrees with that on cpu', async () => {
  const regularizer = weightedSum([
    [1, featureRegularizer(convolutionFeatures(fileOf(1)))],
    [0.5, l1Regularizer()],
  ]);
  const engines = [eagerEngine('cpu', 'test', 'cpu'), wasmEngine];
  const runs: number[][] = [];
  for (const engine of engines) {
    const training = await setUp(regularizer, {}, engine);
    runs.push(
      (await collect(training)).map((step) =>
        step.phase === 'adversarial'
          ? step.refiner.regularization
          : 'regularization' in step
            ? step.regularization
            : 0,
      ),
    );
    training.dispose();
  }
  expect(runs[1]).toEqual(runs[0]!.map((value) => expect.closeTo(value, 4)));
  expect(runs[0]).toHaveLength(5);
  expect(Math.min(...runs[0]!)).toBeGreaterThan(0);
});

test('a run goes on with the features that it began with, and with no others', async () => {
  const regularizer = (seed: number) =>
    weightedSum([
      [1, l1Regularizer()],
      [1, featureRegularizer(convolutionFeatures(fileOf(seed)))],
    ]);
  const whole = await setUp(regularizer(1));
  const all = await collect(whole);

  const first = await setUp(regularizer(1));
  for await (const { step } of train(first)) if (step === 2) break;
  const checkpoint = await takeCheckpoint(first);
  first.dispose();
  const second = await setUp(regularizer(1));
  restoreCheckpoint(second, checkpoint);
  expect(await collect(second)).toEqual(all.slice(2));
  second.dispose();
  whole.dispose();

  for (const other of [await setUp(regularizer(9)), await setUp(l1Regularizer())]) {
    expect(() => restoreCheckpoint(other, checkpoint)).toThrow("the regularizer's features were ");
    expect(other.step).toBe(0);
    other.dispose();
  }
});

test('weights that cannot be read fail before anything is built', async () => {
  const unreadable = Object.assign(l1Regularizer(), {
    fingerprint: () => {
      throw new Error('no such file');
    },
  });
  await expect(setUp(unreadable)).rejects.toThrow('no such file');
});

test('all that decides on the features is in their fingerprint', () => {
  const [one, other] = [1, 2].map((seed) => convolutionFeatures(fileOf(seed)).fingerprint!());
  expect(one).not.toBe(other);
  expect(convolutionFeatures(fileOf(1)).fingerprint!()).toBe(one);
  expect(l1Regularizer().fingerprint).toBeUndefined();
  expect(featureRegularizer(convolutionFeatures(fileOf(1))).fingerprint!()).toBe(one);
  const sum = weightedSum([
    [1, l1Regularizer()],
    [1, featureRegularizer(convolutionFeatures(fileOf(1)))],
    [1, featureRegularizer(convolutionFeatures(fileOf(2)))],
  ]);
  expect(sum.fingerprint!()).toBe(`${one} ${other}`);
});

test('files that hold no such network are refused', () => {
  const read = (tensors: ReturnType<typeof layerOf>, metadata: { strides?: string }) =>
    convolutionFeatures(writeSafetensors({ tensors, metadata: { ...metadata } }));
  const fitting = { ...layerOf(0, 1, [3, 3, 1, 4]), ...layerOf(1, 2, [3, 3, 4, 6]) };
  const problem = 'its layer 1 of 2 is missing or does not fit';
  expect(() =>
    read({ ...layerOf(0, 1, [3, 3, 1, 4]), ...layerOf(1, 2, [3, 3, 5, 6]) }, { strides: '1,2' }),
  ).toThrow(problem);
  expect(() => read(layerOf(0, 1, [3, 3, 1, 4]), { strides: '1,2' })).toThrow(problem);
  expect(() => read(fitting, { strides: '1,0' })).toThrow(problem);
  expect(() => read(fitting, { strides: '1,1.5' })).toThrow(problem);
  expect(() => read(fitting, {})).toThrow('its layer 0 of 1 is missing or does not fit');
  expect(() => read(fitting, { strides: '1,2' })).not.toThrow();
});
