import * as tf from '@tensorflow/tfjs-core';
import { SimganError } from '../errors.ts';
import { readSafetensors } from '../safetensors.ts';
import { constantTensor } from './constant.ts';
import { type FeatureTransform, meanOfChannels } from './regularizer.ts';

/**
 * The features of a small frozen network: 3x3 or other convolutions, each followed by ReLU, with zero padding. The
 * file holds `layer0/kernel` `[h, w, inputs, filters]`, `layer0/bias`, `layer1/kernel` and so on, and in its metadata
 * `strides`, one whole number per layer: `1,2,1`. A network with one input channel sees the mean of the colors.
 *
 * @param file - the bytes of a safetensors file.
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
  const isGray = layers[0]!.shape[2] === 1;
  const features = (batch: tf.Tensor4D) =>
    layers.reduce<tf.Tensor4D>(
      (maps, { kernel, shape, bias, stride }) => {
        const filter = constantTensor(kernel, shape) as tf.Tensor4D;
        const mapped = tf.conv2d(maps, filter, stride, 'same');
        return tf.relu(tf.add<tf.Tensor4D>(mapped, constantTensor(bias, [bias.length])));
      },
      isGray && batch.shape[3] !== 1 ? meanOfChannels(batch) : batch,
    );
  return Object.assign(features, { fingerprint: () => hashOf(file) });
}

/** Two runs of FNV-1a with different constants, 64 bits in all: protects against mistakes, not against malice. */
export function hashOf(bytes: Uint8Array): string {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x85ebca6b);
    b ^= b >>> 15;
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
