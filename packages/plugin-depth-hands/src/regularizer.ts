import { l1Regularizer, type Regularizer, type SizedForm } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import { networkValues } from './hand-image.ts';

/** The cost of a hole in the background, mm. */
const LOST_BACKGROUND_MM = 10;

/**
 * The self-regularization of the paper, the mean of |R(x) - x|, with holes masked: a hole of the refined picture in a
 * surface is compared with the background, and not with the depth that it hides. A hole is then the same small change
 * wherever it is in a hand, as if the surface had moved by 30 mm, while every depth is regularized as in the paper. A
 * hole in the background costs 10 mm: nothing there is labeled, and the shadows of a hand are as large as the hand, so
 * a higher cost would be saved at its outlines; at no cost, all background is lost at times. Without holes in the refined
 * picture this is the paper's regularizer.
 *
 * The paper's pictures have one value for holes and background, far from any depth. Plain L1 then forbids
 * holes in hands, which sensors have, and lets the whole hand drift to pay for the many holes beside it.
 *
 * @param form - as `handImage` returns it.
 * @throws SimganError INVALID_ARGUMENT for any other form.
 */
export function holesMasked(form: SizedForm): Regularizer {
  const { background, hole, deepest, invalid, perMillimeter } = networkValues(form);
  const lostBackground = hole - LOST_BACKGROUND_MM * perMillimeter;
  const l1 = l1Regularizer();
  // The choice of holes has no gradient, which tfjs must be told.
  const referenceOf = tf.customGrad((refined, synthetic) => {
    const [shown, expected] = [refined as tf.Tensor4D, synthetic as tf.Tensor4D];
    const isSurface = tf.less(expected, deepest);
    const hidden = tf.where(
      isSurface,
      tf.fill(expected.shape, background),
      tf.maximum(expected, lostBackground),
    );
    return {
      value: tf.where(tf.greater(shown, invalid), hidden, expected) as tf.Tensor4D,
      gradFunc: (dy: tf.Tensor) => [tf.zerosLike(dy), tf.zerosLike(dy)],
    };
  }) as (refined: tf.Tensor4D, synthetic: tf.Tensor4D) => tf.Tensor4D;
  return (refined, synthetic) => l1(refined, referenceOf(refined, synthetic));
}
