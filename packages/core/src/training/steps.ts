import * as tf from '@tensorflow/tfjs-core';
import type { Step } from '../engine/engine.ts';
import type { WarpedBatch } from '../networks/network.ts';
import {
  adversarialLoss,
  discriminatorLoss,
  meanSquareDisplacement,
  patchAccuracy,
  patchesOf,
} from './losses.ts';
import { minimize } from './optimizer.ts';
import type { Training } from './training.ts';

// The three updates of Algorithm 1 as pure functions of tensors. A step changes the variables in the list that it
// passes to `minimize`, and no others; networks have no flag for it.

/**
 * `{ synthetic, noise?, learningRate, displacementLambda? }`: the refiner learns to preserve the image, by the regularizer
 * alone; one that moves things, to leave them where they are too.
 */
export function refinerWarmupStep(training: Training): Step<'regularization'> {
  return (inputs) => {
    const { regularization } = minimize(
      () => {
        const { refined, moved, displacement } = applyRefiner(training, inputs);
        const regularization = training.regularizer(refined, moved);
        const still = displacement && meanSquareDisplacement(displacement);
        return { loss: plus(regularization, still, inputs.displacementLambda), regularization };
      },
      refinerUpdate(training, inputs),
    );
    followAverage(training);
    return { regularization };
  };
}

/**
 * `{ synthetic, noise?, lambda, learningRate, displacementLambda? }`: the refiner's step of Algorithm 1, eq. 2. The
 * discriminator is evaluated and not changed. Where the refiner moves things, the regularizer compares pictures after
 * they were moved, and the displacement has a term of its own, which is an output too.
 */
export function refinerStep(
  training: Training,
): Step<'loss' | 'adversarial' | 'adversarialSum' | 'regularization'> {
  return (inputs) => {
    const parts = minimize(
      () => {
        const { refined, moved, displacement: field } = applyRefiner(training, inputs);
        const logits = training.discriminator.network.apply(refined);
        const adversarial = adversarialLoss(logits);
        const regularization = training.regularizer(refined, moved);
        const displacement = field && meanSquareDisplacement(field);
        const kept = plus(adversarial, regularization, inputs.lambda);
        return {
          loss: plus(kept, displacement, inputs.displacementLambda),
          adversarial,
          adversarialSum: tf.mul(adversarial, patchesOf(logits)) as tf.Scalar,
          regularization,
          ...(displacement && { displacement }),
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

/** The refined batch; what it is held to, which is the synthetic batch unless things were moved; and how far they were. */
function applyRefiner(
  training: Training,
  inputs: Parameters<Step>[0],
): Pick<WarpedBatch, 'refined' | 'moved'> & Partial<WarpedBatch> {
  const { network } = training.refiner;
  const synthetic = inputs.synthetic as tf.Tensor4D;
  const noise = inputs.noise as tf.Tensor4D | undefined;
  if (network.warping) return network.warping.refine(synthetic, noise);
  return { refined: network.apply(synthetic, noise), moved: synthetic };
}

/** A loss and a weighted term, if there is one. */
function plus(loss: tf.Scalar, term: tf.Scalar | undefined, weight: tf.Tensor | undefined): tf.Scalar {
  return term && weight ? (tf.add(loss, tf.mul(term, weight)) as tf.Scalar) : loss;
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
