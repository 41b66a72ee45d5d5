import * as tf from '@tensorflow/tfjs-core';
import { constantTensor } from './constant.ts';

/**
 * Samples pictures where a displacement field points; beyond an edge, the edge is replicated. Differentiable in both.
 *
 * `linear` is linear between pixels. `nearest` copies one pixel, for depth, where the mean of two surfaces is a point that
 * does not exist; its gradient is that of `linear`.
 *
 * Every pixel is a product of two rows of weights with the picture, one along each axis, instead of a gather, which has
 * no gradient on wasm. Memory grows with width x height x (width + height), which suits pictures of up to about
 * 128 x 128.
 *
 * @param batch - `[batch, height, width, channels]`.
 * @param displacement - `[batch, height, width, 2]`, pixels: pixel p shows the point p + displacement.
 */
export function sampleAt(
  batch: tf.Tensor4D,
  displacement: tf.Tensor4D,
  filter: 'linear' | 'nearest' = 'linear',
): tf.Tensor4D {
  const [count, height, width, channels] = batch.shape;
  const pixels = height * width;
  const across = weightsAlong(displacement, 0, width, filter);
  const down = weightsAlong(displacement, 1, height, filter);
  const columns = tf.reshape(tf.transpose(batch, [0, 2, 1, 3]), [count, width, height * channels]);
  const lines = tf.reshape(tf.matMul(across, columns), [count, pixels, height, channels]);
  const sampled = tf.sum(tf.mul(lines, tf.reshape(down, [count, pixels, height, 1])), 2);
  return tf.reshape(sampled, [count, height, width, channels]);
}

/** `[batch, pixels, length]`: the weight of each of an axis' pixels in each sampled one. */
function weightsAlong(
  displacement: tf.Tensor4D,
  axis: 0 | 1,
  length: number,
  filter: 'linear' | 'nearest',
): tf.Tensor3D {
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
  const distances = tf.sub(places, indices) as tf.Tensor3D;
  return filter === 'linear' ? linearWeights(distances) : nearestWeights(distances);
}

function linearWeights(distances: tf.Tensor3D): tf.Tensor3D {
  return tf.relu(tf.sub(1, tf.abs(distances))) as tf.Tensor3D;
}

/** 1 for the nearest pixel (of two, the later) and 0 for others; with the gradient of {@link linearWeights}. */
function nearestWeights(distances: tf.Tensor3D): tf.Tensor3D {
  const weights = tf.customGrad((x, save) => {
    const values = x as tf.Tensor3D;
    (save as (tensors: tf.Tensor[]) => void)([values]);
    const isNear = tf.logicalAnd(tf.greaterEqual(values, -0.5), tf.less(values, 0.5));
    return {
      value: tf.cast(isNear, 'float32'),
      gradFunc: (dy, saved) => {
        const [inner] = saved as [tf.Tensor3D];
        const slope = tf.mul(tf.neg(tf.sign(inner)), tf.cast(tf.less(tf.abs(inner), 1), 'float32'));
        return tf.mul(dy as tf.Tensor3D, slope);
      },
    };
  });
  return weights(distances) as tf.Tensor3D;
}
