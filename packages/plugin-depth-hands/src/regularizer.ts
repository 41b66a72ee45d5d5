import { type ImageSpec, l1Regularizer, type Regularizer } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import { networkValues } from './hand-image.ts';

/**
 * The self-regularization of the paper, the mean of |R(x) - x|, with holes masked: a pixel that the refined picture
 * says was not measured is compared with the background, or with the hole that was there already, and not with the
 * depth that it hides. A hole is then the same small change wherever it is, as if a surface had moved by 30 mm, while
 * every depth is held as in the paper; with no hole in the refined picture the two are the same.
 *
 * The paper's pictures have one value for holes and background, and depth is far from it, so that plain L1 forbids
 * holes in hands, which sensors have, and lets the whole hand drift for what the many holes beside it cost.
 *
 * @param form The form that `handImage` gives.
 */
export function holesMasked(form: ImageSpec): Regularizer {
  const { background, invalid } = networkValues(form);
  const l1 = l1Regularizer();
  // Which pixels are holes has no gradient, and tfjs wants to be told.
  const referenceOf = tf.customGrad((refined, synthetic) => {
    const behind: tf.Tensor4D = tf.add(background, tf.relu(tf.sub(synthetic as tf.Tensor4D, background)));
    return {
      value: tf.where(tf.greater(refined as tf.Tensor4D, invalid), behind, synthetic as tf.Tensor4D),
      gradFunc: (dy: tf.Tensor) => [tf.zerosLike(dy), tf.zerosLike(dy)],
    };
  }) as (refined: tf.Tensor4D, synthetic: tf.Tensor4D) => tf.Tensor4D;
  return (refined, synthetic) => l1(refined, referenceOf(refined, synthetic));
}
