import { exportOnnx } from '@simgan/tfjs-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { blobs, tinyRecipe } from '../../test/blobs.ts';
import '../../test/cpu-backend.ts';
import { eagerEngine } from '../engine/eager.ts';
import type { Engine } from '../engine/engine.ts';
import { createEngine } from '../node/engines.ts';
import { createRng } from '../rng.ts';
import { writeSafetensors } from '../safetensors.ts';
import { simulate } from '../simulate.ts';
import { createTrainingState, restoreCheckpoint, takeCheckpoint } from '../training/state.ts';
import { type TrainStep, train } from '../training/train.ts';
import { convolutionFeatures, onnxFeatures } from './features.ts';
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

test('it is zero on equal pictures, positive on others, and has a gradient to the refined ones', () => {
  const regularizer = featureRegularizer(convolutionFeatures(fileOf(1)));
  const [refined, synthetic] = [pictures(1), pictures(2)];
  expect(distanceBy(regularizer, synthetic, synthetic)).toBe(0);
  expect(distanceBy(regularizer, refined, synthetic)).toBeGreaterThan(0.01);
  const gradient = tf.tidy(() => tf.grad((x) => regularizer(x as tf.Tensor4D, synthetic))(refined));
  expect(tf.tidy(() => tf.sum(tf.abs(gradient)).dataSync()[0])).toBeGreaterThan(0.01);
  tf.dispose([refined, synthetic, gradient]);
});

test('the size of the features does not change its value, the pictures’ change does', () => {
  const features = convolutionFeatures(fileOf(1));
  const tenfold = (batch: tf.Tensor4D) => tf.mul(features(batch), 10) as tf.Tensor4D;
  const [refined, synthetic] = [pictures(1), pictures(2)];
  const value = distanceBy(featureRegularizer(features), refined, synthetic);
  expect(distanceBy(featureRegularizer(tenfold), refined, synthetic)).toBeCloseTo(value, 5);
  const halfWay = tf.tidy(() => tf.mul(tf.add(refined, synthetic), 0.5) as tf.Tensor4D);
  expect(distanceBy(featureRegularizer(features), halfWay, synthetic)).toBeLessThan(0.7 * value);
  tf.dispose([refined, synthetic, halfWay]);
});

test('a network for one channel sees of colours the mean', () => {
  const features = convolutionFeatures(fileOf(1));
  const grey = pictures(1);
  const tinted = tf.tidy(() => tf.concat([tf.add(grey, 0.3), grey, tf.sub(grey, 0.3)], 3) as tf.Tensor4D);
  const gap = tf.tidy(() => tf.max(tf.abs(tf.sub(features(grey), features(tinted)))).dataSync()[0]);
  expect(gap).toBeLessThan(1e-5);
  tf.dispose([grey, tinted]);
});

const plugin = blobs();
const synthetic = simulate(plugin.simulator, { seed: 1, length: 20 });
const real = simulate(plugin.standIn!, { seed: 2, length: 20 });

function setUp(regularizer: Regularizer, changes = {}) {
  const recipe = {
    ...tinyRecipe,
    warmup: { refiner: 3, discriminator: 0 },
    steps: 2,
    regularizer,
    ...changes,
  };
  return createTrainingState(plugin, recipe, 3);
}

async function collect(
  state: ReturnType<typeof setUp>,
  engine: Engine = eagerEngine('cpu', 'test', 'cpu'),
): Promise<TrainStep[]> {
  const steps: TrainStep[] = [];
  for await (const step of train({ plugin, state, synthetic, real, engine, seed: 4 })) steps.push(step);
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
    const state = setUp(regularizer, { steps: 0 });
    const first = [...state.refiner.network.variables[0]!.dataSync()];
    await collect(state);
    const last = [...state.refiner.network.variables[0]!.dataSync()];
    state.dispose();
    expect(last).not.toEqual(first);
    return last;
  };
  expect(await trained(featureRegularizer(features))).not.toEqual(await trained(l1Regularizer()));
  expect(answer()).toEqual(before);
  expect(file).toEqual(copy);
  expect(Object.values(tf.engine().registeredVariables)).toEqual([]);
  probe.dispose();
});

test.each(['wasm', 'onnx'] as const)('training on %s agrees with that on cpu', async (name) => {
  const { engine } = await createEngine(name, { threads: 1, device: 'cpu' });
  const regularizer = weightedSum([
    [1, featureRegularizer(convolutionFeatures(fileOf(1)))],
    [
      0.5,
      featureRegularizer(
        onnxFeatures(colorNetwork(), {
          layout: 'nhwc',
          colors: 'bgr',
          range: [0, 1],
          mean: [0.1, 0.2, 0.3],
          deviation: [1, 2, 3],
        }),
      ),
    ],
  ]);
  const [expected, actual] = [setUp(regularizer), setUp(regularizer)];
  const [there, here] = [await collect(expected), await collect(actual, engine)];
  for (const [i, { refiner }] of here.entries()) {
    if (!refiner) continue;
    expect(refiner.regularization).toBeCloseTo(there[i]!.refiner!.regularization, 4);
    expect(refiner.regularization).toBeGreaterThan(0);
  }
  await engine.dispose();
  await tf.setBackend('cpu');
  expected.dispose();
  actual.dispose();
});

