/** Compiles steps and runs them in the worker, around variables that all programs share. */
import { availableParallelism } from 'node:os';
import type { Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { OnnxError } from '../errors.ts';
import { type Compiled, compileTrace } from '../lower/compile.ts';
import type { Target } from '../lower/lowering.ts';
import { type InputType, type StepFunction, type Trace, trace } from '../trace/trace.ts';
import { Lanes } from './lanes.ts';
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
  readonly #variables = new SharedVariables();
  #last: Promise<unknown> = Promise.resolve();
  #programs = 0;

  constructor(remote: Remote, { device, block, noGpu }: Facts, threads: number, lanes: Lanes) {
    this.#remote = remote;
    this.#lanes = lanes;
    this.device = device;
    this.threads = threads;
    this.layout = block > 0 ? `nchwc${block}` : 'standard';
    this.noGpu = noGpu;
    this.#target = { block };
  }

  compile(step: StepFunction, { itemwise = false }: CompileOptions = {}): CompiledFunction {
    return itemwise && this.device === 'cpu' ? this.#compileItemwise(step) : this.#compileBatchwise(step);
  }

  #compileBatchwise(step: StepFunction): CompiledFunction {
    const programs = new Map<string, Program>();
    return {
      run: (inputs) =>
        this.#inTurn(async () => {
          checkInputs(inputs);
          const types = typesOf(inputs);
          const key = JSON.stringify(types);
          let program = programs.get(key);
          program ??= await this.#load(step, types);
          programs.set(key, program);
          await this.#send(program.reads);
          const outputs = await this.#remote.call('run', { program: program.id, inputs });
          this.#variables.wrote(program.writes);
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
    await this.#inTurn(() => Promise.all([this.#remote.close(), this.#lanes.close()]));
  }

  #compileItemwise(step: StepFunction): CompiledFunction {
    const programs = new Map<string, ItemProgram>();
    return {
      run: (inputs) =>
        this.#inTurn(async () => {
          checkInputs(inputs);
          const items = itemsOf(inputs);
          const types = mapValues(typesOf(inputs), ({ shape, dtype }) => ({
            shape: [1, ...shape.slice(1)],
            dtype,
          }));
          const key = JSON.stringify(types);
          const known = programs.get(key) ?? prepareItem(step, types, this.#target);
          await this.#send(known.reads);
          const versions = this.#variables.versions(known.reads);
          const program = known.versions === versions ? known : await this.#loadItem(known, versions);
          programs.set(key, program);
          return (await this.#lanes.run(program.id!, inputs, items)) as Record<string, HostTensor>;
        }),
      dispose: () =>
        this.#inTurn(async () => {
          for (const { id } of programs.values()) if (id !== undefined) await this.#lanes.unload(id);
          programs.clear();
        }),
    };
  }

  async #loadItem(program: ItemProgram, versions: string): Promise<ItemProgram> {
    const { traced, reads } = program;
    const ids = reads.map((variable) => this.#variables.id(variable));
    const values = await this.#remote.call('read', ids);
    const freeze = (index: number) => values.get(this.#variables.id(traced.variables[index]!))!.data;
    const { model, outputs } = compileTrace(traced, itemTarget(this.#target), { freeze });
    if (program.id !== undefined) await this.#lanes.unload(program.id);
    const id = this.#programs++;
    await this.#lanes.load({ program: id, bytes: model.serialize(), outputs, reads: {}, writes: {} });
    return { ...program, id, versions };
  }

  /** Brings the worker's copies of variables up to date. */
  async #send(variables: readonly Variable[]): Promise<void> {
    const stale = await this.#variables.stale(variables);
    if (stale.size > 0) await this.#remote.call('write', stale);
  }

  async #load(step: StepFunction, types: Readonly<Record<string, InputType>>): Promise<Program> {
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
    const variablesOf = (indices: readonly number[]) => indices.map((index) => traced.variables[index]!);
    return { id, reads: variablesOf(touched(compiled)), writes: variablesOf(compiled.writes) };
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
  readonly writes: readonly Variable[];
}

/** A step for one item, and the program of it that holds the variables' values of the given versions. */
interface ItemProgram {
  readonly traced: Trace;
  readonly reads: readonly Variable[];
  readonly id?: number;
  readonly versions?: string;
}

function prepareItem(
  step: StepFunction,
  types: Readonly<Record<string, InputType>>,
  target: Target,
): ItemProgram {
  const traced = trace(step, types);
  const { reads, writes, outputs } = compileTrace(traced, itemTarget(target));
  if (writes.length > 0) {
    throw new OnnxError(
      `An itemwise step assigns the variable "${traced.variables[writes[0]!]!.name}", but its items run side by side; compile it without itemwise.`,
    );
  }
  for (const { name, shape } of outputs) {
    if (shape[0] === 1) continue;
    throw new OnnxError(
      `An itemwise step returns "${name}" with shape [${shape}] for one item; it must be [1, …], else compile the step without itemwise.`,
    );
  }
  return { traced, reads: reads.map((index) => traced.variables[index]!) };
}

/** A lane has one thread, where fewer products pay. */
const itemTarget = (target: Target): Target => ({ ...target, minimal: true });

function itemsOf(inputs: Readonly<Record<string, HostData>>): number {
  const entries = Object.entries(inputs);
  const items = entries[0]?.[1].shape[0] ?? 0;
  if (items > 0 && entries.every(([, { shape }]) => shape[0] === items)) return items;
  const shapes = entries.map(([name, { shape }]) => `"${name}" is [${shape}]`).join(', ');
  throw new OnnxError(
    `The inputs of an itemwise step must all be [batch, …] with the same batch of one or more; here ${shapes || 'there are none'}.`,
  );
}

const touched = ({ reads, writes }: Compiled) => [...new Set([...reads, ...writes])];

const typesOf = (inputs: Readonly<Record<string, HostData>>): Record<string, InputType> =>
  mapValues(inputs, ({ data, shape }) => ({
    shape,
    dtype: data instanceof Int32Array ? 'int32' : 'float32',
  }));

const mapValues = <From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));

/** Which variables the worker holds, and from which of their values. */
class SharedVariables {
  /** A variable's data change identity with every assignment, which is how outside changes are noticed. */
  readonly #seen = new Map<Variable, { readonly id: number; dataId: object | undefined; version: number }>();

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
      entry.version += 1;
      stale.set(entry.id, { data: data.slice(), shape: variable.shape });
    }
    return stale;
  }

  /** Counts that programs changed these in the worker. */
  wrote(variables: readonly Variable[]): void {
    for (const variable of variables) this.#entry(variable).version += 1;
  }

  /** Differs whenever a value in the worker may. */
  versions(variables: readonly Variable[]): string {
    return variables.map((variable) => this.#entry(variable).version).join();
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
    const entry = this.#seen.get(variable) ?? { id: this.#seen.size, dataId: undefined, version: 0 };
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
