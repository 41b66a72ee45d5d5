import * as tf from '@tensorflow/tfjs-core';

/** The class that a patch of a discriminator should be given. */
export type Verdict = 'real' | 'refined';

/**
 * The two-class cross-entropy of eq. 1 and 2 for logits `[batch, h, w, 2]`, as a mean over batch and
 * patches: -log of the softmax probability of `verdict`.
 *
 * The paper sums over patches; {@link patchesOf} times this mean is its number. The classes are on the last
 * axis. For two classes -log softmax is softplus(other - verdict), which is stable for logits of any size.
 */
export function patchLoss(logits: tf.Tensor4D, verdict: Verdict): tf.Scalar {
  const { real, refined } = byClass(logits);
  const margin = verdict === 'real' ? tf.sub(refined, real) : tf.sub(real, refined);
  return tf.mean(tf.softplus(margin)) as tf.Scalar;
}

/** The number of patches that a discriminator classifies per image. */
export function patchesOf(logits: tf.Tensor4D): number {
  return logits.shape[1] * logits.shape[2];
}

/** The share of patches whose larger logit is `verdict`, in [0, 1]. */
export function patchAccuracy(logits: tf.Tensor4D, verdict: Verdict): tf.Scalar {
  const { real, refined } = byClass(logits);
  const right = verdict === 'real' ? tf.greater(real, refined) : tf.greater(refined, real);
  return tf.mean(tf.cast(right, 'float32')) as tf.Scalar;
}

/**
 * Eq. 1, which the discriminator minimizes: refined patches should be classified as refined, real ones as real. The
 * mean of the two halves.
 */
export function discriminatorLoss(onRefined: tf.Tensor4D, onReal: tf.Tensor4D): tf.Scalar {
  return tf.mul(tf.add(patchLoss(onRefined, 'refined'), patchLoss(onReal, 'real')), 0.5) as tf.Scalar;
}

/** The first term of eq. 2, which the refiner minimizes: its patches should be classified as real. */
export function adversarialLoss(onRefined: tf.Tensor4D): tf.Scalar {
  return patchLoss(onRefined, 'real');
}

/** The mean over batch and pixels of how far a displacement field moves, squared: px². */
export function meanSquareDisplacement(displacement: tf.Tensor4D): tf.Scalar {
  return tf.mean(tf.sum(tf.square(displacement), 3)) as tf.Scalar;
}

/** The two logits of every patch, each `[batch, h, w, 1]`. Sliced: a gather has no gradient on wasm. */
function byClass(logits: tf.Tensor4D): { real: tf.Tensor4D; refined: tf.Tensor4D } {
  const [batch, height, width] = logits.shape;
  const size: [number, number, number, number] = [batch, height, width, 1];
  return {
    real: tf.slice(logits, [0, 0, 0, 0], size),
    refined: tf.slice(logits, [0, 0, 0, 1], size),
  };
}
