/** Compiles steps and runs them in the worker, around variables that all programs share. */
import { availableParallelism } from 'node:os';
import type { Variable } from '@tensorflow/tfjs-core';
import type { Target } from '../lower/lowering.ts';
import type { InputType, StepFunction } from '../trace/trace.ts';
import { BatchwiseFunction } from './batchwise.ts';
import { ItemwiseFunction } from './itemwise.ts';
import { Lanes } from './lanes.ts';
import type { Device, Facts, Layout } from './protocol.ts';
import { Remote } from './remote.ts';
import { SharedVariables } from './shared-variables.ts';

/** A host array: row-major values and their shape, such as `[batch, height, width, channels]`. */
export interface HostTensor<Data extends Float32Array | Int32Array = Float32Array> {
  readonly data: Data;
  readonly shape: readonly number[];
}

export interface OnnxRuntimeOptions {
  /** Threads per program; all cores by default. */
  readonly threads?: number;
  /**
   * `cpu` (default); `gpu`: ONNX Runtime's WebGPU provider (Vulkan, Metal, D3D12); `cuda`: its CUDA provider, where
   * the user installed it; `auto`: a GPU if a real one is there and agrees with the CPU to 1e-4, else the CPU.
   */
  readonly device?: Device;
  /** `auto` and `nchwc` use ONNX Runtime's blocked kernels where a probe finds them; `standard` never does. */
  readonly layout?: Layout;
}

export interface CompileOptions {
  /**
   * Promises that the step treats every item of the batch alone: all inputs and outputs are `[batch, …]`, and no item's
   * output depends on another item. On a CPU the items then run on all threads side by side, each in the cache of its
   * core, which is faster than one program for the whole batch; programs do not depend on the batch's size. Such a step
   * assigns no variables. Meant for inference: programs contain the variables' values, so a change costs a compilation.
   */
  readonly itemwise?: boolean;
}

/** A step that is compiled at its first run for inputs of given shapes. */
export interface CompiledFunction {
  /**
   * Runs the step on inputs of these names; the values of the variables are those that the runs before left.
   * @throws OnnxError when an input is missing, unknown, or its data do not fill its shape.
   */
  run(
    inputs: Readonly<Record<string, HostTensor<Float32Array | Int32Array>>>,
  ): Promise<Record<string, HostTensor>>;
  /**
   * Traces and compiles for inputs of these types now, so that the first run does not wait.
   * @throws OnnxError as the first run would.
   */
  prepare(inputs: Readonly<Record<string, InputType>>): Promise<void>;
  dispose(): Promise<void>;
}

/** Owns a worker thread, the programs in it and the variables that they share. */
export interface OnnxRuntime {
  readonly device: 'cpu' | 'gpu' | 'cuda';
  readonly threads: number;
  /** `nchwc16`, `nchwc8` or `standard`. */
  readonly layout: string;
  /** Why `auto` did not take a GPU; nothing where it did, or was not asked to. */
  readonly noGpu: string | undefined;
  /** Prepares a step; nothing is traced before its first run. */
  compile(step: StepFunction, options?: CompileOptions): CompiledFunction;
  /** Copies what the runs made of the variables (all that they know by default) back into the `tf.Variable`s. */
  writeBack(variables?: readonly Variable[]): Promise<void>;
  /**
   * Makes the next run read these `tf.Variable`s (all by default) again. Needed only after data changed in place:
   * `variable.assign` is noticed.
   */
  refresh(variables?: readonly Variable[]): void;
  dispose(): Promise<void>;
}

/** Starts the worker and probes what it can do. */
export async function createOnnxRuntime(options: OnnxRuntimeOptions = {}): Promise<OnnxRuntime> {
  const { threads = availableParallelism(), device = 'cpu', layout = 'auto' } = options;
  const remote = new Remote();
  try {
    const facts = await remote.call('open', { threads, device, layout });
    return new Runtime(remote, facts, threads, new Lanes(threads, layout));
  } catch (error) {
    await remote.close();
    throw error;
  }
}

class Runtime implements OnnxRuntime {
  readonly device: Facts['device'];
  readonly threads: number;
  readonly layout: string;
  readonly noGpu: string | undefined;
  readonly #remote: Remote;
  readonly #lanes: Lanes;
  readonly #target: Target;
  readonly #variables: SharedVariables;
  #last: Promise<unknown> = Promise.resolve();
  #programs = 0;

  constructor(remote: Remote, { device, block, noGpu }: Facts, threads: number, lanes: Lanes) {
    this.#remote = remote;
    this.#lanes = lanes;
    this.#variables = new SharedVariables(remote);
    this.device = device;
    this.threads = threads;
    this.layout = block > 0 ? `nchwc${block}` : 'standard';
    this.noGpu = noGpu;
    this.#target = { block };
  }

  compile(step: StepFunction, { itemwise = false }: CompileOptions = {}): CompiledFunction {
    const place = { target: this.#target, variables: this.#variables, nextId: () => this.#programs++ };
    const compiled =
      itemwise && this.device === 'cpu'
        ? new ItemwiseFunction(step, { ...place, lanes: this.#lanes })
        : new BatchwiseFunction(step, { ...place, remote: this.#remote });
    return {
      run: (inputs) => this.#inTurn(() => compiled.run(inputs)),
      prepare: (types) => this.#inTurn(() => compiled.prepare(types)),
      dispose: () => this.#inTurn(() => compiled.dispose()),
    };
  }

  writeBack(variables?: readonly Variable[]): Promise<void> {
    return this.#inTurn(() => this.#variables.writeBack(variables));
  }

  refresh(variables?: readonly Variable[]): void {
    this.#variables.forget(variables);
  }

  async dispose(): Promise<void> {
    await this.#inTurn(() => Promise.all([this.#remote.close(), this.#lanes.close()]));
  }

  /** One thing after the other, whether or not the caller waits. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
