import type * as tf from '@tensorflow/tfjs-core';
import type { NetworkBuilder } from '../networks/network.ts';
import type { OptimizerSpec } from '../training/optimizer.ts';
import type { EstimatorAnswer } from './estimator-answer.ts';

/**
 * The downstream task that synthetic pictures serve: a network that predicts labels from a picture, its training
 * recipe, and its error measure (paper, section 3.1: gaze; 3.2: hand joints).
 */
export interface Estimator<Annotation = unknown> {
  /** What it estimates, as text for people: `gaze`. */
  readonly name: string;
  /** The unit of its errors: `degrees`, `px`. */
  readonly unit: string;
  /** The error up to which a prediction counts as correct, in `unit`: the paper's 7 degrees or 5 px. */
  readonly within: number;
  /** `[batch, height, width, channels]` in [-1, 1] to `[batch, ...outputShape]`. */
  readonly network: NetworkBuilder;
  readonly outputShape: readonly [height: number, width: number, channels: number];
  readonly recipe: EstimatorRecipe;
  /** The ground truth for the network, of `outputShape`, row-major; `undefined` if the annotation lacks it. */
  target(annotation: Annotation): Float32Array | undefined;
  /** The mean loss over the batch. A pure function of tensors. */
  loss(output: tf.Tensor4D, target: tf.Tensor4D): tf.Scalar;
  /** The errors of one prediction, in `unit`: one per estimated item, such as one per joint. */
  errors(output: Float32Array, annotation: Annotation): readonly number[];
  /**
   * What an output says, so that answers can be compared without labels: `judgeUse` needs it. Default: pictures cannot
   * be judged by their use.
   */
  readonly answer?: EstimatorAnswer<Annotation>;
}

/** The hyperparameters for training an estimator. */
export interface EstimatorRecipe {
  readonly steps: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerSpec;
  readonly learningRate: number;
}
