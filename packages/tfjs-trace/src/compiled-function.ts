import type { HostData, HostTensor, InputType } from './graph/inputs.ts';

/** A step that is compiled on its first run for each combination of input shapes. */
export interface CompiledFunction {
  /**
   * Runs the step, with the values that earlier runs of the runtime gave to the variables. Concurrent calls run one
   * after the other.
   *
   * @param inputs by name; int32 or float32 by the type of their data
   * @returns the outputs by name, as float32
   * @throws StepError if the data of an input does not fill its shape, or if the step cannot be compiled.
   */
  run(inputs: Readonly<Record<string, HostData>>): Promise<Record<string, HostTensor>>;
  /**
   * Traces and compiles the step for inputs of these types ahead of the first run.
   *
   * @throws StepError if the step cannot be compiled.
   */
  prepare(inputs: Readonly<Record<string, InputType>>): Promise<void>;
  /** Frees the compiled programs. */
  dispose(): Promise<void>;
}
