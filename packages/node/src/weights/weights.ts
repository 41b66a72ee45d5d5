import { type Network, SimganError } from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import { variableName } from '@simgan/core/networks';
import * as tf from '@tensorflow/tfjs-core';
import { finiteFloats, type LoadTensorsOptions, loadTensors, saveTensors } from './tensor-file.ts';

/** Arrays by name, `{ data, shape }`, row-major. */
export type Weights = Readonly<
  Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>
>;

/**
 * The present values of a network's variables, under their names within the network, from the engine that holds them.
 *
 * @throws SimganError INVALID_ARGUMENT if two variables have the same name.
 */
export async function readWeights({ variables }: Network, engine: Engine): Promise<Weights> {
  const names = variables.map(variableName);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `Two variables of the network are called ${twice}, so a file cannot tell them apart. Rename one.`,
    );
  }
  const values = await engine.read(variables);
  return Object.fromEntries(names.map((name, i) => [name, values[i]!]));
}

/**
 * Writes a network's variables as a safetensors file with a checksum, under their names within the network.
 *
 * @param about - what to say of the weights in the file: plugin, recipe, step. Texts, by the format.
 * @throws SimganError OUTPUT_FAILED if the file cannot be written.
 * @example
 * await saveWeights('refiner.safetensors', training.averagedRefiner, engine, { step: '800' });
 */
export async function saveWeights(
  file: string,
  network: Network,
  engine: Engine,
  about: Readonly<Record<string, string>> = {},
): Promise<void> {
  await saveTensors(file, { tensors: await readWeights(network, engine), metadata: about });
}

/**
 * Reads weights from a file or an http(s) URL into a network of the same form, all or none of them.
 *
 * @returns what the file says of itself.
 * @throws SimganError INVALID_FILE if there is no such file, it is damaged, or its names and shapes are not the
 * network's (all differences are listed); FETCH_FAILED if the URL cannot be downloaded.
 */
export async function loadWeights(
  fileOrUrl: string,
  network: Network,
  options: LoadTensorsOptions = {},
): Promise<Readonly<Record<string, string>>> {
  const { tensors, metadata } = await loadTensors(fileOrUrl, options);
  assignWeights(fileOrUrl, network, finiteFloats(fileOrUrl, tensors));
  return metadata;
}

/** Puts weights into a network, all or none. @throws SimganError INVALID_FILE listing every difference. */
export function assignWeights(file: string, network: Network, weights: Weights): void {
  const differences = differencesOf(weights, network);
  if (differences.length > 0) {
    throw new SimganError(
      'INVALID_FILE',
      `The weights in ${file} are not of this network:${differences.map((text) => `\n  ${text}`).join('')}\n` +
        'Use the plugin, options and recipe that they were trained with.',
    );
  }
  for (const variable of network.variables) {
    const values = tf.tensor(weights[variableName(variable)]!.data, variable.shape, 'float32');
    variable.assign(values);
    values.dispose();
  }
}

function differencesOf(weights: Weights, { variables }: Network): string[] {
  const differences: string[] = [];
  const names = new Set<string>();
  for (const variable of variables) {
    const name = variableName(variable);
    names.add(name);
    const weight = weights[name];
    const expected = `[${variable.shape}]`;
    if (!weight) differences.push(`${name} ${expected} is missing in the file`);
    else if (`[${weight.shape}]` !== expected) {
      differences.push(`${name} is [${weight.shape}] in the file and ${expected} in the network`);
    }
  }
  for (const name of Object.keys(weights)) {
    if (!names.has(name)) differences.push(`${name} [${weights[name]!.shape}] is not in the network`);
  }
  return differences;
}
