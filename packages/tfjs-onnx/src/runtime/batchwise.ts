/** Steps that run on whole batches: one program for each combination of input shapes, on all threads. */
import {
  type HostData,
  type Inputs,
  type InputTypes,
  type SharedVariables,
  type StepFunction,
  trace,
  typesOf,
} from '@simgan/tfjs-trace';
import type { Variable } from '@tensorflow/tfjs-core';
import { compileStep } from '../lower/compile.ts';
import type { Target } from '../lower/lowering.ts';
import type { State } from '../lower/state.ts';
import { RecentPrograms } from './recent-programs.ts';
import type { Remote } from './remote.ts';

/** What a function shares with the others of its runtime. */
interface Place {
  readonly target: Target;
  readonly variables: SharedVariables;
  readonly remote: Remote;
  readonly maxPrograms: number;
  nextId(): number;
}

interface Program {
  readonly id: number;
  /** The variables that the worker must hold before a run. */
  readonly reads: readonly Variable[];
  readonly writes: readonly Variable[];
}

export class BatchwiseFunction {
  readonly #step: StepFunction;
  readonly #place: Place;
  readonly #programs: RecentPrograms<Program>;

  constructor(step: StepFunction, place: Place) {
    this.#step = step;
    this.#place = place;
    this.#programs = new RecentPrograms(place.maxPrograms, ({ id }) => place.remote.call('unload', id));
  }

  async prepare(types: InputTypes): Promise<void> {
    await this.#program(types);
  }

  async run(inputs: Inputs): Promise<Record<string, HostData & { data: Float32Array }>> {
    const { id, reads, writes } = await this.#program(typesOf(inputs));
    const { variables, remote } = this.#place;
    await variables.send(reads);
    const outputs = await remote.call('run', { program: id, inputs });
    variables.wrote(writes);
    return outputs as Record<string, HostData & { data: Float32Array }>;
  }

  dispose(): Promise<void> {
    return this.#programs.clear();
  }

  async #program(types: InputTypes): Promise<Program> {
    const key = JSON.stringify(types);
    const program = this.#programs.get(key) ?? (await this.#load(types));
    await this.#programs.keep(key, program);
    return program;
  }

  async #load(types: InputTypes): Promise<Program> {
    const { target, variables, remote, nextId } = this.#place;
    const traced = trace(this.#step, types);
    const { model, outputs, reads, writes } = compileStep(traced, target);
    const id = nextId();
    const variablesOf = ({ indices }: State) => indices.map((index) => traced.variables[index]!);
    const ids = (states: readonly State[]) =>
      Object.fromEntries(
        states.map((state) => [state.name, variablesOf(state).map((variable) => variables.id(variable))]),
      );
    await remote.call('load', {
      program: id,
      bytes: model.serialize(),
      outputs,
      reads: ids(reads),
      writes: ids(writes),
    });
    return {
      id,
      reads: [...new Set([...reads, ...writes].flatMap(variablesOf))],
      writes: writes.flatMap(variablesOf),
    };
  }
}