/** One convolution on three channels, as an ONNX file of images `[batch, height, width, channels]`. */
function colorNetwork(seed = 3): Uint8Array {
  const filter = tf.tensor4d(random(seed, [3, 3, 3, 4]), [3, 3, 3, 4]);
  const bytes = exportOnnx(({ x }) => ({ y: tf.relu(tf.conv2d(x as tf.Tensor4D, filter, 2, 'same')) }), {
    inputs: { x: [1, 8, 10, 3] },
  });
  filter.dispose();
  return bytes;
}

test('a foreign network gets pictures as it was trained on', () => {
  const [filter, picture] = [tf.tensor4d(random(3, [3, 3, 3, 4]), [3, 3, 3, 4]), pictures(8, 3)];
  const options = { layout: 'nhwc', range: [0, 255], mean: [120, 110, 100], deviation: [2, 3, 4] } as const;
  const gap = (colors: 'rgb' | 'bgr') =>
    tf.tidy(() => {
      const bytes = tf.mul(tf.add(picture, 1), 127.5);
      const ordered = colors === 'rgb' ? bytes : tf.reverse(bytes, 3);
      const prepared = tf.div(tf.sub(ordered, options.mean), options.deviation) as tf.Tensor4D;
      const expected = tf.relu(tf.conv2d(prepared, filter, 2, 'same'));
      const actual = onnxFeatures(colorNetwork(), { ...options, colors })(picture);
      return tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0]!;
    });
  expect(gap('rgb')).toBeLessThan(1e-3);
  expect(gap('bgr')).toBeLessThan(1e-3);
  // Grey pictures come as three equal channels.
  const [grey, tripled] = tf.tidy(() => {
    const one = tf.slice(picture, [0, 0, 0, 0], [2, 8, 10, 1]);
    const features = onnxFeatures(colorNetwork(), { layout: 'nhwc' });
    return [features(one), features(tf.concat([one, one, one], 3))].map((maps) => [...maps.dataSync()]);
  });
  expect(grey).toEqual(tripled);
  tf.dispose([filter, picture]);
});

test('a run goes on with the features that it began with, and with no others', async () => {
  const regularizer = (seed: number) =>
    weightedSum([
      [1, l1Regularizer()],
      [1, featureRegularizer(convolutionFeatures(fileOf(seed)))],
    ]);
  const whole = setUp(regularizer(1));
  const all = await collect(whole);

  const first = setUp(regularizer(1));
  for await (const { step } of train({
    plugin,
    state: first,
    synthetic,
    real,
    engine: eagerEngine('cpu', 'test', 'cpu'),
    seed: 4,
  })) {
    if (step === 2) break;
  }
  const checkpoint = await takeCheckpoint(first);
  first.dispose();
  const second = setUp(regularizer(1));
  restoreCheckpoint(second, checkpoint);
  expect(await collect(second)).toEqual(all.slice(2));
  second.dispose();
  whole.dispose();

  const others = [setUp(regularizer(9)), setUp(l1Regularizer())];
  for (const other of others) {
    expect(() => restoreCheckpoint(other, checkpoint)).toThrow("the regularizer's features were ");
    expect(other.step).toBe(0);
    other.dispose();
  }
});

test('all that decides on the features is in their fingerprint', () => {
  const prints = [
    convolutionFeatures(fileOf(1)),
    convolutionFeatures(fileOf(2)),
    onnxFeatures(colorNetwork(3)),
    onnxFeatures(colorNetwork(4)),
    onnxFeatures(colorNetwork(3), { range: [0, 1] }),
    onnxFeatures(colorNetwork(3), { mean: [1, 2, 3] }),
    onnxFeatures(colorNetwork(3), { colors: 'bgr' }),
    onnxFeatures(colorNetwork(3), { layout: 'nhwc' }),
  ].map(({ fingerprint }) => fingerprint!());
  expect(new Set(prints).size).toBe(prints.length);
  expect(convolutionFeatures(fileOf(1)).fingerprint!()).toBe(prints[0]);
  expect(l1Regularizer().fingerprint).toBeUndefined();
  expect(featureRegularizer(convolutionFeatures(fileOf(1))).fingerprint!()).toBe(prints[0]);
});

test('files that hold no such network are refused', () => {
  const file = writeSafetensors({
    tensors: { ...layerOf(0, 1, [3, 3, 1, 4]), ...layerOf(1, 2, [3, 3, 5, 6]) },
    metadata: { strides: '1,2' },
  });
  expect(() => convolutionFeatures(file)).toThrow('its layer 1 of 2 is missing or does not fit');
  expect(() => onnxFeatures(new TextEncoder().encode('<html>'))).toThrow(
    'The feature network cannot be used. This is not an ONNX model',
  );
  expect(() => onnxFeatures(colorNetwork(), { output: 'relu3_3' })).toThrow(
    'The model has no value "relu3_3"',
  );
  const batch = pictures(1, 3);
  const features = onnxFeatures(colorNetwork(), { layout: 'nchw' });
  expect(() => tf.tidy(() => features(batch))).toThrow('The feature network cannot be used. The node');
  batch.dispose();
});
