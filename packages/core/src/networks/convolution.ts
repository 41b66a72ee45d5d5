import * as tf from '@tensorflow/tfjs-core';
import type { Rng } from '../rng.ts';
import { createVariable } from './variables.ts';

/** How the image is padded where a kernel extends beyond its border. */
export type Padding = 'zero' | 'reflect';

/** The initial values of a layer's kernel: He normal for ReLU networks, zeros, or normal with the given std. */
export type Initializer = 'he' | 'zeros' | { readonly std: number };

/** The dimensions of one convolution with bias. `kernel` and `stride` in pixels. */
export interface ConvolutionShape {
  readonly kernel: number;
  readonly stride?: number;
  readonly inputs: number;
  readonly filters: number;
}

/** A convolution's two variables and its application, `[b, h, w, inputs]` to `[b, h/stride, w/stride, filters]`. */
export interface Convolution {
  apply(batch: tf.Tensor4D): tf.Tensor4D;
  readonly variables: readonly [kernel: tf.Variable, bias: tf.Variable];
}

/**
 * A convolution that keeps the size (divided by the stride, rounded up), with biases that start at 0. With the
 * padding `none` the kernel stays within the image, which shrinks ("valid").
 *
 * The kernel's initial values depend on `rng` alone. He et al., "Delving deep into rectifiers", 2015.
 */
export function convolution(
  name: string,
  { kernel, stride = 1, inputs, filters }: ConvolutionShape,
  rng: Rng,
  { initializer = 'he', padding = 'zero' }: { initializer?: Initializer; padding?: Padding | 'none' } = {},
): Convolution {
  const fanIn = kernel * kernel * inputs;
  const std = initializer === 'he' ? Math.sqrt(2 / fanIn) : initializer === 'zeros' ? 0 : initializer.std;
  const values = Float32Array.from({ length: fanIn * filters }, () => (std === 0 ? 0 : rng.normal() * std));
  const weights = createVariable(`${name}/kernel`, values, [kernel, kernel, inputs, filters]);
  const bias = createVariable(`${name}/bias`, new Float32Array(filters), [filters]);
  return {
    variables: [weights, bias],
    apply(batch) {
      const reflected = padding === 'reflect' && kernel > 1;
      const input = reflected ? reflectPad(batch, (kernel - 1) / 2) : batch;
      const filter = weights as tf.Tensor as tf.Tensor4D;
      return tf.add(
        tf.conv2d(input, filter, stride, reflected || padding === 'none' ? 'valid' : 'same'),
        bias,
      );
    },
  };
}

/**
 * Mirrors `size` rows and columns around the image without repeating the border, so that the border gives
 * the discriminator no cue. Implemented with slices, because every engine has their gradients.
 */
export function reflectPad(batch: tf.Tensor4D, size: number): tf.Tensor4D {
  return reflectAxis(reflectAxis(batch, 1, size), 2, size);
}

function reflectAxis(batch: tf.Tensor4D, axis: 1 | 2, size: number): tf.Tensor4D {
  const length = batch.shape[axis];
  const line = (index: number): tf.Tensor4D => {
    const begin: [number, number, number, number] = [0, 0, 0, 0];
    const extent: [number, number, number, number] = [...batch.shape];
    begin[axis] = index;
    extent[axis] = 1;
    return tf.slice(batch, begin, extent);
  };
  const before = Array.from({ length: size }, (_, i) => line(size - i));
  const after = Array.from({ length: size }, (_, i) => line(length - 2 - i));
  return tf.concat([...before, batch, ...after], axis);
}
