import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { HostTensor } from '../host-tensor.ts';

/**
 * A pure function of tensors, written in tfjs. It may read variables and assign them; assignments take
 * effect as one when the step is done. It does not read tensor values, draw random numbers or create
 * variables, so that an engine may run it eagerly or compile it once.
 */
export type Step<Output extends string = string> = (
  inputs: Readonly<Record<string, Tensor>>,
) => Record<Output, Tensor>;

/** A step compiled by an engine. */
export interface CompiledStep<Output extends string = string> {
  /** Runs the step once. The same inputs and variables give the same outputs on the same engine and machine. */
  run(inputs: Readonly<Record<string, HostTensor>>): Promise<Record<Output, HostTensor>>;
  dispose(): Promise<void>;
}

/** Options for compiling a step. */
export interface CompileOptions {
  /**
   * Promises that the step processes every image of a batch independently: all inputs and outputs are `[batch, …]`,
   * and it assigns no variables. An engine may then run the images in any order and in parallel. Default: false.
   */
  readonly itemwise?: boolean;
  /**
   * Computes each output pixel by the same operations in the same order, wherever in the picture it lies and however
   * large the picture is, so that the pixel's bits depend on its receptive field alone. Excludes faster algorithms that
   * round by place, such as Winograd's convolutions. Default: false.
   */
  readonly placeInvariant?: boolean;
}

/** Where steps run. */
export interface Engine {
  /** The engine's name, as given to `--engine`. */
  readonly name: string;
  /** What it runs on, as text for people: `cpu, 2 threads`. */
  readonly device: string;
  /** Anything else worth knowing, such as why no GPU is used. */
  readonly remark?: string;
  /**
   * Whether an itemwise step gives bit-identical results for an image in a batch of any size. If not, callers that
   * promise reproducible bytes pad every batch to the same size.
   */
  readonly isBatchInvariant: boolean;
  /** How many images of an itemwise step are worked on at the same time. Default: 1. */
  readonly parallelItems?: number;
  compile<Output extends string>(step: Step<Output>, options?: CompileOptions): CompiledStep<Output>;
  /**
   * The current values of variables, in the given order. They are also written to the `tf.Variable`s: an engine may
   * keep variables elsewhere while its steps run. Values assigned to a variable outside of steps take effect in the
   * next step without a call.
   */
  read(variables: readonly Variable[]): Promise<HostTensor[]>;
  dispose(): Promise<void>;
}
