import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, test } from 'vitest';
import { createRng } from '../rng.ts';
import { registerWasmConvolutionGradients } from './wasm-convolution-gradients.ts';

beforeAll(() => {
  tf.enableProdMode();
  registerWasmConvolutionGradients();
  registerWasmConvolutionGradients();
});

const cases = [
  { kernel: 3, stride: 1, pad: 'same', size: [7, 9], inputs: 3, filters: 5 },
  { kernel: 3, stride: 2, pad: 'same', size: [7, 10], inputs: 4, filters: 3 },
  { kernel: 3, stride: 1, pad: 'valid', size: [6, 5], inputs: 2, filters: 4 },
  { kernel: 5, stride: 2, pad: 'valid', size: [11, 12], inputs: 3, filters: 2 },
  { kernel: 7, stride: 4, pad: 'same', size: [13, 17], inputs: 1, filters: 6 },
  { kernel: 1, stride: 1, pad: 'same', size: [4, 3], inputs: 8, filters: 2 },
  { kernel: 2, stride: 1, pad: 'same', size: [5, 5], inputs: 2, filters: 2 },
] as const;

describe('gradients of a convolution on wasm', () => {
  test.each(cases)('equal those on cpu: $kernel x $kernel, stride $stride, $pad', async (shape) => {
    const { kernel, stride, pad, size, inputs, filters } = shape;
    const rng = createRng(kernel * 10 + stride);
    const random = (dimensions: number[]) =>
      Float32Array.from({ length: dimensions.reduce((a, b) => a * b) }, () => rng.normal());
    const pixels = [2, ...size, inputs] as [number, number, number, number];
    const weights = [kernel, kernel, inputs, filters] as [number, number, number, number];
    const x = random(pixels);
    const w = random(weights);

    const gradients = async (backend: string) => {
      await tf.setBackend(backend);
      const [dx, dw] = tf.tidy(() =>
        tf.grads((a, b) => tf.sum(tf.square(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, pad))))([
          tf.tensor(x, pixels),
          tf.tensor(w, weights),
        ]),
      ) as [tf.Tensor, tf.Tensor];
      const values = [...(await dx.data()), ...(await dw.data())];
      tf.dispose([dx, dw]);
      return values;
    };
    const expected = await gradients('cpu');
    const actual = await gradients('wasm');
    const scale = Math.max(...expected.map(Math.abs));
    const difference = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)));
    expect(difference / scale).toBeLessThan(2e-6);
  });
});
