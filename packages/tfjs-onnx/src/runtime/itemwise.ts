/**
 * Steps that treat the items of a batch independently, with the variables' values written into their programs. On a CPU,
 * a single-threaded program for one item runs on many in parallel; elsewhere a program takes the whole batch.
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
import { compileStep } from '../lower/compile.ts';
import type { Target } from '../lower/lowering.ts';
import type { ProgramFile } from './protocol.ts';
import { RecentPrograms } from './recent-programs.ts';

/** What runs programs on the items of a batch. */
export interface ItemRunner {
  /** How many of a batch's items its programs take at once. */
  itemsPerProgram(batch: number): number;
  load(file: ProgramFile): Promise<void>;
  unload(program: number): Promise<void>;
  /** Runs a program on inputs and to outputs of the shape `[items, …]`. */
  run(program: number, inputs: Inputs, items: number): Promise<Record<string, HostData>>;
}

/** What a function shares with the others of its runtime. */
interface Place {
  readonly target: Target;
  readonly variables: SharedVariables;
  readonly runner: ItemRunner;
  readonly placeInvariant: boolean;
  readonly maxPrograms: number;
  nextId(): number;
}

/** A step traced for as many items as its program takes, and its latest program, compiled with the variables' values of these versions. */
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
  readonly #programs: RecentPrograms<ItemProgram>;

  constructor(step: StepFunction, place: Place) {
    this.#step = step;
    this.#place = place;
    // Winograd convolutions are faster on the single thread of a lane, but round by the row's place in their tiles.
    this.#target = { ...place.target, minimal: !place.placeInvariant };
    this.#programs = new RecentPrograms(
      place.maxPrograms,
      async ({ id }) => id !== undefined && place.runner.unload(id),
    );
  }

  async prepare(types: InputTypes): Promise<void> {
    await this.#program(types, itemsOf(types));
  }

  async run(inputs: Inputs): Promise<Record<string, HostData & { data: Float32Array }>> {
    const types = typesOf(inputs);
    const items = itemsOf(types);
    const id = await this.#program(types, items);
    const outputs = await this.#place.runner.run(id, inputs, items);
    return outputs as Record<string, HostData & { data: Float32Array }>;
  }

  dispose(): Promise<void> {
    return this.#programs.clear();
  }

  /** The id of a program with the current values of the variables. */
  async #program(batchTypes: InputTypes, batch: number): Promise<number> {
    const items = this.#place.runner.itemsPerProgram(batch);
    const types = mapValues(batchTypes, ({ shape, dtype }) => ({ shape: [items, ...shape.slice(1)], dtype }));
    const key = JSON.stringify(types);
    const program = this.#programs.get(key) ?? this.#trace(types, items);
    const { variables } = this.#place;
    await variables.send(program.reads);
    const versions = variables.versions(program.reads);
    const fresh = program.versions === versions ? program : await this.#load(program, versions);
    await this.#programs.keep(key, fresh);
    return fresh.id!;
  }

  #trace(types: InputTypes, items: number): ItemProgram {
    const traced = trace(this.#step, types);
    const { reads, writes, outputs } = compileStep(traced, this.#target);
    if (writes.length > 0) {
      throw new StepError(
        `An itemwise step assigns the variable "${traced.variables[writes[0]!.indices[0]!]!.name}", but its items run in parallel. Compile the step without itemwise.`,
      );
    }
    for (const { name, shape } of outputs) {
      if (shape[0] === items) continue;
      throw new StepError(
        `An itemwise step returns "${name}" with shape [${shape}] for ${items === 1 ? 'one item' : `${items} items`} instead of [${items}, …]. Return one entry per item, or compile the step without itemwise.`,
      );
    }
    return {
      traced,
      reads: reads.flatMap(({ indices }) => indices).map((index) => traced.variables[index]!),
    };
  }

  async #load({ traced, reads, id: old }: ItemProgram, versions: string): Promise<ItemProgram> {
    const { variables, runner, nextId } = this.#place;
    const values = await variables.read(reads);
    const freeze = (index: number) => values.get(traced.variables[index]!)!.data;
    const { model, outputs } = compileStep(traced, this.#target, { freeze });
    if (old !== undefined) await runner.unload(old);
    const id = nextId();
    await runner.load({ program: id, bytes: model.serialize(), outputs, reads: {}, writes: {} });
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
