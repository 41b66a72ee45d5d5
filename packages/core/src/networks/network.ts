import type { Tensor4D, Variable } from '@tensorflow/tfjs-core';
import type { SizedForm } from '../image.ts';
import type { Regularizer } from './regularizer.ts';

/**
 * A function of a batch with variables to train. It never sees an annotation: that refinement preserves
 * annotations is a fact of the types.
 */
export interface Network {
  /** `[batch, height, width, channels]` in, the network's output out. Runs inside an engine's step. */
  apply(batch: Tensor4D, noise?: Tensor4D): Tensor4D;
  /** In a fixed order, with names that are unique within the network. */
  readonly variables: readonly Variable[];
  /** Side of the square of input pixels that one output value can depend on, in pixels. */
  readonly receptiveField: number;
  dispose(): void;
}

/** Makes synthetic images look real (paper, section 2.1). Shape out = shape in, values in [-1, 1]. */
export interface Refiner extends Network {
  /**
   * How many channels of noise `apply` takes beside the image, `[batch, height, width, noiseChannels]`,
   * normal with standard deviation 1. 0 in the paper's networks.
   */
  readonly noiseChannels: number;
}

/**
 * Tells real from refined in local patches (section 2.2): `[batch, h, w, 2]`, for each patch the logits of
 * [real, refined]. No activation on the output: the losses take logits.
 */
export type Discriminator = Network;

/** Builds a network for images of one form; the same seed gives the same initial weights. */
export type NetworkBuilder<Kind extends Network = Network> = (image: SizedForm, seed: number) => Kind;

/** The parts of a domain that are trained, and what holds them to the simulator's pictures. */
export interface NetworkParts {
  readonly refiner: NetworkBuilder<Refiner>;
  readonly discriminator: NetworkBuilder<Discriminator>;
  readonly regularizer: Regularizer;
}

/** The number of trainable values. */
export function parameterCount(network: Network): number {
  return network.variables.reduce((sum, variable) => sum + variable.size, 0);
}
