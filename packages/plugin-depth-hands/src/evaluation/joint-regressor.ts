import { estimatorNetwork, type SizedForm } from '@simgan/core';
import type { EstimatorRecipe } from '@simgan/core/evaluation';
import * as tf from '@tensorflow/tfjs-core';
import { EVALUATED_JOINTS } from '../annotation.ts';
import { cubeOf } from '../hand-image.ts';
import type { Vec3 } from '../simulator/geometry.ts';
import { type HandEstimator, jointAnswer, knownJoints, pixelErrors } from './hand-estimator.ts';

/** For pictures of 64x64: a minute or two on two CPU cores. */
export const regressorRecipe: EstimatorRecipe = {
  steps: 3000,
  batchSize: 32,
  optimizer: { kind: 'adam' },
  learningRate: 1e-3,
};

/**
 * An estimator that regresses the coordinates of the 14 evaluated joints, in place of the paper's heat maps: for
 * comparing sets of pictures where there is no time for hourglasses, which need thousands of steps before they
 * distinguish sets of hands. The output is `[batch, 1, 1, 42]`, `u v d` of each joint in [-1, 1] of the cube; the loss is
 * the squared error, summed over the joints.
 *
 * @param form - as `handImage` returns it.
 * @throws SimganError INVALID_ARGUMENT for any other form.
 */
export function jointRegressor(form: SizedForm, recipe: EstimatorRecipe = regressorRecipe): HandEstimator {
  const cube = cubeOf(form);
  const extents = [form.width, form.height, cube];
  const joints = (output: Float32Array): Vec3[] =>
    EVALUATED_JOINTS.map((_, joint) => {
      const [u, v, depth] = extents.map((extent, axis) => ((output[3 * joint + axis]! + 1) / 2) * extent);
      return [u!, v!, depth!];
    });
  return {
    name: 'hand joints',
    unit: 'px',
    within: 5,
    recipe,
    network: estimatorNetwork([
      { convolution: 5, stride: 2, filters: 24 },
      { convolution: 3, stride: 2, filters: 48 },
      { convolution: 3, stride: 2, filters: 96 },
      { convolution: 3, stride: 1, filters: 96 },
      { dense: 256 },
      { dense: 3 * EVALUATED_JOINTS.length },
    ]),
    outputShape: [1, 1, 3 * EVALUATED_JOINTS.length],
    target: (annotation) => {
      const known = knownJoints(annotation);
      return known && Float32Array.from(known.flat(), (value, i) => (2 * value) / extents[i % 3]! - 1);
    },
    loss: (output, target) =>
      tf.mul(EVALUATED_JOINTS.length, tf.mean(tf.squaredDifference(output, target))) as tf.Scalar,
    joints,
    errors: (output, annotation) => pixelErrors(joints(output), annotation, form),
    answer: jointAnswer(joints, form),
  };
}
