import * as tf from '@tensorflow/tfjs-core';
import { createRng } from '../rng.ts';
import { type Convolution, convolution } from './convolution.ts';
import type { Discriminator, NetworkBuilder } from './network.ts';
import { createVariable } from './variables.ts';

/** One layer of a patch discriminator. Kernel and stride in pixels of the layer's input. */
export type DiscriminatorLayer =
  | { readonly convolution: number; readonly stride?: number; readonly filters: number }
  | { readonly maxPool: number; readonly stride?: number };

/** Options for {@link patchDiscriminator}. */
export interface DiscriminatorOptions {
  /**
   * `local`: one decision for each patch, as in the paper. `global`: one decision for the whole picture, from the mean
   * of all patches' features; the ablation of the paper's fig. 8. Default: `local`.
   */
  readonly scope?: 'local' | 'global';
  /**
   * Normalizes each hidden convolution's features over the batch (Ioffe and Szegedy, 2015), always by the batch's own
   * statistics. Real and refined pictures come in batches of their own, so it tells them apart by their statistics:
   * a discriminator with it tends to win. Default: false.
   */
  readonly batchNorm?: boolean;
}

/**
 * The local discriminator of the paper (section 2.2): convolutions with ReLU and max pooling, ending in a
 * 1x1 convolution to two logits per patch, `[real, refined]`, with no activation after it. The losses aggregate
 * over patches to a decision on the whole image. Borders are zero-padded ("same").
 */
export function patchDiscriminator(
  layers: readonly DiscriminatorLayer[],
  { scope = 'local', batchNorm = false }: DiscriminatorOptions = {},
): NetworkBuilder<Discriminator> {
  return (image, seed) => {
    const rng = createRng(seed).fork('discriminator');
    let channels: number = image.channels;
    const hidden = layers.map((layer, index) => {
      if ('maxPool' in layer) return layer;
      const { convolution: kernel, filters, stride = 1 } = layer;
      const name = `layer${index}`;
      const built = convolution(name, { kernel, stride, inputs: channels, filters }, rng.fork(name));
      channels = filters;
      return batchNorm ? normalized(built, name, filters) : built;
    });
    const logits = convolution('logits', { kernel: 1, inputs: channels, filters: 2 }, rng.fork('logits'));

    const convolutions = [...hidden.filter((layer) => !('maxPool' in layer)), logits] as Layer[];
    const variables = convolutions.flatMap((layer) => layer.variables);
    return {
      receptiveField: scope === 'global' ? Math.max(image.width, image.height) : receptiveField(layers),
      variables,
      apply(batch) {
        let features = batch;
        for (const layer of hidden) {
          features =
            'maxPool' in layer
              ? tf.maxPool(features, layer.maxPool, layer.stride ?? 1, 'same')
              : tf.relu(layer.apply(features));
        }
        return logits.apply(scope === 'global' ? tf.mean(features, [1, 2], true) : features);
      },
      dispose: () => tf.dispose(variables),
    };
  };
}

interface Layer extends Pick<Convolution, 'apply'> {
  readonly variables: readonly tf.Variable[];
}

/** A convolution whose output has mean 0 and std 1 over batch and positions, then a learned scale and offset. */
function normalized({ apply, variables }: Convolution, name: string, filters: number): Layer {
  const scale = createVariable(`${name}/scale`, new Float32Array(filters).fill(1), [filters]);
  const offset = createVariable(`${name}/offset`, new Float32Array(filters), [filters]);
  return {
    variables: [...variables, scale, offset],
    apply(batch) {
      const features = apply(batch);
      const centered = tf.sub(features, tf.mean(features, [0, 1, 2], true));
      const variance = tf.mean(tf.square(centered), [0, 1, 2], true);
      return tf.add(tf.mul(tf.div(centered, tf.sqrt(tf.add(variance, 1e-5))), scale), offset);
    },
  };
}

function receptiveField(layers: readonly DiscriminatorLayer[]): number {
  let field = 1;
  let step = 1;
  for (const layer of layers) {
    const kernel = 'maxPool' in layer ? layer.maxPool : layer.convolution;
    field += (kernel - 1) * step;
    step *= layer.stride ?? 1;
  }
  return field;
}
