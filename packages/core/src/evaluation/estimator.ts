import type * as tf from '@tensorflow/tfjs-core';
import type { NetworkBuilder } from '../networks/network.ts';
import type { OptimizerSpec } from '../training/optimizer.ts';

/**
 * The downstream task that synthetic pictures are made for: a network from a picture to what its annotation
 * says, how it learns, and how its answers are judged (paper, section 3.1: gaze; 3.2: hand joints).
 */
export interface Estimator<Annotation = unknown> {
  /** What it tells, for people: `gaze`. */
  readonly name: string;
  /** Of its errors: `degrees`, `px`. */
  readonly unit: string;
  /** The error up to which an answer counts as right, in `unit`: the paper's 7 degrees or 5 px. */
  readonly within: number;
  /** `[batch, height, width, channels]` in [-1, 1] to `[batch, ...outputShape]`. */
  readonly network: NetworkBuilder;
  readonly outputShape: readonly [height: number, width: number, channels: number];
  readonly recipe: EstimatorRecipe;
  /** What the network should answer, of `outputShape`, row-major; `undefined` if the annotation does not say. */
  target(annotation: Annotation): Float32Array | undefined;
  /** The mean over the batch. A pure function of tensors. */
  loss(output: tf.Tensor4D, target: tf.Tensor4D): tf.Scalar;
  /** How wrong one answer is, in `unit`: one number for each thing that it tells, such as one for each joint. */
  errors(output: Float32Array, annotation: Annotation): readonly number[];
}

/** The numbers with which an estimator is trained. */
export interface EstimatorRecipe {
  readonly steps: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerSpec;
  readonly learningRate: number;
}
