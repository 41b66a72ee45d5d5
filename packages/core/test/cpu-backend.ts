import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import { beforeEach } from 'vitest';

tf.enableProdMode();

beforeEach(async () => {
  await tf.setBackend('cpu');
});
