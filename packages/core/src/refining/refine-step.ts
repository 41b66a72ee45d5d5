import type * as tf from '@tensorflow/tfjs-core';
import type { Step } from '../engine/engine.ts';
import type { Refiner, Warping } from '../networks/network.ts';

/**
 * `{ synthetic, noise?, share }` to `{ refined, field }`: inference of a refiner that moves things. `share` is `[batch, 1,
 * 1, 1]`, what displacements are multiplied by; `field` is `[batch, rows, columns, 2]`, pixels at the control points.
 */
export function refineWarpedStep({ refine }: Warping): Step<'refined' | 'field'> {
  return ({ synthetic, noise, share }) => {
    const { refined, field } = refine(
      synthetic as tf.Tensor4D,
      noise as tf.Tensor4D | undefined,
      share as tf.Tensor4D,
    );
    return { refined, field };
  };
}

/**
 * `{ synthetic, noise? }` to all that a refiner gives: `{ refined }`, and for refiners that move things `{ refined,
 * displacement }`, where `displacement` is `[batch, height, width, 2]`, pixels.
 */
export function wholeRefineStep(refiner: Refiner): Step {
  const { warping } = refiner;
  if (!warping) return refineStep(refiner);
  return ({ synthetic, noise }) => {
    const { refined, displacement } = warping.refine(
      synthetic as tf.Tensor4D,
      noise as tf.Tensor4D | undefined,
    );
    return { refined, displacement };
  };
}

/** `{ synthetic, noise? }` to `{ refined }`: inference, without training. */
export function refineStep(refiner: Refiner): Step<'refined'> {
  return ({ synthetic, noise }) => ({
    refined: refiner.apply(synthetic as tf.Tensor4D, noise as tf.Tensor4D | undefined),
  });
}
