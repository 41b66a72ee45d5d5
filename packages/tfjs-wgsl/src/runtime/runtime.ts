/// <reference types="@webgpu/types" />
/** Compiles steps into kernels and runs them on a GPU. All programs of a runtime share its variables. */
import {
  type CompiledFunction,
  type HostTensor,
  type Inputs,
  type InputTypes,
  SharedVariables,
  StepError,
  type StepFunction,
  type Trial,
  trace,
  tryTraining,
  typesOf,
} from '@simgan/tfjs-trace';
import type { Variable } from '@tensorflow/tfjs-core';
import type { TunedTile } from '../kernels/tiles.ts';
import { GpuMemoryError } from '../lower/gpu-memory-error.ts';
import { lowerStep } from '../lower/lower.ts';
import { Gpu } from './gpu.ts';
import { inHalves } from './halves.ts';
import { LoadedProgram, type Shared } from './loaded-program.ts';
import { BufferPool } from './pool.ts';
import { VariableBuffers } from './variable-buffers.ts';

/** Options of {@link createWgslRuntime}. */
export interface WgslRuntimeOptions {
  /** Where adapters come from. Default: `navigator.gpu`, as in a browser; in Node, see `@simgan/tfjs-wgsl/node`. */
  readonly gpu?: GPU;
  /** Tiles of matrix products that were measured on this GPU. Default: a table of what large GPUs should like. */
  readonly tiles?: readonly TunedTile[];
}

/** Options of {@link WgslRuntime.compile}. */
export interface WgslCompileOptions {
  /**
   * Declares that the step treats the items of a batch independently: all inputs and outputs are `[batch, …]`, and no
   * variables are assigned. A batch for which the GPU's memory does not suffice then runs in parts. Default: false.
   */
  readonly itemwise?: boolean;
}

/** A GPU, the programs on it and the variables that they share. */
export interface WgslRuntime {
  /** The GPU's name, as its driver gives it. */
  readonly name: string;
  /** Whether the driver computes on the processor, which is for tests. */
  readonly isSoftware: boolean;
  /** Runs may overlap: their kernels run in the order of the calls, and each promise waits for its own outputs only. */
  compile(step: StepFunction, options?: WgslCompileOptions): CompiledFunction;
  /** Copies the present values of variables, by default of all, into the `tf.Variable`s. */
  writeBack(variables?: readonly Variable[]): Promise<void>;
  /** Makes the next run read these variables, by default all, again, after their data were changed in place. */
  refresh(variables?: readonly Variable[]): void;
  /**
   * Trains small networks for a few steps, to compare the GPU with another device.
   *
   * @param sizes how many networks, each larger than the one before. Default: all.
   */
  tryTraining(sizes?: number): Promise<Trial>;
  /** Frees the GPU. Compiled functions cannot be used afterwards. */
  dispose(): Promise<void>;
}

/**
 * Opens a GPU.
 *
 * @throws StepError if there is none that WebGPU can use.
 * @example
 * ```ts no-run
 * const runtime = await createWgslRuntime(); // in a browser
 * const step = runtime.compile(({ x }) => ({ y: tf.square(x!) }));
 * const { y } = await step.run({ x: { data: Float32Array.of(1, 2, 3), shape: [3] } });
 * await runtime.dispose();
 * ```
 */
export async function createWgslRuntime({
  gpu: source = browserGpu(),
  tiles = [],
}: WgslRuntimeOptions = {}): Promise<WgslRuntime> {
  return new Runtime(await Gpu.open(source), tiles);
}

function browserGpu(): GPU {
  const gpu = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (gpu) return gpu;
  throw new StepError(
    'This platform has no navigator.gpu. Use a browser with WebGPU, on a page from https or localhost; in Node, use @simgan/tfjs-wgsl/node.',
  );
}

class Runtime implements WgslRuntime {
  readonly name: string;
  readonly isSoftware: boolean;
  readonly #shared: Shared;
  readonly #variables: SharedVariables;
  readonly #tiles: readonly TunedTile[];
  #last: Promise<unknown> = Promise.resolve();

