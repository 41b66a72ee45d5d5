import { SimganError } from '@simgan/core';
import { type FeatureTransform, hashOf, meanOfChannels } from '@simgan/core/networks';
import { constantTensor, importOnnx, type ReadExternal } from '@simgan/tfjs-onnx/import';
import * as tf from '@tensorflow/tfjs-core';

/** Preprocessing of pictures for a pretrained network. */
export interface OnnxFeatureOptions {
  /** The value of the network that is compared: a name in the model, or the name of the node that makes it. Default: its output. */
  readonly output?: string;
  /** The values that -1 and 1 of our pictures are mapped to first: `[0, 255]` or, for most networks, `[0, 1]`. Default: [-1, 1]. */
  readonly range?: readonly [low: number, high: number];
  /** Subtracted then, by channel: ImageNet's are 0.485, 0.456, 0.406 on [0, 1]. */
  readonly mean?: readonly number[];
  /** Divided by then, by channel: ImageNet's are 0.229, 0.224, 0.225. */
  readonly std?: readonly number[];
  /** The network's order of colors. The mean and std are in this order. Default: `rgb`. */
  readonly colors?: 'rgb' | 'bgr';
  /** The network's order of axes. Default: `nchw`, as in nearly all networks. */
  readonly layout?: 'nchw' | 'nhwc';
  /** Gives the bytes of another file that the model keeps weights in. */
  readonly readExternal?: ReadExternal;
}

/**
 * The features of any network in ONNX up to one of its values, such as `relu3_3` of VGG-16 (article of 2017). Grey
 * pictures are given to a network for colors as gray ones of three channels.
 *
 * @param model - the bytes of an .onnx file
 * @throws SimganError INVALID_FILE naming the node and operator that is not supported, or what does not fit.
 */
export function onnxFeatures(model: Uint8Array, options: OnnxFeatureOptions = {}): FeatureTransform {
  const { range: [low, high] = [-1, 1], mean, std, colors = 'rgb', readExternal, ...where } = options;
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
    if (std) pictures = tf.div(pictures, perChannel(std));
    const values = asInvalidFile(() => network.apply(pictures));
    return (values.rank === 4 ? values : tf.reshape(values, [batch.shape[0], 1, 1, -1])) as tf.Tensor4D;
  };
  const told = JSON.stringify([network.output, low, high, mean, std, colors, where.layout]);
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
