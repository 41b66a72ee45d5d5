import type { Tensor } from '@tensorflow/tfjs-core';
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

/** What an engine may know of a step. */
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
  /** What a doctor would add, such as why no GPU is used. */
  readonly remark?: string;
  compile<Output extends string>(step: Step<Output>, options?: CompileOptions): CompiledStep<Output>;
  /** Brings variables up to date with the steps run so far; an engine may keep its own copy between. */
  writeBack(): Promise<void>;
  /** Tells the engine that variables were written from outside and its copies are stale. */
  readAgain(): Promise<void>;
  dispose(): Promise<void>;
}
