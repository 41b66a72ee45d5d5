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
  /**
   * Side of the square of input pixels that one output value can depend on, in pixels; `Infinity` for a refiner whose
   * output depends on the whole picture. Large pictures are refined in tiles that overlap by this.
   */
  readonly receptiveField: number;
  dispose(): void;
}

/** Makes synthetic images look real (paper, section 2.1). Shape out = shape in, values in [-1, 1]. */
export interface Refiner extends Network {
  /**
   * The number of noise channels that `apply` takes in addition to the image, `[batch, height, width, noiseChannels]`,
   * normal with std 1. 0 in the paper's networks.
   */
  readonly noiseChannels: number;
  /** Present if the refiner also moves what a picture shows; `apply` then gives the refined pictures of `refine`. */
  readonly warping?: Warping;
}

/** The part of a refiner that moves things: see `warpingRefiner`. */
export interface Warping {
  /** The control points of its displacement field; see `ControlGrid`. */
  readonly grid: { readonly rows: number; readonly columns: number };
  /**
   * Refines a batch and says where everything went.
   *
   * @param share - `[batch, 1, 1, 1]`, what each picture's displacements are multiplied by. Default: 1.
   */
  refine(batch: Tensor4D, noise?: Tensor4D, share?: Tensor4D): WarpedBatch;
}

/** A refined batch, and how each of its pictures was moved. */
export interface WarpedBatch {
  /** `[batch, height, width, channels]` in [-1, 1]. */
  readonly refined: Tensor4D;
  /** The same after moving and before any pixel was changed. */
  readonly moved: Tensor4D;
  /** `[batch, rows, columns, 2]`: x and y at the control points, pixels. */
  readonly field: Tensor4D;
  /** `[batch, height, width, 2]`: pixel p of the moved picture shows the point p + displacement of the old one, pixels. */
  readonly displacement: Tensor4D;
}

/**
 * Classifies local patches as real or refined (section 2.2): `[batch, h, w, 2]`, for each patch the logits of
 * [real, refined]. No activation on the output: the losses take logits.
 */
export type Discriminator = Network;

/** Builds a network for images of one form; the same seed gives the same initial weights. */
export type NetworkBuilder<Kind extends Network = Network> = (image: SizedForm, seed: number) => Kind;

/** The networks of a domain, and the regularizer that keeps refined pictures close to synthetic ones. */
export interface NetworkParts {
  readonly refiner: NetworkBuilder<Refiner>;
  readonly discriminator: NetworkBuilder<Discriminator>;
  readonly regularizer: Regularizer;
}

/** The number of trainable values. */
export function parameterCount(network: Network): number {
  return network.variables.reduce((sum, variable) => sum + variable.size, 0);
}
