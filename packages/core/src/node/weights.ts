import { readFile, stat } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { SimganError } from '../errors.ts';
import { variableName } from '../networks/convolution.ts';
import type { Network } from '../networks/network.ts';
import { type NamedArray, readSafetensors, type Safetensors, writeSafetensors } from '../safetensors.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { fetchBytes, isWebUrl } from './fetch-bytes.ts';
import { reasonOf } from './reject.ts';

/** How weights are loaded. */
export interface LoadWeightsOptions {
  /** Larger files are refused. 1 GiB unless given; the paper's refiners have 1 MB. */
  readonly maxBytes?: number;
  /** For URLs, in milliseconds. 60 s unless given. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a network's variables as a safetensors file, under their names within the network. An engine that
 * keeps its own copies must have written them back (`Engine.writeBack`).
 *
 * @param about - what to say of the weights in the file: plugin, recipe, step. Texts, by the format.
 * @throws SimganError OUTPUT_FAILED if the file cannot be written.
 */
export async function saveWeights(
  file: string,
  network: Network,
  about: Readonly<Record<string, string>> = {},
): Promise<void> {
  const tensors: Record<string, NamedArray> = {};
  for (const variable of network.variables) {
    const name = variableName(variable);
    if (Object.hasOwn(tensors, name)) {
      throw new SimganError(
        'INVALID_ARGUMENT',
        `Two variables of the network are called ${name}, so a file cannot tell them apart. Rename one.`,
      );
    }
    tensors[name] = { data: (await variable.data()) as NamedArray['data'], shape: variable.shape };
  }
  await writeFileAtomic(file, writeSafetensors({ tensors, metadata: about }), { durable: true });
}

/**
 * Reads weights from a file or an http(s) URL into a network of the same form, all or none of them. An engine
 * that keeps its own copies must then read them again (`Engine.readAgain`).
 *
 * @returns what the file says of itself.
 * @throws SimganError INVALID_FILE if there is no such file, it is damaged, or its names and shapes are not the
 * network's (all differences are listed); FETCH_FAILED if the URL cannot be downloaded.
 */
export async function loadWeights(
  fileOrUrl: string,
  network: Network,
  options: LoadWeightsOptions = {},
): Promise<Safetensors['metadata']> {
  const { tensors, metadata } = await readTensors(fileOrUrl, options);
  const differences = differencesOf(tensors, network);
  if (differences.length > 0) {
    throw new SimganError(
      'INVALID_FILE',
      `The weights in ${fileOrUrl} are not of this network:${differences.map((text) => `\n  ${text}`).join('')}\n` +
        'Use the plugin, options and recipe that they were trained with.',
    );
  }
  for (const variable of network.variables) {
    const { data } = tensors[variableName(variable)]!;
    const values = tf.tensor(data, variable.shape, variable.dtype as 'float32');
    variable.assign(values);
    values.dispose();
  }
  return metadata;
}

async function readTensors(
  fileOrUrl: string,
  { maxBytes = 2 ** 30, timeoutMs = 60_000, signal }: LoadWeightsOptions,
): Promise<Safetensors> {
  const bytes = isWebUrl(fileOrUrl)
    ? await fetchBytes(fileOrUrl, { maxBytes, timeoutMs, signal })
    : await readWhole(fileOrUrl, maxBytes);
  try {
    return readSafetensors(bytes);
  } catch (error) {
    throw new SimganError(
      'INVALID_FILE',
      `Cannot load weights from ${fileOrUrl}. ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

async function readWhole(file: string, maxBytes: number): Promise<Uint8Array> {
  const fail = (reason: string, cause?: unknown) =>
    new SimganError('INVALID_FILE', `Cannot load weights from ${file}. ${reason}`, { cause });
  try {
    const found = await stat(file);
    if (!found.isFile()) throw fail('It is not a file.');
    if (found.size > maxBytes) throw fail(`It has ${found.size} bytes and at most ${maxBytes} are read.`);
    return await readFile(file);
  } catch (error) {
    throw error instanceof SimganError ? error : fail(reasonOf(error), error);
  }
}

function differencesOf(tensors: Safetensors['tensors'], { variables }: Network): string[] {
  const differences: string[] = [];
  const names = new Set<string>();
  for (const variable of variables) {
    const name = variableName(variable);
    names.add(name);
    const tensor = tensors[name];
    const expected = `[${variable.shape}]`;
    if (!tensor) differences.push(`${name} ${expected} is missing in the file`);
    else if (`[${tensor.shape}]` !== expected) {
      differences.push(`${name} is [${tensor.shape}] in the file and ${expected} in the network`);
    } else if (!(tensor.data instanceof Float32Array))
      differences.push(`${name} does not hold 32-bit floats`);
  }
  for (const name of Object.keys(tensors)) {
    if (!names.has(name)) differences.push(`${name} [${tensors[name]!.shape}] is not in the network`);
  }
  return differences;
}
