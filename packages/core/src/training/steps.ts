import * as tf from '@tensorflow/tfjs-core';
import type { Step } from '../engine/engine.ts';
import { adversarialLoss, discriminatorLoss, patchAccuracy, patchesOf } from './losses.ts';
import { minimize } from './optimizer.ts';
import type { Training } from './training.ts';

// The three updates of Algorithm 1 as pure functions of tensors. A step changes the variables in the list that it
// passes to `minimize`, and no others; networks have no flag for it.

/** `{ synthetic, noise?, learningRate }`: the refiner learns to preserve the image, by the regularizer alone. */
export function refinerWarmupStep(training: Training): Step<'regularization'> {
  return (inputs) => {
    const synthetic = inputs.synthetic as tf.Tensor4D;
    const { loss } = minimize(
      () => ({ loss: training.regularizer(applyRefiner(training, inputs), synthetic) }),
      refinerUpdate(training, inputs),
    );
    followAverage(training);
    return { regularization: loss };
  };
}

/**
 * `{ synthetic, noise?, lambda, learningRate }`: the refiner's step of Algorithm 1, eq. 2. The
 * discriminator is evaluated and not changed.
 */
export function refinerStep(
  training: Training,
): Step<'loss' | 'adversarial' | 'adversarialSum' | 'regularization'> {
  return (inputs) => {
    const synthetic = inputs.synthetic as tf.Tensor4D;
    const parts = minimize(
      () => {
        const refined = applyRefiner(training, inputs);
        const logits = training.discriminator.network.apply(refined);
        const adversarial = adversarialLoss(logits);
        const regularization = training.regularizer(refined, synthetic);
        return {
          loss: tf.add(adversarial, tf.mul(regularization, inputs.lambda!)) as tf.Scalar,
          adversarial,
          adversarialSum: tf.mul(adversarial, patchesOf(logits)) as tf.Scalar,
          regularization,
        };
      },
      refinerUpdate(training, inputs),
    );
    followAverage(training);
    return parts;
  };
}

/** `{ refined, real, learningRate }`: the discriminator's step of Algorithm 1, eq. 1. */
export function discriminatorStep(
  training: Training,
): Step<'loss' | 'lossSum' | 'accuracyOnRefined' | 'accuracyOnReal'> {
  const { network, optimizerState } = training.discriminator;
  return ({ refined, real, learningRate }) =>
    minimize(
      () => {
        const onRefined = network.apply(refined as tf.Tensor4D);
        const onReal = network.apply(real as tf.Tensor4D);
        const loss = discriminatorLoss(onRefined, onReal);
        return {
          loss,
          // Eq. 1 sums both halves over the patches of an image.
          lossSum: tf.mul(loss, 2 * patchesOf(onReal)) as tf.Scalar,
          accuracyOnRefined: patchAccuracy(onRefined, 'refined'),
          accuracyOnReal: patchAccuracy(onReal, 'real'),
        };
      },
      {
        optimizer: training.optimizer,
        parameters: network.variables,
        state: optimizerState,
        learningRate: learningRate as tf.Scalar,
      },
    );
}

function applyRefiner(training: Training, { synthetic, noise }: Parameters<Step>[0]): tf.Tensor4D {
  return training.refiner.network.apply(synthetic as tf.Tensor4D, noise as tf.Tensor4D | undefined);
}

function refinerUpdate(training: Training, { learningRate }: Parameters<Step>[0]) {
  const { network, optimizerState } = training.refiner;
  return {
    optimizer: training.optimizer,
    parameters: network.variables,
    state: optimizerState,
    learningRate: learningRate as tf.Scalar,
  };
}

function followAverage({ recipe, refiner, averagedRefiner }: Training): void {
  if (!recipe.averaging) return;
  for (const [i, average] of averagedRefiner.variables.entries()) {
    const latest = refiner.network.variables[i]!;
    average.assign(tf.add(tf.mul(average, recipe.averaging), tf.mul(latest, 1 - recipe.averaging)));
  }
}
