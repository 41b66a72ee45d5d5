import * as tf from '@tensorflow/tfjs-core';

// Losses for estimators, so that plugins need not write tensor code. All are means over the batch.

/** The squared Euclidean distance between outputs and targets, `[batch, h, w, channels]`. */
export function squaredDistanceLoss(output: tf.Tensor4D, target: tf.Tensor4D): tf.Scalar {
  return tf.mean(tf.sum(tf.squaredDifference(output, target), [1, 2, 3])) as tf.Scalar;
}

/**
 * The squared Euclidean distance of unit vectors: outputs are normalized to length 1 first, targets already are
 * (paper, section 3.1). For an angle a it is 2 - 2 cos a.
 */
export function directionLoss(output: tf.Tensor4D, target: tf.Tensor4D): tf.Scalar {
  const length = tf.sqrt(tf.add(tf.sum(tf.square(output), 3, true), 1e-12));
  return squaredDistanceLoss(tf.div(output, length), target);
}

/** The logistic loss of logits against targets 0 and 1; stable for logits of any size. */
export function logisticLoss(output: tf.Tensor4D, target: tf.Tensor4D): tf.Scalar {
  return tf.mean(tf.sub(tf.softplus(output), tf.mul(output, target))) as tf.Scalar;
}

/** The cross-entropy of logits (softmax) against the probabilities of classes, both `[batch, 1, 1, classes]`. */
export function crossEntropyLoss(output: tf.Tensor4D, target: tf.Tensor4D): tf.Scalar {
  const shifted = tf.sub(output, tf.max(output, 3, true));
  const logProbabilities = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 3, true)));
  return tf.neg(tf.mean(tf.sum(tf.mul(target, logProbabilities), 3))) as tf.Scalar;
}
