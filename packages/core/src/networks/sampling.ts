import * as tf from '@tensorflow/tfjs-core';
import { constantTensor } from './constant.ts';

/**
 * Samples pictures where a displacement field points, linearly between pixels; beyond an edge, the edge is replicated.
 * Differentiable in both.
 *
 * Every pixel is a product of two rows of weights with the picture, one along each axis, instead of a gather, which has
 * no gradient on wasm. Memory grows with width x height x (width + height), which suits pictures of up to about
 * 128 x 128.
 *
 * @param batch - `[batch, height, width, channels]`.
 * @param displacement - `[batch, height, width, 2]`, pixels: pixel p shows the point p + displacement.
 */
export function sampleAt(batch: tf.Tensor4D, displacement: tf.Tensor4D): tf.Tensor4D {
  const [count, height, width, channels] = batch.shape;
  const pixels = height * width;
  const across = weightsAlong(displacement, 0, width);
  const down = weightsAlong(displacement, 1, height);
  const columns = tf.reshape(tf.transpose(batch, [0, 2, 1, 3]), [count, width, height * channels]);
  const lines = tf.reshape(tf.matMul(across, columns), [count, pixels, height, channels]);
  const sampled = tf.sum(tf.mul(lines, tf.reshape(down, [count, pixels, height, 1])), 2);
  return tf.reshape(sampled, [count, height, width, channels]);
}

/** `[batch, pixels, length]`: the weight of each of an axis' pixels in each sampled one. */
function weightsAlong(displacement: tf.Tensor4D, axis: 0 | 1, length: number): tf.Tensor3D {
  const [count, height, width] = displacement.shape;
  const pixels = height * width;
  const own = Float32Array.from({ length: pixels }, (_, i) =>
    axis === 0 ? i % width : Math.floor(i / width),
  );
  const moved = tf.reshape(tf.slice(displacement, [0, 0, 0, axis], [count, height, width, 1]), [
    count,
    pixels,
    1,
  ]);
  const places = tf.clipByValue(tf.add(moved, constantTensor(own, [1, pixels, 1])), 0, length - 1);
  const indices = constantTensor(
    Float32Array.from({ length }, (_, i) => i),
    [1, 1, length],
  );
  return tf.relu(tf.sub(1, tf.abs(tf.sub(places, indices)))) as tf.Tensor3D;
}
