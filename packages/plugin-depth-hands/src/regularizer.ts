import { type ImageSpec, l1Regularizer, type Regularizer } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import { networkValues } from './hand-image.ts';

/** What a hole in the background counts, mm. */
const LOST_BACKGROUND_MM = 10;

/**
 * The self-regularization of the paper, the mean of |R(x) - x|, with holes masked: a pixel of a surface that the refined
 * picture says was not measured is compared with the background, and not with the depth that it hides. A hole is then
 * the same small change wherever it is in a hand, as if the surface had moved by 30 mm, while every depth is held as in
 * the paper. A hole in the background counts 10 mm: nothing there is labelled, and the shadows of a hand are as large as
 * the hand, so that what they cost would be taken from its outlines; were it nothing, all background would be lost at
 * times. With no hole in the refined picture it is the paper's.
 *
 * The paper's pictures have one value for holes and background, and depth is far from it, so that plain L1 forbids
 * holes in hands, which sensors have, and lets the whole hand drift for what the many holes beside it cost.
 *
 * @param form The form that `handImage` gives.
 */
export function holesMasked(form: ImageSpec): Regularizer {
  const { background, hole, deepest, invalid, perMillimetre } = networkValues(form);
  const lostBackground = hole - LOST_BACKGROUND_MM * perMillimetre;
  const l1 = l1Regularizer();
  // Which pixels are holes has no gradient, and tfjs wants to be told.
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
