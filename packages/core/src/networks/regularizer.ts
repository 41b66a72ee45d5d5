import * as tf from '@tensorflow/tfjs-core';

/** A function that may use frozen weights, learned elsewhere. */
interface Frozen {
  /**
   * Identifies the weights. A checkpoint stores it, so that training does not resume with another measure than it
   * began with. Absent if there are no weights.
   */
  fingerprint?(): string;
}

/**
 * How far a refined batch has moved from the synthetic one: 0 for equal inputs, positive otherwise; a mean
 * over batch, pixels and channels, so that lambda means the same at every size.
 */
export interface Regularizer extends Frozen {
  (refined: tf.Tensor4D, synthetic: tf.Tensor4D): tf.Scalar;
}

/** A map into the space in which images are compared: psi of eq. 4. Shape `[b, h, w, c]` in, any 4-D shape out. */
export interface FeatureTransform extends Frozen {
  (batch: tf.Tensor4D): tf.Tensor4D;
}

/**
 * The self-regularization of eq. 4: the mean of |psi(R(x)) - psi(x)| over batch, pixels and channels.
 *
 * The paper writes a sum over pixels; its lambda is this one's divided by the number of values in psi(x)
 * (see {@link TrainingRecipe.lambda}). The gradient is exactly 0 where nothing differs.
 */
export function l1Regularizer(psi: FeatureTransform = identity): Regularizer {
  return withFingerprintOf(
    [psi],
    (refined, synthetic) => tf.mean(absolute(tf.sub(psi(refined), psi(synthetic)))) as tf.Scalar,
  );
}

/**
 * The self-regularization on learned features, "such as VGG's" (article of 2017, section on self-regularization):
 * the mean of |psi(R(x)) - psi(x)| divided by the mean of |psi(x)|. The ratio makes lambda independent of the scale
 * of the network's values. The features' weights are constants in every step.
 */
export function featureRegularizer(psi: FeatureTransform): Regularizer {
  return withFingerprintOf([psi], (refined, synthetic) => {
    const before = psi(synthetic);
    const change = tf.mean(absolute(tf.sub(psi(refined), before)));
    return tf.div(change, tf.add(tf.mean(tf.abs(before)), 1e-6)) as tf.Scalar;
  });
}

/** psi = identity: the paper's choice for gray eyes and depth hands. */
export function identity(batch: tf.Tensor4D): tf.Tensor4D {
  return batch;
}

/** psi = mean of the color channels, which lets colors move while shading stays (article of 2017, fig. 8). */
export function meanOfChannels(batch: tf.Tensor4D): tf.Tensor4D {
  return tf.mean(batch, 3, true);
}

/** tf.abs has gradient -1 at exactly 0, which would push an untouched image; this has 0 there. */
function absolute(difference: tf.Tensor4D): tf.Tensor4D {
  return tf.add(tf.relu(difference), tf.relu(tf.neg(difference)));
}

/** A weighted sum of regularizers, for images in which several properties should be preserved. */
export function weightedSum(
  terms: readonly (readonly [weight: number, regularizer: Regularizer])[],
): Regularizer {
  return withFingerprintOf(
    terms.map(([, regularizer]) => regularizer),
    (refined, synthetic) =>
      tf.addN(
        terms.map(([weight, regularizer]) => tf.mul(regularizer(refined, synthetic), weight)),
      ) as tf.Scalar,
  );
}

/**
 * psi = the colors of regions: means over squares of `size` pixels, which anchor the colors that
 * {@link meanOfChannels} alone lets drift. Rows and columns beyond the last whole square are not constrained
 * (tfjs's gradient of a padded average is wrong at the border).
 */
export function regionMeans(size: number): FeatureTransform {
  return (batch) => tf.avgPool(batch, size, size, 'valid');
}

/** Adds the fingerprints of its parts to a regularizer. They are computed late, because weights may be read late. */
function withFingerprintOf(parts: readonly Frozen[], regularizer: Regularizer): Regularizer {
  const frozen = parts.filter(({ fingerprint }) => fingerprint);
  if (frozen.length === 0) return regularizer;
  return Object.assign(regularizer, {
    fingerprint: () => frozen.map((part) => part.fingerprint!()).join(' '),
  });
}
