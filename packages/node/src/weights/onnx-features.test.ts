import { createRng, featureRegularizer } from '@simgan/core';
import { exportOnnx } from '@simgan/tfjs-onnx';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeEach, expect, test } from 'vitest';
import { createEngine } from '../engines/engines.ts';
import { onnxFeatures } from './onnx-features.ts';

tf.enableProdMode();
beforeEach(async () => {
  await tf.setBackend('cpu');
});
