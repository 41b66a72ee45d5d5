import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, expect, test } from 'vitest';
import { createRng } from '../rng.ts';
import { registerWasmMaxPoolGradient } from './wasm-max-pool-gradient.ts';

beforeAll(() => {
  tf.enableProdMode();
  registerWasmMaxPoolGradient();
  registerWasmMaxPoolGradient();
});

const cases = [
  { kernel: 2, stride: 2, pad: 'valid', size: [7, 9] },
  { kernel: 2, stride: 1, pad: 'same', size: [5, 6] },
  { kernel: 3, stride: 2, pad: 'valid', size: [9, 8] },
  { kernel: 3, stride: 2, pad: 'same', size: [6, 7] },
  { kernel: 4, stride: 3, pad: 'same', size: [11, 10] },
] as const;

test.each(cases)(
  'the gradient of max pooling on wasm is that on cpu: $kernel x $kernel, stride $stride, $pad',
  async ({ kernel, stride, pad, size }) => {
    const rng = createRng(kernel);
    const shape = [2, ...size, 3] as [number, number, number, number];
    // Few different values, so that windows have several largest pixels.
    const x = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => rng.int(5));
    const gradient = async (backend: string) => {
      await tf.setBackend(backend);
      const dx = tf.tidy(() => {
        const loss = (a: tf.Tensor) => {
          const pooled = tf.maxPool(a as tf.Tensor4D, kernel, stride, pad);
          return tf.sum(tf.mul(pooled, tf.reshape(tf.range(1, pooled.size + 1), pooled.shape)));
        };
        return tf.grad(loss)(tf.tensor(x, shape));
      });
      const values = [...(await dx.data())];
      dx.dispose();
      return values;
    };
    const expected = await gradient('cpu');
    expect(expected.some((value) => value !== 0)).toBe(true);
    expect(await gradient('wasm')).toEqual(expected);
  },
);
