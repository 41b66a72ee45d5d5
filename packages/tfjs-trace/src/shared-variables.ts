/** The variables that all programs of a runtime share. */
import type { Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { StepError } from './graph/errors.ts';
import type { HostData } from './graph/inputs.ts';

/** Where the variables of compiled steps live: in a worker or on a GPU. Variables have numbers there. */
export interface VariableStore {
  write(values: ReadonlyMap<number, HostData>): Promise<unknown>;
  read(ids: readonly number[]): Promise<ReadonlyMap<number, HostData>>;
}

/** Tracks which variables a store holds, and which of their values it was sent. */
export class SharedVariables {
  readonly #store: VariableStore;
  /** Assigning a tensor to a variable changes its data id, which is how assignments outside of steps are noticed. */
  readonly #seen = new Map<Variable, { readonly id: number; dataId: object | undefined; version: number }>();

  constructor(store: VariableStore) {
    this.#store = store;
  }

  id(variable: Variable): number {
    return this.#entry(variable).id;
  }

  /** Sends the values of variables that were assigned since they were last sent. */
  async send(variables: readonly Variable[]): Promise<void> {
    const stale = new Map<number, HostData>();
    for (const variable of variables) {
      const entry = this.#entry(variable);
      if (!isAlive(variable))
        throw new StepError(
          `A compiled step uses the variable "${variable.name}", which is disposed. Keep the variables of a step until its last run.`,
        );
      if (entry.dataId === variable.dataId) continue;
      const data = (await variable.data()) as Float32Array | Int32Array;
      entry.dataId = variable.dataId;
      entry.version += 1;
      stale.set(entry.id, { data: data.slice(), shape: variable.shape });
    }
    if (stale.size > 0) await this.#store.write(stale);
  }

  /** The store's values of these variables. */
  async read(variables: readonly Variable[]): Promise<Map<Variable, HostData>> {
    const values = await this.#store.read(variables.map((variable) => this.id(variable)));
    return new Map(variables.map((variable) => [variable, values.get(this.id(variable))!]));
  }

  /** Copies the store's values into the variables. */
  async writeBack(variables: readonly Variable[] = [...this.#seen.keys()]): Promise<void> {
    const values = await this.read(variables.filter((variable) => this.#isKnown(variable)));
    tf.tidy(() => {
      for (const [variable, { data, shape }] of values) {
        variable.assign(tf.tensor(data, [...shape], variable.dtype as 'float32' | 'int32'));
        this.#entry(variable).dataId = variable.dataId;
      }
    });
  }

  /** Records that a program changed these variables in the store. */
  wrote(variables: readonly Variable[]): void {
    for (const variable of variables) this.#entry(variable).version += 1;
  }

  /** A key that changes whenever a value in the store may have changed. */
  versions(variables: readonly Variable[]): string {
    return variables.map((variable) => this.#entry(variable).version).join();
  }

  /** Makes the next {@link send} send these variables again. */
  forget(variables: readonly Variable[] = [...this.#seen.keys()]): void {
    for (const variable of variables) {
      const entry = this.#seen.get(variable);
      if (entry) entry.dataId = undefined;
    }
  }

  #isKnown(variable: Variable): boolean {
    const entry = this.#seen.get(variable);
    return entry?.dataId !== undefined && entry.dataId === variable.dataId && isAlive(variable);
  }

  #entry(variable: Variable) {
    const entry = this.#seen.get(variable) ?? { id: this.#seen.size, dataId: undefined, version: 0 };
    this.#seen.set(variable, entry);
    return entry;
  }
}

/** tf.disposeVariables does not set `isDisposed` on the variables. */
const isAlive = (variable: Variable) => tf.engine().registeredVariables[variable.name] === variable;
