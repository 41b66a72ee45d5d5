/** @file An estimator of where a blob is, small enough that it learns in seconds. */
import { type Estimator, estimatorNetwork } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import type { BlobAnnotation } from './blobs.ts';

export const blobPlace: Estimator<BlobAnnotation> = {
  ...{ name: 'place', unit: 'px', within: 1.5, outputShape: [1, 1, 2] },
  network: estimatorNetwork([{ maxPool: 2, stride: 2 }, { dense: 2 }]),
  recipe: { steps: 100, batchSize: 4, optimizer: { kind: 'adam' }, learningRate: 0.01 },
  target: ({ x, y }) => Float32Array.of(x / 12, y / 10),
  loss: (output, target) => tf.mean(tf.squaredDifference(output, target)),
  errors: ([x = 0, y = 0], truth) => [Math.hypot(x * 12 - truth.x, y * 10 - truth.y)],
  answer: {
    ...{ kind: 'values', names: ['x', 'y'], values: (output) => output },
    truth: ({ x, y }) => [x / 12, y / 10],
  },
};
