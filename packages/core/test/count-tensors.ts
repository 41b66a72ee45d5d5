import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, expect } from 'vitest';

tf.enableProdMode();

let before = 0;

beforeEach(async () => {
  await tf.setBackend('cpu');
  before = tf.memory().numTensors;
});

afterEach(() => {
  expect(tf.memory().numTensors, 'tensors left behind by the test').toBe(before);
});
