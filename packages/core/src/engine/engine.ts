import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { HostTensor } from '../host-tensor.ts';

/**
 * A pure function of tensors, written in tfjs. It may read variables and assign them; assignments take
 * effect as one when the step is done. It reads no tensor's values, draws no random numbers and makes no
 * variables, so that an engine may run it as it stands or compile it once.
 */
export type Step<Output extends string = string> = (
  inputs: Readonly<Record<string, Tensor>>,
) => Record<Output, Tensor>;

/** A step that an engine has prepared. */
export interface CompiledStep<Output extends string = string> {
  /** Runs once. The same inputs and variables give the same outputs on the same engine and machine. */
  run(inputs: Readonly<Record<string, HostTensor>>): Promise<Record<Output, HostTensor>>;
  dispose(): Promise<void>;
}

/** Options for compiling a step. */
export interface CompileOptions {
  /**
   * Promises that the step treats every image of a batch alone: all inputs and outputs are `[batch, …]`, and it assigns
   * no variables. An engine may then run the images in any order, side by side.
   */
  readonly itemwise?: boolean;
}

/** Where steps run. */
export interface Engine {
  /** As `--engine` takes it. */
  readonly name: string;
  /** What it runs on, for people: `cpu, 2 threads`. */
  readonly device: string;
  /** What else is worth knowing, such as why no GPU is used. */
  readonly remark?: string;
  /**
   * Whether an itemwise step gives an image the same bits in a batch of any size. Where it does not, callers that
   * promise reproducible bytes fill every batch to the same size.
   */
  readonly isBatchInvariant: boolean;
  compile<Output extends string>(step: Step<Output>, options?: CompileOptions): CompiledStep<Output>;
  /**
   * The present values of variables, in their order, which also become those of the `tf.Variable`s: an engine may keep
   * variables elsewhere while its steps run. Values that are assigned to a variable from outside reach the next step
   * by themselves.
   */
  read(variables: readonly Variable[]): Promise<HostTensor[]>;
  dispose(): Promise<void>;
}
