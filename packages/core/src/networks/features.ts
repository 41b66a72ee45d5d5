import { constantTensor, importOnnx, type ReadExternal } from '@simgan/tfjs-onnx/import';
import * as tf from '@tensorflow/tfjs-core';
import { SimganError } from '../errors.ts';
import { readSafetensors } from '../safetensors.ts';
import { type FeatureTransform, meanOfChannels } from './regularizer.ts';

/**
 * The features of a small frozen network: 3x3 or other convolutions with ReLU behind each, borders filled with
 * zeros. The file holds `layer0/kernel` `[h, w, inputs, filters]`, `layer0/bias`, `layer1/kernel` and so on, and its
 * metadata `strides`, one whole number for each layer: `1,2,1`. A network for one channel sees of colours the mean.
 *
 * @param file - the bytes of a safetensors file
 * @throws SimganError INVALID_FILE if it does not hold such a network.
 */
export function convolutionFeatures(file: Uint8Array): FeatureTransform {
  const { tensors, metadata } = readSafetensors(file);
  const strides = (metadata.strides ?? '').split(',').map(Number);
  let inputs: number | undefined;
  const layers = strides.map((stride, i) => {
    const [kernel, bias] = [tensors[`layer${i}/kernel`], tensors[`layer${i}/bias`]];
    const [, , channels, filters] = kernel?.shape ?? [];
    const fits =
      kernel?.data instanceof Float32Array &&
      bias?.data instanceof Float32Array &&
      kernel.shape.length === 4 &&
      `${bias.shape}` === `${filters}` &&
      (inputs === undefined || channels === inputs) &&
      Number.isInteger(stride) &&
      stride > 0;
    if (!fits) {
      throw new SimganError(
        'INVALID_FILE',
        `This is not a feature network: its layer ${i} of ${strides.length} is missing or does not fit. Write it as layer${i}/kernel [h, w, inputs, filters] and layer${i}/bias [filters], with the strides of all layers in the metadata.`,
      );
    }
    inputs = filters;
    return { kernel: kernel.data, shape: kernel.shape, bias: bias.data, stride };
  });
  const isGrey = layers[0]!.shape[2] === 1;
  const features = (batch: tf.Tensor4D) =>
    layers.reduce<tf.Tensor4D>(
      (maps, { kernel, shape, bias, stride }) => {
        const filter = constantTensor(kernel, shape) as tf.Tensor4D;
        const mapped = tf.conv2d(maps, filter, stride, 'same');
        return tf.relu(tf.add<tf.Tensor4D>(mapped, constantTensor(bias, [bias.length])));
      },
      isGrey && batch.shape[3] !== 1 ? meanOfChannels(batch) : batch,
    );
  return Object.assign(features, { fingerprint: () => hashOf(file) });
}

/** How pictures are made what a foreign network was trained on. */
export interface OnnxFeatureOptions {
  /** Which value of the network is compared: a name in the model, or that of the node that makes it. Its output unless given. */
  readonly output?: string;
  /** What the values -1 and 1 of our pictures become first: `[0, 255]` or, for most networks, `[0, 1]`. [-1, 1] unless given. */
  readonly range?: readonly [low: number, high: number];
  /** Subtracted then, by channel: ImageNet's are 0.485, 0.456, 0.406 on [0, 1]. */
  readonly mean?: readonly number[];
  /** Divided by then, by channel: ImageNet's are 0.229, 0.224, 0.225. */
  readonly deviation?: readonly number[];
  /** The network's order of colours; `rgb` unless given. The mean and deviation are in this order. */
  readonly colors?: 'rgb' | 'bgr';
  /** The network's order of axes; `nchw` unless given, as nearly all have. */
  readonly layout?: 'nchw' | 'nhwc';
  /** Gives the bytes of another file that the model keeps weights in. */
  readonly readExternal?: ReadExternal;
}

/**
 * The features of any network in ONNX up to one of its values, such as `relu3_3` of VGG-16 (article of 2017). Grey
 * pictures are given to a network for colours as grey ones of three channels.
 *
 * @param model - the bytes of an .onnx file
 * @throws SimganError INVALID_FILE naming the node and operator that is not supported, or what does not fit.
 */
export function onnxFeatures(model: Uint8Array, options: OnnxFeatureOptions = {}): FeatureTransform {
  const { range: [low, high] = [-1, 1], mean, deviation, colors = 'rgb', readExternal, ...where } = options;
  const network = asInvalidFile(() => importOnnx(model, { ...where, ...(readExternal && { readExternal }) }));
  const shape = network.input.shape;
  const channels = shape?.[where.layout === 'nhwc' ? shape.length - 1 : 1];
  const features = (batch: tf.Tensor4D) => {
    let pictures = inChannels(batch, channels);
    if (colors === 'bgr') pictures = tf.reverse(pictures, 3);
    if (low !== -1 || high !== 1) {
      pictures = tf.add(tf.mul(pictures, (high - low) / 2), (high + low) / 2);
    }
    if (mean) pictures = tf.sub(pictures, perChannel(mean));
    if (deviation) pictures = tf.div(pictures, perChannel(deviation));
    const values = asInvalidFile(() => network.apply(pictures));
    return (values.rank === 4 ? values : tf.reshape(values, [batch.shape[0], 1, 1, -1])) as tf.Tensor4D;
  };
  const told = JSON.stringify([network.output, low, high, mean, deviation, colors, where.layout]);
  return Object.assign(features, {
    fingerprint: () => `${hashOf(model)}-${hashOf(new TextEncoder().encode(told))}`,
  });
}

function inChannels(batch: tf.Tensor4D, channels: number | undefined): tf.Tensor4D {
  if (channels === 3 && batch.shape[3] === 1) return tf.concat([batch, batch, batch], 3);
  return channels === 1 && batch.shape[3] === 3 ? meanOfChannels(batch) : batch;
}

function perChannel(values: readonly number[]): tf.Tensor {
  return constantTensor(Float32Array.from(values), [values.length]);
}

function asInvalidFile<Result>(compute: () => Result): Result {
  try {
    return compute();
  } catch (error) {
    if ((error as Error).name !== 'OnnxError') throw error;
    throw new SimganError('INVALID_FILE', `The feature network cannot be used. ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Two runs of FNV-1a with different constants, 64 bits in all: against mistakes, not against malice. */
function hashOf(bytes: Uint8Array): string {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x85ebca6b);
    b ^= b >>> 15;
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