  constructor(gpu: Gpu, tiles: readonly TunedTile[]) {
    this.#tiles = tiles;
    this.name = gpu.name;
    this.isSoftware = gpu.isSoftware;
    this.#shared = sharedOn(gpu);
    this.#variables = new SharedVariables(this.#shared.variables);
  }

  compile(step: StepFunction, { itemwise = false }: WgslCompileOptions = {}): CompiledFunction {
    const loaded = new Map<string, Promise<Loaded>>();
    const load = (types: InputTypes) => {
      const key = JSON.stringify(types);
      const known = loaded.get(key);
      if (known) return known;
      const made = this.#load(step, types);
      loaded.set(key, made);
      made.catch(() => loaded.delete(key));
      return made;
    };
    /** Gives back what a program holds that cannot run: smaller ones may take its place. */
    const unload = async (types: InputTypes) => {
      const key = JSON.stringify(types);
      (await loaded.get(key))?.program.dispose();
      loaded.delete(key);
    };
    const run = async (inputs: Inputs): Promise<Record<string, HostTensor>> => {
      const types = typesOf(inputs);
      const read = await this.#inTurn(async () => {
        const { program, variables, writes } = await load(types);
        await this.#variables.send(variables);
        const finish = await program.submit(inputs).catch(async (error) => {
          if (error instanceof GpuMemoryError) await unload(types);
          throw error;
        });
        this.#variables.wrote(writes);
        return finish;
      });
      return read();
    };
    return {
      run: itemwise ? (inputs) => inHalves(inputs, run) : run,
      prepare: (types) => this.#inTurn(async () => void (await load(types))),
      dispose: () =>
        this.#inTurn(async () => {
          for (const one of await Promise.all(loaded.values())) one.program.dispose();
          loaded.clear();
        }),
    };
  }

  writeBack(variables?: readonly Variable[]): Promise<void> {
    return this.#inTurn(() => this.#variables.writeBack(variables));
  }

  refresh(variables?: readonly Variable[]): void {
    this.#variables.forget(variables);
  }

  tryTraining(sizes?: number): Promise<Trial> {
    return this.#inTurn(() =>
      tryTraining(async (step, values) => {
        const { gpu, pool } = this.#shared;
        const shared = { gpu, pool, variables: new VariableBuffers(gpu) };
        await shared.variables.write(new Map(values.entries()));
        const lowered = lowerStep(step, gpu.limits, this.#tiles);
        const program = await LoadedProgram.load(lowered, shared, (index) => index);
        return {
          run: async (inputs) => (await program.submit(inputs))(),
          read: async () => [...(await shared.variables.read([...values.keys()])).values()],
          dispose: async () => program.dispose(),
        };
      }, sizes),
    );
  }

  async dispose(): Promise<void> {
    await this.#inTurn(async () => this.#shared.gpu.device.destroy());
  }

  async #load(step: StepFunction, types: InputTypes): Promise<Loaded> {
    const traced = trace(step, types);
    const { gpu } = this.#shared;
    const lowered = lowerStep(traced, gpu.limits, this.#tiles);
    const variable = (index: number) => traced.variables[index]!;
    const program = await LoadedProgram.load(lowered, this.#shared, (index) =>
      this.#variables.id(variable(index)),
    );
    const used = new Set([...lowered.reads, ...lowered.writes]);
    return { program, variables: [...used].map(variable), writes: lowered.writes.map(variable) };
  }

  /** Runs tasks one after the other, whether or not the caller awaits them. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

interface Loaded {
  readonly program: LoadedProgram;
  readonly variables: readonly Variable[];
  readonly writes: readonly Variable[];
}

const sharedOn = (gpu: Gpu): Shared => ({
  gpu,
  pool: new BufferPool(gpu),
  variables: new VariableBuffers(gpu),
});
