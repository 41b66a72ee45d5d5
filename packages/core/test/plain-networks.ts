/** @file Networks as a plugin's author may write them: plain tfjs, nothing of ours. */
import * as tf from '@tensorflow/tfjs-core';
import { createRng, type Discriminator, type NetworkBuilder, type Refiner } from '../src/index.ts';

/** A name for each variable, or none. */
type Name = (layer: string) => string | undefined;

const made = (name: string | undefined, seed: number, shape: number[]) => {
  const rng = createRng(seed).fork(shape.join());
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.2 * rng.normal());
  return tf.tidy(() => tf.variable(tf.tensor(values, shape), true, name));
};

/** Two convolutions, the second of which changes the picture. */
export function plainRefiner(nameOf: Name): NetworkBuilder<Refiner> {
  return ({ channels }, seed) => {
    const first = made(nameOf('first'), seed, [3, 3, channels, 4]);
    const second = made(nameOf('second'), seed, [1, 1, 4, channels]);
    return {
      noiseChannels: 0,
      receptiveField: 3,
      variables: [first, second],
      apply(batch) {
        const features = tf.relu(tf.conv2d(batch, first as tf.Tensor as tf.Tensor4D, 1, 'same'));
        const change = tf.conv2d(features, second as tf.Tensor as tf.Tensor4D, 1, 'same');
        return tf.tanh(tf.add<tf.Tensor4D>(batch, change));
      },
      dispose: () => tf.dispose([first, second]),
    };
  };
}

/** One convolution to two logits. */
export function plainDiscriminator(nameOf: Name): NetworkBuilder<Discriminator> {
  return ({ channels }, seed) => {
    const kernel = made(nameOf('first'), seed, [3, 3, channels, 2]);
    return {
      receptiveField: 3,
      variables: [kernel],
      apply: (batch) => tf.conv2d(batch, kernel as tf.Tensor as tf.Tensor4D, 2, 'same'),
      dispose: () => kernel.dispose(),
    };
  };
}
