import { type ImageSpec, imageRange, l1Regularizer, type Regularizer } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import { backgroundValue, cubeOf, invalidValue } from './hand-image.ts';

/**
 * The self-regularization of the paper, the mean of |R(x) - x|, with holes masked: a pixel that the refined picture
 * says was not measured is compared with the background, or with the hole that was there already, and not with the
 * depth that it hides. A hole is then as small a change wherever it is, while every depth is held as in the paper;
 * with none in the refined picture the two are the same.
 *
 * The paper's pictures have one value for holes and background, and depth is far from it, so that plain L1 forbids
 * holes in hands, which sensors have.
 *
 * @param form The form that `handImage` gives.
 */
export function holesMasked(form: ImageSpec): Regularizer {
  const [low, high] = imageRange(form);
  const cube = cubeOf(form);
  const seen = (value: number) => (2 * (value - low)) / (high - low) - 1;
  const background = seen(backgroundValue(cube));
  const threshold = seen((backgroundValue(cube) + invalidValue(cube)) / 2);
  const l1 = l1Regularizer();
  // Which pixels are holes has no gradient, and tfjs wants to be told.
  const reference = tf.customGrad((refined, synthetic) => {
    const isHole = tf.greater(refined as tf.Tensor4D, threshold);
    const behind = tf.add(background, tf.relu(tf.sub(synthetic as tf.Tensor4D, background)));
    return {
      value: tf.where(isHole, behind, synthetic as tf.Tensor4D),
      gradFunc: (dy: tf.Tensor) => [tf.zerosLike(dy), tf.zerosLike(dy)],
    };
  });
  return (refined, synthetic) => l1(refined, reference(refined, synthetic) as tf.Tensor4D);
}
