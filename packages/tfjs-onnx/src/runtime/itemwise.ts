/**
 * Steps that treat the items of a batch independently: a single-threaded program for one item, run on many in parallel.
 */
import {
  type HostData,
  type Inputs,
  type InputTypes,
  mapValues,
  type SharedVariables,
  StepError,
  type StepFunction,
  type Trace,
  trace,
  typesOf,
} from '@simgan/tfjs-trace';
import type { Variable } from '@tensorflow/tfjs-core';
import { compileTrace } from '../lower/compile.ts';
import type { Target } from '../lower/lowering.ts';
import type { Lanes } from './lanes.ts';

/** What a function shares with the others of its runtime. */
interface Place {
  readonly target: Target;
  readonly variables: SharedVariables;
  readonly lanes: Lanes;
  readonly placeInvariant: boolean;
  nextId(): number;
}

/** A step traced for one item, and its latest program, compiled with the variables' values of these versions. */
interface ItemProgram {
  readonly traced: Trace;
  readonly reads: readonly Variable[];
  readonly id?: number;
  readonly versions?: string;
}

export class ItemwiseFunction {
  readonly #step: StepFunction;
  readonly #place: Place;
  readonly #target: Target;
  readonly #programs = new Map<string, ItemProgram>();

  constructor(step: StepFunction, place: Place) {
    this.#step = step;
    this.#place = place;
    // Winograd convolutions are faster on the single thread of a lane, but round by the row's place in their tiles.
    this.#target = { ...place.target, minimal: !place.placeInvariant };
  }

  async prepare(types: InputTypes): Promise<void> {
    itemsOf(types);
    await this.#program(types);
  }

  async run(inputs: Inputs): Promise<Record<string, HostData & { data: Float32Array }>> {
    const types = typesOf(inputs);
    const items = itemsOf(types);
    const id = await this.#program(types);
    const outputs = await this.#place.lanes.run(id, inputs, items);
    return outputs as Record<string, HostData & { data: Float32Array }>;
  }

  async dispose(): Promise<void> {
    for (const { id } of this.#programs.values()) if (id !== undefined) await this.#place.lanes.unload(id);
    this.#programs.clear();
  }

  /** The id of a program with the current values of the variables. */
  async #program(batchTypes: InputTypes): Promise<number> {
    const types = mapValues(batchTypes, ({ shape, dtype }) => ({ shape: [1, ...shape.slice(1)], dtype }));
    const key = JSON.stringify(types);
    const program = this.#programs.get(key) ?? this.#trace(types);
    const { variables } = this.#place;
    await variables.send(program.reads);
    const versions = variables.versions(program.reads);
    const fresh = program.versions === versions ? program : await this.#load(program, versions);
    this.#programs.set(key, fresh);
    return fresh.id!;
  }

  #trace(types: InputTypes): ItemProgram {
    const traced = trace(this.#step, types);
    const { reads, writes, outputs } = compileTrace(traced, this.#target);
    if (writes.length > 0) {
      throw new StepError(
        `An itemwise step assigns the variable "${traced.variables[writes[0]!]!.name}", but its items run in parallel. Compile the step without itemwise.`,
      );
    }
    for (const { name, shape } of outputs) {
      if (shape[0] === 1) continue;
      throw new StepError(
        `An itemwise step returns "${name}" with shape [${shape}] for one item instead of [1, …]. Return one entry per item, or compile the step without itemwise.`,
      );
    }
    return { traced, reads: reads.map((index) => traced.variables[index]!) };
  }

  async #load({ traced, reads, id: old }: ItemProgram, versions: string): Promise<ItemProgram> {
    const { variables, lanes, nextId } = this.#place;
    const values = await variables.read(reads);
    const freeze = (index: number) => values.get(traced.variables[index]!)!.data;
    const { model, outputs } = compileTrace(traced, this.#target, { freeze });
    if (old !== undefined) await lanes.unload(old);
    const id = nextId();
    await lanes.load({ program: id, bytes: model.serialize(), outputs, reads: {}, writes: {} });
    return { traced, reads, id, versions };
  }
}

function itemsOf(types: InputTypes): number {
  const entries = Object.entries(types);
  const items = entries[0]?.[1].shape[0] ?? 0;
  if (items > 0 && entries.every(([, { shape }]) => shape[0] === items)) return items;
  const shapes = entries.map(([name, { shape }]) => `"${name}" is [${shape}]`).join(', ');
  throw new StepError(
    `The inputs of an itemwise step must all have the shape [batch, …] with the same batch size of at least 1, but ${shapes || 'there are none'}.`,
  );
}
