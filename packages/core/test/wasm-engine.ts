import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach } from 'vitest';
import {
  eagerEngine,
  registerWasmConvolutionGradients,
  registerWasmMaxPoolGradient,
} from '../src/engine/index.ts';

tf.enableProdMode();
// tfjs's wasm backend has no threads in Node.
setThreadsCount(1);
registerWasmConvolutionGradients();
registerWasmMaxPoolGradient();

// For networks that a test file builds before its first test, and again for each test.
await tf.setBackend('wasm');
beforeEach(async () => {
  await tf.setBackend('wasm');
});

/** tfjs on WebAssembly: the fastest of the engines that need no other package. */
export const wasmEngine = eagerEngine('wasm', 'test', 'wasm');
