import * as tf from '@tensorflow/tfjs-core';

interface PoolAttributes {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

let isReplaced = false;

/**
 * Replaces the max pooling gradient of tfjs's wasm backend, which is wrong for windows with an even side: each
 * output's gradient goes to the first of the largest pixels of its window, as on the cpu backend. Registering it twice
 * does nothing.
 */
export function registerWasmMaxPoolGradient(): void {
  if (isReplaced) return;
  isReplaced = true;
  tf.unregisterKernel('MaxPoolGrad', 'wasm');
  tf.registerKernel({
    kernelName: 'MaxPoolGrad',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { dy, input } = inputs as unknown as { dy: tf.TensorInfo; input: tf.TensorInfo };
      const { readSync } = backend as { readSync(id: object): Float32Array };
      const read = (tensor: tf.TensorInfo) => readSync.call(backend, tensor.dataId);
      const shape = input.shape as [number, number, number, number];
      return tf.tensor(gradientOf(read(input), read(dy), shape, attrs as unknown as PoolAttributes), shape);
    },
  });
}

function gradientOf(
  pixels: Float32Array,
  dy: Float32Array,
  shape: [number, number, number, number],
  { filterSize, strides, pad, dimRoundingMode }: PoolAttributes,
): Float32Array {
  const pool = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const [batch, height, width, channels] = shape;
  const gradient = new Float32Array(pixels.length);
  let window = 0;
  for (let image = 0; image < batch; image++) {
    for (let row = 0; row < pool.outHeight; row++) {
      const top = row * pool.strideHeight - pool.padInfo.top;
      for (let column = 0; column < pool.outWidth; column++) {
        const left = column * pool.strideWidth - pool.padInfo.left;
        for (let channel = 0; channel < channels; channel++, window++) {
          let largest = -1;
          for (let y = Math.max(0, top); y < Math.min(height, top + pool.filterHeight); y++) {
            for (let x = Math.max(0, left); x < Math.min(width, left + pool.filterWidth); x++) {
              const at = ((image * height + y) * width + x) * channels + channel;
              if (largest < 0 || pixels[at]! > pixels[largest]!) largest = at;
            }
          }
          if (largest >= 0) gradient[largest]! += dy[window]!;
        }
      }
    }
  }
  return gradient;
}
