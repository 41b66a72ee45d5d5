/** @file Variables of networks: names that are unique in the process, and names that files use. */
import * as tf from '@tensorflow/tfjs-core';
import { SimganError } from '../errors.ts';
import type { SizedForm } from '../image.ts';
import type { Network, NetworkBuilder } from './network.ts';

/**
 * A variable with initial values. tfjs requires variable names to be unique per process, so its name is the layer's
 * name followed by a number; files use the network's own names ({@link variableName}).
 */
export function createVariable(name: string, values: Float32Array, shape: number[]): tf.Variable {
  const initial = tf.tensor(values, shape, 'float32');
  const variable = tf.variable(initial, true, `${name}#${nextVariable++}`);
  initial.dispose();
  return variable;
}

let nextVariable = 0;

/** Names of variables within their networks, for networks built by {@link buildNetwork}. */
const ownNames = new WeakMap<tf.Variable, string>();

/** A variable's name within its network. */
export function variableName(variable: tf.Variable): string {
  return ownNames.get(variable) ?? withoutNumber(variable.name);
}

/**
 * Builds a network. Its builder may create plain `tf.variable`s, named or not, and may be called any number of times.
 * Within the network, a variable keeps its given name; one without a name is `variable0`, `variable1` … by its index
 * in `network.variables`.
 *
 * @throws SimganError INVALID_PLUGIN if two variables of the network have the same name, or if one was not created by
 * the builder. All variables that the builder created are then disposed.
 */
export function buildNetwork<Kind extends Network>(
  build: NetworkBuilder<Kind>,
  form: SizedForm,
  seed: number,
): Kind {
  const made = new Map<tf.Variable, string>();
  try {
    const network = collectVariables(() => build(form, seed), made);
    for (const [variable, given] of made) {
      const isUnnamed = /^\d+$/.test(given);
      ownNames.set(
        variable,
        isUnnamed ? `variable${network.variables.indexOf(variable)}` : withoutNumber(given),
      );
    }
    checkVariables(network, made);
    return network;
  } catch (error) {
    for (const variable of made.keys()) variable.dispose();
    const [, name] = /^Variable with name (.*) was already registered$/.exec((error as Error).message) ?? [];
    throw name === undefined ? error : sameName(name, error);
  }
}

/**
 * Lets `build` create variables with any names, and renames them so that they are unique in the process: tfjs rejects
 * a second variable of the same name, which a second network of the same builder would create.
 *
 * @param made - receives the variables, each with its given name.
 */
function collectVariables<Built>(build: () => Built, made: Map<tf.Variable, string>): Built {
  const { state } = tf.engine();
  const before = state.registeredVariables;
  state.registeredVariables = {};
  try {
    return build();
  } finally {
    const variables = Object.values(state.registeredVariables);
    state.registeredVariables = before;
    for (const variable of variables) {
      made.set(variable, variable.name);
      if (withoutNumber(variable.name) === variable.name)
        variable.name = `${variable.name}#${nextVariable++}`;
      before[variable.name] = variable;
    }
  }
}

function checkVariables({ variables }: Network, made: ReadonlyMap<tf.Variable, string>): void {
  const seen = new Set<string>();
  for (const variable of variables) {
    const name = variableName(variable);
    if (seen.has(name)) throw sameName(name);
    seen.add(name);
    if (made.has(variable)) continue;
    throw new SimganError(
      'INVALID_PLUGIN',
      `The variable ${name} of the network was not made by its builder. Make every variable within the builder, so that each network has its own.`,
    );
  }
}

function sameName(name: string, cause?: unknown): SimganError {
  return new SimganError(
    'INVALID_PLUGIN',
    `Two variables of the network are called ${name}, so a file cannot tell them apart. Rename one.`,
    { cause },
  );
}

/** A name without the number that makes it unique in the process. */
function withoutNumber(name: string): string {
  return name.replace(/#\d+$/, '');
}
