import * as tf from '@tensorflow/tfjs-core';
import { SimganError } from '../errors.ts';
import type { SizedForm } from '../image.ts';
import { createRng, type Rng } from '../rng.ts';
import { type Convolution, convolution } from './convolution.ts';
import type { NetworkBuilder } from './network.ts';
import { createVariable } from './variables.ts';

/** One layer of an estimator. Kernel and stride in pixels of the layer's input; `dense` is its number of units. */
export type EstimatorLayer =
  | { readonly convolution: number; readonly stride?: number; readonly filters: number }
  | { readonly maxPool: number; readonly stride?: number }
  | { readonly dense: number };

/** A built layer: its variables and its application, `[batch, h, w, channels]` in and out. */
interface BuiltLayer {
  readonly variables: readonly tf.Variable[];
  apply(batch: tf.Tensor4D): tf.Tensor4D;
}

interface Extent {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * A network from a picture to a few numbers: convolutions and pooling without padding ("valid", as in section 3.1 of
 * the paper), then dense layers over all remaining values; ReLU between layers and none after the last. A dense layer
 * outputs `[batch, 1, 1, units]`.
 *
 * @throws SimganError INVALID_ARGUMENT, when the network is built, if an image is too small for a layer's kernel.
 */
export function estimatorNetwork(layers: readonly EstimatorLayer[]): NetworkBuilder {
  return (image, seed) => {
    const rng = createRng(seed).fork('estimator');
    let extent: Extent = image;
    const built = layers.map((layer, index) => {
      const name = `layer${index}`;
      const before = extent;
      extent = extentAfter(layer, before, image);
      return buildLayer(layer, before, name, rng.fork(name));
    });
    const variables = built.flatMap((layer) => layer.variables);
    return {
      variables,
      receptiveField: Math.max(image.width, image.height),
      apply: (batch) =>
        built.reduce((features, layer, index) => {
          const isHidden = index < built.length - 1 && layer.variables.length > 0;
          const output = layer.apply(features);
          return isHidden ? tf.relu(output) : output;
        }, batch),
      dispose: () => tf.dispose(variables),
    };
  };
}

function extentAfter(layer: EstimatorLayer, { height, width, channels }: Extent, image: SizedForm): Extent {
  if ('dense' in layer) return { height: 1, width: 1, channels: layer.dense };
  const kernel = 'maxPool' in layer ? layer.maxPool : layer.convolution;
  const stride = layer.stride ?? 1;
  if (kernel > height || kernel > width) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `The estimator's layers leave ${width}x${height} pixels of a picture of ${image.width}x${image.height}, too few for the next kernel of ${kernel}x${kernel}. Use larger pictures or fewer layers.`,
    );
  }
  return {
    height: Math.floor((height - kernel) / stride) + 1,
    width: Math.floor((width - kernel) / stride) + 1,
    channels: 'maxPool' in layer ? channels : layer.filters,
  };
}

function buildLayer(
  layer: EstimatorLayer,
  { height, width, channels }: Extent,
  name: string,
  rng: Rng,
): BuiltLayer {
  if ('dense' in layer) return dense(name, height * width * channels, layer.dense, rng);
  if ('maxPool' in layer) {
    const { maxPool, stride = 1 } = layer;
    return { variables: [], apply: (batch) => tf.maxPool(batch, maxPool, stride, 'valid') };
  }
  const { convolution: kernel, stride = 1, filters } = layer;
  const shape = { kernel, stride, inputs: channels, filters };
  return convolution(name, shape, rng, { padding: 'none' }) satisfies Convolution;
}

function dense(name: string, inputs: number, units: number, rng: Rng): BuiltLayer {
  const std = Math.sqrt(2 / inputs);
  const values = Float32Array.from({ length: inputs * units }, () => std * rng.normal());
  const weights = createVariable(`${name}/weights`, values, [inputs, units]);
  const bias = createVariable(`${name}/bias`, new Float32Array(units), [units]);
  return {
    variables: [weights, bias],
    apply(batch) {
      const flat = tf.reshape(batch, [-1, inputs]);
      const output = tf.add(tf.matMul(flat, weights as tf.Tensor as tf.Tensor2D), bias);
      return tf.reshape(output, [-1, 1, 1, units]);
    },
  };
}
