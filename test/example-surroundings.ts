/** @file What the examples of docstrings take for granted: a small plugin, pictures, a training, a place to save. */
import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  annotationSchema,
  createImage,
  createTraining,
  definePlugin,
  eagerEngine,
  type Image,
  l1Regularizer,
  patchDiscriminator,
  type Rng,
  residualRefiner,
  type Sample,
  type SizedForm,
  simulate,
  type TrainingRecipe,
  trainedRefiner,
} from '@simgan/core';
import type { Folder } from '@simgan/core/reading';
import type { OnnxRuntime } from '@simgan/tfjs-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';

process.chdir(mkdtempSync(join(tmpdir(), 'simgan-examples-')));

const form: SizedForm = { width: 12, height: 10, channels: 1, bits: 8 };

export const quick: TrainingRecipe = {
  steps: 2,
  batchSize: 4,
  optimizer: { kind: 'adam' },
  learningRate: 1e-3,
  lambda: 1,
  refinerUpdates: 1,
  discriminatorUpdates: 1,
  historySize: 8,
  warmup: { refiner: 0, discriminator: 0 },
};

export function drawCross(rng: Rng): { image: Image; annotation: { center: [x: number, y: number] } } {
  const drawn = createImage(form);
  for (let i = 0; i < drawn.data.length; i++) drawn.data[i] = rng.int(256);
  return { image: drawn, annotation: { center: [3, 4] } };
}

export const plugin = definePlugin({
  name: 'noise',
  image: form,
  annotation: annotationSchema(z.object({ center: z.tuple([z.number(), z.number()]) }), { center: 'point' }),
  simulator: drawCross,
  standIn: drawCross,
  refiner: residualRefiner({ width: 4, blocks: 1 }),
  discriminator: patchDiscriminator([{ convolution: 3, stride: 2, filters: 4 }]),
  regularizer: l1Regularizer(),
  recipes: { quick },
});

export const engine = eagerEngine('cpu', 'plain JavaScript', 'cpu');
export const synthetic = simulate(plugin.simulator, { seed: 1, length: 8 });
export const real = simulate(plugin.standIn, { seed: 2, length: 8 });
export const training = await createTraining({ plugin, recipe: quick, synthetic, real, engine });
export const network = training.averagedRefiner;
export const refiner = trainedRefiner(training);
const sample = await synthetic.at(0);
export const image = sample.image;
export const annotation = sample.annotation;
export const picture = image;
export const samples = synthetic;

export const batch = tf.zeros([2, 10, 12, 1]) as tf.Tensor4D;
export const a = batch;
export const b = batch;
export const pixels = new Float32Array(500 * 35 * 55);

// Of programs that are checked and not run.
export const runtime = undefined as unknown as OnnxRuntime;
export const folder = undefined as unknown as Folder;
export const model = undefined as unknown as { apply(x: tf.Tensor): tf.Tensor };

/** Where an example puts what it made. */
export async function save(_: Sample<unknown>): Promise<void> {}
export function print(..._: readonly unknown[]): void {}
export { tf, z };
