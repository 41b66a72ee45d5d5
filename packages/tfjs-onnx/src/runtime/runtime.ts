/** Compiles steps and runs them in a worker. All programs of a runtime share its variables. */

import { availableParallelism } from 'node:os';
import { type CompiledFunction, SharedVariables, type StepFunction } from '@simgan/tfjs-trace';
import type { Variable } from '@tensorflow/tfjs-core';
import type { Target } from '../lower/lowering.ts';
import { BatchwiseFunction } from './batchwise.ts';
import { type ItemRunner, ItemwiseFunction } from './itemwise.ts';
import { Lanes } from './lanes.ts';
import type { Device, Facts, Layout } from './protocol.ts';
import { Remote } from './remote.ts';
import { targetOf } from './target.ts';
import { WholeBatch } from './whole-batch.ts';

/** Options of {@link createOnnxRuntime}. */
export interface OnnxRuntimeOptions {
  /** Threads per program. Default: the available cores. */
  readonly threads?: number;
  /**
   * `gpu` is ONNX Runtime's WebGPU provider (Vulkan, Metal, Direct3D 12), `cuda` its CUDA provider if the user
   * installed it. `auto` is `gpu` if a GPU agrees with the CPU to 1e-4 and is faster, else `cpu`. Default: `cpu`.
   */
  readonly device?: Device;
  /**
   * `auto` and `nchwc` use ONNX Runtime's blocked kernels if the startup probe finds them; `standard` never does.
   * Default: `auto`.
   */
  readonly layout?: Layout;
  /**
   * Programs that each compiled step keeps, one for each combination of input shapes; the one that was not used for the
   * longest time goes first, and is compiled again if it is needed. Default: 16.
   */
  readonly maxPrograms?: number;
}

/** Options of {@link OnnxRuntime.compile}. */
export interface CompileOptions {
  /**
   * Declares that the step treats the items of a batch independently: all inputs and outputs are `[batch, …]`, no
   * item's output depends on another item, and no variables are assigned. On a CPU, items then run in parallel, one per
   * thread, which is faster than one program for the whole batch because the activations of an item fit into a core's
   * cache. One program serves all batch sizes. Meant for inference: programs contain the values of the variables, so
   * changing a variable costs a compilation. Default: false.
   */
  readonly itemwise?: boolean;
  /**
   * For itemwise steps on a CPU: computes each output pixel by the same operations in the same order, wherever in the
   * image it lies and however large the image is. An image can then be computed in overlapping parts with the same bits.
   * Leaves out Winograd's convolutions, which round by place. Default: false.
   */
  readonly placeInvariant?: boolean;
}

/** A worker thread, the programs in it and the variables that they share. */
export interface OnnxRuntime {
  readonly device: 'cpu' | 'gpu' | 'cuda';
  readonly threads: number;
  /** `nchwc16`, `nchwc8` or `standard`. */
  readonly layout: string;
  /** Why the device `auto` did not choose a GPU; `undefined` if it did, or for other devices. */
  readonly noGpu: string | undefined;
  /** Wraps a step. It is traced and compiled on its first run or by {@link CompiledFunction.prepare}. */
  compile(step: StepFunction, options?: CompileOptions): CompiledFunction;
  /**
   * Copies the values of variables from the worker into the `tf.Variable`s. Variables that were assigned outside of
   * steps since the last run are left alone, as the worker's values are outdated.
   *
   * @param variables Default: all variables that compiled steps use.
   */
  writeBack(variables?: readonly Variable[]): Promise<void>;
  /**
   * Discards the worker's values of variables: the next run that uses them reads the `tf.Variable`s again. Updates by
   * earlier runs are lost unless {@link writeBack} saved them.
   *
   * `variable.assign` has the same effect on a variable without a call to `refresh`, because a new tensor has a new data
   * id. A call is needed if the data id stays the same: after data was modified in place, or after assigning a
   * `tf.clone` of the variable that was made since it was last sent to the worker or written back.
   *
   * @param variables Default: all variables that compiled steps use.
   */
  refresh(variables?: readonly Variable[]): void;
  /** Ends the worker after all pending calls. Compiled functions cannot be used afterwards. */
  dispose(): Promise<void>;
}

/**
 * Starts a worker thread and detects what ONNX Runtime supports on this machine.
 *
 * @throws Error if the requested device is not available, or ONNX Runtime is not installed.
 * @example
 * const runtime = await createOnnxRuntime({ threads: 2 });
 * const step = runtime.compile(({ x }) => ({ y: tf.square(x) }));
 * const { y } = await step.run({ x: { data: Float32Array.of(1, 2, 3), shape: [3] } });
 * await runtime.dispose();
 */
export async function createOnnxRuntime(options: OnnxRuntimeOptions = {}): Promise<OnnxRuntime> {
  const {
    threads = availableParallelism(),
    device = 'cpu',
    layout = 'auto',
    maxPrograms = MOST_PROGRAMS,
  } = options;
  const remote = new Remote();
  try {
    const facts = await remote.call('open', { threads, device, layout });
    return new Runtime(remote, facts, threads, new Lanes(threads, layout), maxPrograms);
  } catch (error) {
    await remote.close();
    throw error;
  }
}

/** Each may hold hundreds of megabytes. */
const MOST_PROGRAMS = 16;

class Runtime implements OnnxRuntime {
  readonly device: Facts['device'];
  readonly threads: number;
  readonly layout: string;
  readonly noGpu: string | undefined;
  readonly #remote: Remote;
  readonly #lanes: Lanes;
  readonly #runner: ItemRunner;
  readonly #target: Target;
  readonly #variables: SharedVariables;
  readonly #maxPrograms: number;
  #last: Promise<unknown> = Promise.resolve();
  #programs = 0;

  constructor(
    remote: Remote,
    { device, block, noGpu }: Facts,
    threads: number,
    lanes: Lanes,
    maxPrograms: number,
  ) {
    this.#maxPrograms = maxPrograms;
    this.#remote = remote;
    this.#lanes = lanes;
    this.#runner = device === 'cpu' ? lanes : new WholeBatch(remote);
    this.#variables = new SharedVariables({
      write: (values) => remote.call('write', values),
      read: (ids) => remote.call('read', ids),
    });
    this.device = device;
    this.threads = threads;
    this.layout = block > 0 ? `nchwc${block}` : 'standard';
    this.noGpu = noGpu;
    this.#target = targetOf(device, block);
  }

  compile(
    step: StepFunction,
    { itemwise = false, placeInvariant = false }: CompileOptions = {},
  ): CompiledFunction {
    const place = {
      target: this.#target,
      variables: this.#variables,
      maxPrograms: this.#maxPrograms,
      nextId: () => this.#programs++,
    };
    const compiled = itemwise
      ? new ItemwiseFunction(step, { ...place, runner: this.#runner, placeInvariant })
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

  /** Runs tasks one after the other, whether or not the caller awaits them. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
