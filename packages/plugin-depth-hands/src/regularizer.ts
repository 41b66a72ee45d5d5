import { type ImageSpec, l1Regularizer, type Regularizer } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import { networkValues } from './hand-image.ts';

/** What a hole costs of the way from the background to it: in the background, and where a surface is lost with it. */
const HOLE_SHARE = { background: 0.25, surface: 1 } as const;

/**
 * The self-regularization of the paper, the mean of |R(x) - x|, with holes masked: a pixel that the refined picture
 * says was not measured is compared with the background, or with the hole that was there already, and not with the
 * depth that it hides. Beside the hand it then counts a quarter of that small way, as if a surface had moved by 7.5 mm,
 * and within it all of it, 30 mm: shadows are cheap, and an outline that is eaten away is not. Every depth is held as
 * in the paper; with no hole in the refined picture the two are the same.
 *
 * The paper's pictures have one value for holes and background, and depth is far from it, so that plain L1 forbids
 * holes in hands, which sensors have, and lets the whole hand drift for what the many holes beside it cost.
 *
 * @param form The form that `handImage` gives.
 */
export function holesMasked(form: ImageSpec): Regularizer {
  const { background, deepest, invalid } = networkValues(form);
  const l1 = l1Regularizer();
  // Which pixels are holes has no gradient, and tfjs wants to be told.
  const constant = (of: (isHole: tf.Tensor4D, synthetic: tf.Tensor4D) => tf.Tensor4D) =>
    tf.customGrad((refined, synthetic) => ({
      value: of(tf.greater(refined as tf.Tensor4D, invalid), synthetic as tf.Tensor4D),
      gradFunc: (dy: tf.Tensor) => [tf.zerosLike(dy), tf.zerosLike(dy)],
    })) as (refined: tf.Tensor4D, synthetic: tf.Tensor4D) => tf.Tensor4D;
  const referenceOf = constant((isHole, synthetic) => {
    const behind: tf.Tensor4D = tf.add(background, tf.relu(tf.sub(synthetic, background)));
    return tf.where(isHole, behind, synthetic);
  });
  const weightOf = constant((isHole, synthetic) => {
    const { background: beside, surface } = HOLE_SHARE;
    const isSurface = tf.cast(tf.less(synthetic, deepest), 'float32');
    const ofHole: tf.Tensor4D = tf.add(beside, tf.mul(surface - beside, isSurface));
    return tf.where(isHole, ofHole, tf.onesLike(synthetic));
  });
  return (refined, synthetic) => {
    const weight = weightOf(refined, synthetic);
    const reference = referenceOf(refined, synthetic);
    return l1(tf.mul(refined, weight), tf.mul(reference, weight));
  };
}
