import * as tf from '@tensorflow/tfjs-core';
import { createRng } from '../rng.ts';
import { type Convolution, convolution } from './convolution.ts';
import type { Discriminator, NetworkBuilder } from './network.ts';

/** One layer of a patch discriminator. Kernel and stride in pixels of the layer's input. */
export type DiscriminatorLayer =
  | { readonly convolution: number; readonly stride?: number; readonly filters: number }
  | { readonly maxPool: number; readonly stride?: number };

/**
 * The local discriminator of the paper (section 2.2): convolutions with ReLU and max pooling, ending in a
 * 1x1 convolution to two logits per patch, `[real, refined]`, with no activation after it. The losses aggregate
 * over patches to a decision on the whole image. Borders are zero-padded ("same").
 */
export function patchDiscriminator(layers: readonly DiscriminatorLayer[]): NetworkBuilder<Discriminator> {
  return (image, seed) => {
    const rng = createRng(seed).fork('discriminator');
    let channels: number = image.channels;
    const hidden = layers.map((layer, index) => {
      if ('maxPool' in layer) return layer;
      const { convolution: kernel, filters, stride = 1 } = layer;
      const name = `layer${index}`;
      const built = convolution(name, { kernel, stride, inputs: channels, filters }, rng.fork(name));
      channels = filters;
      return built;
    });
    const logits = convolution('logits', { kernel: 1, inputs: channels, filters: 2 }, rng.fork('logits'));

    const convolutions = [...hidden.filter((layer) => !('maxPool' in layer)), logits] as Convolution[];
    const variables = convolutions.flatMap((layer) => layer.variables);
    return {
      receptiveField: receptiveField(layers),
      variables,
      apply(batch) {
        let features = batch;
        for (const layer of hidden) {
          features =
            'maxPool' in layer
              ? tf.maxPool(features, layer.maxPool, layer.stride ?? 1, 'same')
              : tf.relu(layer.apply(features));
        }
        return logits.apply(features);
      },
      dispose: () => tf.dispose(variables),
    };
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
