import {
  createRng,
  type Engine,
  eagerEngine,
  featureRegularizer,
  simulate,
  weightedSum,
  writeSafetensors,
} from '@simgan/core';
import { convolutionFeatures } from '@simgan/core/networks';
import { createTraining, train } from '@simgan/core/training';
import { exportOnnx } from '@simgan/tfjs-onnx';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeEach, expect, test } from 'vitest';
import { blobs, tinyRecipe } from '../../../core/test/blobs.ts';
import { createEngine } from '../engines/engines.ts';
import { onnxFeatures } from './onnx-features.ts';

tf.enableProdMode();
beforeEach(async () => {
  await tf.setBackend('cpu');
});

const random = (seed: number, shape: readonly number[]) => {
  const rng = createRng(seed);
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.4 * rng.normal());
};
const pictures = (seed: number, channels = 1) =>
  tf.tensor4d(random(seed, [2, 8, 10, channels]), [2, 8, 10, channels]);

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
  const options = { layout: 'nhwc', range: [0, 255], mean: [120, 110, 100], std: [2, 3, 4] } as const;
  const gap = (colors: 'rgb' | 'bgr') =>
    tf.tidy(() => {
      const bytes = tf.mul(tf.add(picture, 1), 127.5);
      const ordered = colors === 'rgb' ? bytes : tf.reverse(bytes, 3);
      const prepared = tf.div(tf.sub(ordered, options.mean), options.std) as tf.Tensor4D;
      const expected = tf.relu(tf.conv2d(prepared, filter, 2, 'same'));
      const actual = onnxFeatures(colorNetwork(), { ...options, colors })(picture);
      return tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0]!;
    });
  expect(gap('rgb')).toBeLessThan(1e-3);
  expect(gap('bgr')).toBeLessThan(1e-3);
  // Gray pictures come as three equal channels.
  const [gray, tripled] = tf.tidy(() => {
    const one = tf.slice(picture, [0, 0, 0, 0], [2, 8, 10, 1]);
    const features = onnxFeatures(colorNetwork(), { layout: 'nhwc' });
    return [features(one), features(tf.concat([one, one, one], 3))].map((maps) => [...maps.dataSync()]);
  });
  expect(gray).toEqual(tripled);
  tf.dispose([filter, picture]);
});

const plugin = blobs();
const synthetic = simulate(plugin.simulator, { seed: 1, length: 20 });
const real = simulate(plugin.standIn, { seed: 2, length: 20 });

/** Two layers for one channel. */
const grayFeatures = () => {
  const layers = [
    [3, 3, 1, 4],
    [3, 3, 4, 6],
  ].flatMap((kernel, i) => [
    [`layer${i}/kernel`, { data: random(i, kernel), shape: kernel }] as const,
    [`layer${i}/bias`, { data: random(i + 9, [kernel[3]!]), shape: [kernel[3]!] }] as const,
  ]);
  return convolutionFeatures(
    writeSafetensors({ tensors: Object.fromEntries(layers), metadata: { strides: '1,2' } }),
  );
};

/** The regularizer's values, step by step. */
async function regularizations(engine: Engine): Promise<number[]> {
  const colorFeatures = onnxFeatures(colorNetwork(), {
    ...{ layout: 'nhwc', colors: 'bgr', range: [0, 1] },
    ...{ mean: [0.1, 0.2, 0.3], std: [1, 2, 3] },
  });
  const regularizer = weightedSum([
    [1, featureRegularizer(grayFeatures())],
    [0.5, featureRegularizer(colorFeatures)],
  ]);
  const recipe = { ...tinyRecipe, warmup: { refiner: 3, discriminator: 0 }, steps: 2, regularizer };
  const training = await createTraining({ plugin, recipe, synthetic, real, engine, seed: 3 });
  const values: number[] = [];
  for await (const step of train(training)) {
    if (step.phase === 'refiner warm-up') values.push(step.regularization);
    if (step.phase === 'adversarial') values.push(step.refiner.regularization);
  }
  training.dispose();
  return values;
}

test.each(['wasm', 'onnx'] as const)('training on %s agrees with that on cpu', async (name) => {
  const expected = await regularizations(eagerEngine('cpu', 'test', 'cpu'));
  expect(expected).toHaveLength(5);
  expect(Math.min(...expected)).toBeGreaterThan(0);
  const { engine } = await createEngine(name, { threads: 1, device: 'cpu' });
  expect(await regularizations(engine)).toEqual(expected.map((value) => expect.closeTo(value, 4)));
  await engine.dispose();
});

test('all that decides on the features is in their fingerprint', () => {
  const prints = [
    onnxFeatures(colorNetwork(3)),
    onnxFeatures(colorNetwork(4)),
    onnxFeatures(colorNetwork(3), { range: [0, 1] }),
    onnxFeatures(colorNetwork(3), { mean: [1, 2, 3] }),
    onnxFeatures(colorNetwork(3), { std: [1, 2, 3] }),
    onnxFeatures(colorNetwork(3), { colors: 'bgr' }),
    onnxFeatures(colorNetwork(3), { layout: 'nhwc' }),
  ].map(({ fingerprint }) => fingerprint!());
  expect(new Set(prints).size).toBe(prints.length);
  expect(onnxFeatures(colorNetwork(3)).fingerprint!()).toBe(prints[0]);
});

test('files that hold no such network are refused', () => {
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
