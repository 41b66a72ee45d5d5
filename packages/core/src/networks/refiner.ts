import * as tf from '@tensorflow/tfjs-core';
import { createRng } from '../rng.ts';
import { type Convolution, convolution, type Padding } from './convolution.ts';
import type { NetworkBuilder, Refiner } from './network.ts';

/** Options for {@link residualRefiner}. Sizes in pixels. */
export interface ResidualRefinerOptions {
  /** Feature maps in every hidden layer; 64 in the paper. */
  readonly width: number;
  /** ResNet blocks; in the paper 4 for eyes, 10 for hands. */
  readonly blocks: number;
  /** Side of the kernels in the blocks. Default: 3. */
  readonly kernel?: number;
  /** Side of the first convolution's kernel. Default: `kernel`. */
  readonly stem?: number;
  /** Default: `zero`. */
  readonly padding?: Padding;
  /**
   * `tanh`: the network outputs the whole image. `residual`: it outputs a difference that is added to the image
   * and starts at (almost) zero, so that an untrained refiner changes nothing and needs no warm-up. Default: `tanh`.
   */
  readonly output?: 'tanh' | 'residual';
  /** Noise channels that the refiner can make texture from, where a flat rendering has none to start with. Default: 0. */
  readonly noiseChannels?: number;
  /** Std of that noise. Default: 1. */
  readonly noiseStd?: number;
}

/**
 * The refiner of the paper (section 3.1): a convolution, `blocks` ResNet blocks of two convolutions each,
 * and a 1x1 convolution to the image's channels; fully convolutional, no stride and no pooling, so no pixel
 * moves by construction. The paper names no output activation; tanh keeps the image in [-1, 1].
 *
 * With width 64 and 4 blocks on one channel, it has 296,129 parameters and a receptive field of 19x19 pixels.
 */
export function residualRefiner(options: ResidualRefinerOptions): NetworkBuilder<Refiner> {
  const { width, blocks, kernel = 3, stem = kernel, padding = 'zero', output = 'tanh' } = options;
  const { noiseChannels = 0, noiseStd = 1 } = options;
  return (image, seed) => {
    const rng = createRng(seed).fork('refiner');
    const layer = (
      name: string,
      side: number,
      inputs: number,
      filters: number,
      initializer: 'he' | 'zeros' | { std: number },
    ) => convolution(name, { kernel: side, inputs, filters }, rng.fork(name), { initializer, padding });

    const starting = output === 'residual';
    const first = layer('stem', stem, image.channels + noiseChannels, width, 'he');
    const residualBlocks = Array.from({ length: blocks }, (_, block) => [
      layer(`block${block}/a`, kernel, width, width, 'he'),
      layer(`block${block}/b`, kernel, width, width, starting ? 'zeros' : 'he'),
    ]) as [Convolution, Convolution][];
    const last = layer('image', 1, width, image.channels, starting ? { std: 1e-3 } : 'he');

    const variables = [first, ...residualBlocks.flat(), last].flatMap((convolution) => convolution.variables);
    return {
      noiseChannels,
      receptiveField: stem + blocks * 2 * (kernel - 1),
      variables,
      apply(batch, noise) {
        const input = noiseChannels > 0 ? withNoise(batch, noise, noiseStd) : batch;
        let features: tf.Tensor4D = tf.relu(first.apply(input));
        for (const [a, b] of residualBlocks) {
          const change: tf.Tensor4D = tf.add(b.apply(tf.relu(a.apply(features))), features);
          features = tf.relu(change);
        }
        const result = last.apply(features);
        if (output === 'tanh') return tf.tanh(result);
        return clampToRange(tf.add(batch, result));
      },
      dispose: () => tf.dispose(variables),
    };
  };
}

function withNoise(batch: tf.Tensor4D, noise: tf.Tensor4D | undefined, std: number): tf.Tensor4D {
  if (!noise)
    throw new Error('This refiner takes noise in addition to the image: pass it as the second argument.');
  const scaled: tf.Tensor4D = tf.mul(noise, std);
  return tf.concat([batch, scaled], 3);
}

/**
 * Clamps to [-1, 1]. Unlike a plain clamp, it passes gradients that would bring a value back into the range, so that
 * no saturated pixel is lost to training.
 */
export function clampToRange(batch: tf.Tensor4D): tf.Tensor4D {
  const clamp = tf.customGrad((x, save) => {
    const values = x as tf.Tensor4D;
    (save as (tensors: tf.Tensor[]) => void)([values]);
    return {
      value: tf.clipByValue(values, -1, 1),
      gradFunc: (dy, saved) => {
        const [inner] = saved as [tf.Tensor4D];
        const outward = tf.less(tf.mul(inner, dy as tf.Tensor4D), 0);
        const leaves = tf.logicalAnd(tf.greater(tf.abs(inner), 1), outward);
        return tf.where(leaves, tf.zerosLike(inner), dy as tf.Tensor4D);
      },
    };
  });
  return clamp(batch) as tf.Tensor4D;
}
