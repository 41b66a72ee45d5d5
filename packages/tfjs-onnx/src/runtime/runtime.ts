/** Compiles steps and runs them in the worker, around variables that all programs share. */
import { availableParallelism } from 'node:os';
import type { Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { OnnxError } from '../errors.ts';
import { type Compiled, compileTrace } from '../lower/compile.ts';
import type { Target } from '../lower/lowering.ts';
import { type StepFunction, trace } from '../trace/trace.ts';
import type { Device, Facts, HostData, Layout } from './protocol.ts';
import { Remote } from './remote.ts';

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

/** A step that is compiled at its first run for inputs of given shapes. */
export interface CompiledFunction {
  /**
   * Runs the step on inputs of these names; the values of the variables are those that the runs before left.
   * @throws OnnxError when an input is missing, unknown, or its data do not fill its shape.
   */
  run(
    inputs: Readonly<Record<string, HostTensor<Float32Array | Int32Array>>>,
  ): Promise<Record<string, HostTensor>>;
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
  compile(step: StepFunction): CompiledFunction;
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
    return new Runtime(remote, await remote.call('open', { threads, device, layout }), threads);
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
  readonly #target: Target;
  readonly #variables = new SharedVariables();
  #last: Promise<unknown> = Promise.resolve();
  #programs = 0;

  constructor(remote: Remote, { device, block, noGpu }: Facts, threads: number) {
    this.#remote = remote;
    this.device = device;
    this.threads = threads;
    this.layout = block > 0 ? `nchwc${block}` : 'standard';
    this.noGpu = noGpu;
    this.#target = { block };
  }

  compile(step: StepFunction): CompiledFunction {
    const programs = new Map<string, Program>();
    return {
      run: (inputs) =>
        this.#inTurn(async () => {
          checkInputs(inputs);
          const key = JSON.stringify(
            Object.entries(inputs).map(([name, { data, shape }]) => [name, dtypeOf(data), shape]),
          );
          let program = programs.get(key);
          program ??= await this.#load(step, inputs);
          programs.set(key, program);
          const stale = await this.#variables.stale(program.reads);
          if (stale.size > 0) await this.#remote.call('write', stale);
          const outputs = await this.#remote.call('run', { program: program.id, inputs });
          return outputs as Record<string, HostTensor>;
        }),
      dispose: () =>
        this.#inTurn(async () => {
          for (const { id } of programs.values()) await this.#remote.call('unload', id);
          programs.clear();
        }),
    };
  }

  writeBack(variables?: readonly Variable[]): Promise<void> {
    return this.#inTurn(async () => {
      const ids = this.#variables.known(variables);
      this.#variables.store(await this.#remote.call('read', ids));
    });
  }

  refresh(variables?: readonly Variable[]): void {
    this.#variables.forget(variables);
  }

  async dispose(): Promise<void> {
    await this.#inTurn(() => this.#remote.close());
  }

  async #load(step: StepFunction, inputs: Readonly<Record<string, HostData>>): Promise<Program> {
    const types = Object.fromEntries(
      Object.entries(inputs).map(([name, { data, shape }]) => [name, { shape, dtype: dtypeOf(data) }]),
    );
    const traced = trace(step, types);
    const compiled = compileTrace(traced, this.#target);
    const id = this.#programs++;
    const variableId = (index: number) => this.#variables.id(traced.variables[index]!);
    await this.#remote.call('load', {
      program: id,
      bytes: compiled.model.serialize(),
      outputs: compiled.outputs,
      reads: Object.fromEntries(compiled.reads.map((index) => [`state.${index}`, variableId(index)])),
      writes: Object.fromEntries(compiled.writes.map((index) => [`state.${index}.next`, variableId(index)])),
    });
    return { id, reads: touched(compiled).map((index) => traced.variables[index]!) };
  }

  /** One thing after the other, whether or not the caller waits. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

interface Program {
  readonly id: number;
  /** The variables that must be in the worker before a run. */
  readonly reads: readonly Variable[];
}

const touched = ({ reads, writes }: Compiled) => [...new Set([...reads, ...writes])];
const dtypeOf = (data: Float32Array | Int32Array): 'float32' | 'int32' =>
  data instanceof Int32Array ? 'int32' : 'float32';

/** Which variables the worker holds, and from which of their values. */
class SharedVariables {
  /** A variable's data change identity with every assignment, which is how outside changes are noticed. */
  readonly #seen = new Map<Variable, { readonly id: number; dataId: object | undefined }>();

  id(variable: Variable): number {
    return this.#entry(variable).id;
  }

  /** Values that the worker lacks; they count as sent. */
  async stale(variables: readonly Variable[]): Promise<Map<number, HostData>> {
    const stale = new Map<number, HostData>();
    for (const variable of variables) {
      const entry = this.#entry(variable);
      if (!isAlive(variable))
        throw new OnnxError(`The variable "${variable.name}" of a compiled step is disposed.`);
      if (entry.dataId === variable.dataId) continue;
      const data = (await variable.data()) as Float32Array | Int32Array;
      entry.dataId = variable.dataId;
      stale.set(entry.id, { data: data.slice(), shape: variable.shape });
    }
    return stale;
  }

  known(variables: readonly Variable[] = [...this.#seen.keys()]): number[] {
    return variables.flatMap((variable) => {
      const entry = this.#seen.get(variable);
      return entry?.dataId && entry.dataId === variable.dataId && isAlive(variable) ? [entry.id] : [];
    });
  }

  store(values: ReadonlyMap<number, HostData>): void {
    tf.tidy(() => {
      for (const [variable, entry] of this.#seen) {
        const value = values.get(entry.id);
        if (!value) continue;
        variable.assign(tf.tensor(value.data, [...value.shape], variable.dtype as 'float32' | 'int32'));
        entry.dataId = variable.dataId;
      }
    });
  }

  forget(variables: readonly Variable[] = [...this.#seen.keys()]): void {
    for (const variable of variables) {
      const entry = this.#seen.get(variable);
      if (entry) entry.dataId = undefined;
    }
  }

  #entry(variable: Variable) {
    const entry = this.#seen.get(variable) ?? { id: this.#seen.size, dataId: undefined };
    this.#seen.set(variable, entry);
    return entry;
  }
}

/** tf.disposeVariables disposes without telling the variables. */
const isAlive = (variable: Variable) => tf.engine().registeredVariables[variable.name] === variable;

function checkInputs(inputs: Readonly<Record<string, HostData>>): void {
  for (const [name, { data, shape }] of Object.entries(inputs)) {
    const length = shape.reduce((product, axis) => product * axis, 1);
    if (data.length !== length) {
      throw new OnnxError(
        `Input "${name}" has ${data.length} values, but its shape [${shape}] asks for ${length}; pass data that fill the shape.`,
      );
    }
  }
}
