import type * as tf from '@tensorflow/tfjs-core';
import type { Step } from '../engine/engine.ts';
import type { Refiner } from '../networks/network.ts';

/** `{ synthetic, noise? }` to `{ refined }`: inference, without training. */
export function refineStep(refiner: Refiner): Step<'refined'> {
  return ({ synthetic, noise }) => ({
    refined: refiner.apply(synthetic as tf.Tensor4D, noise as tf.Tensor4D | undefined),
  });
}
