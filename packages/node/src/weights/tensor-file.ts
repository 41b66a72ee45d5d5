/** @file Named arrays in safetensors files with a checksum of all they hold. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import {
  type NamedArray,
  readSafetensors,
  type Safetensors,
  SimganError,
  writeSafetensors,
} from '@simgan/core';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { fetchBytes, isWebUrl } from '../files/fetch-bytes.ts';
import { reasonOf } from '../files/reject.ts';

/** Options for loading a file of arrays. */
export interface LoadTensorsOptions {
  /** Larger files are refused. Default: 1 GiB; the paper's refiners have 1 MB. */
  readonly maxBytes?: number;
  /** For URLs, in milliseconds. Default: 60 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The key of the checksum in a file's metadata. */
const CHECKSUM = 'sha256';

/**
 * Writes arrays with a checksum over names, shapes, values and metadata: whole or not at all.
 *
 * @throws SimganError OUTPUT_FAILED if the file cannot be written.
 */
export async function saveTensors(file: string, { tensors, metadata }: Safetensors): Promise<void> {
  const checked = { ...metadata, [CHECKSUM]: checksumOf({ tensors, metadata }) };
  await writeFileAtomic(file, writeSafetensors({ tensors, metadata: checked }), { durable: true });
}

/**
 * Reads arrays from a file or an http(s) URL. Files of other programs have no checksum and are taken without one.
 *
 * @throws SimganError INVALID_FILE naming the file, if it is missing, damaged, or not a safetensors file; FETCH_FAILED
 * if the URL cannot be downloaded.
 */
export async function loadTensors(fileOrUrl: string, options: LoadTensorsOptions = {}): Promise<Safetensors> {
  const { maxBytes = 2 ** 30, timeoutMs = 60_000, signal } = options;
  const bytes = isWebUrl(fileOrUrl)
    ? await fetchBytes(fileOrUrl, { maxBytes, timeoutMs, signal })
    : await readWhole(fileOrUrl, maxBytes);
  const other = kindOf(bytes);
  if (other) throw unusable(fileOrUrl, `It is ${other}, not a safetensors file.`);
  let file: Safetensors;
  try {
    file = readSafetensors(bytes);
  } catch (error) {
    throw unusable(fileOrUrl, `${(error as Error).message} ${WAY_OUT}`, error);
  }
  const { [CHECKSUM]: checksum, ...metadata } = file.metadata;
  const content = { tensors: file.tensors, metadata };
  if (checksum !== undefined && checksum !== checksumOf(content)) {
    throw unusable(fileOrUrl, `It is damaged: its checksum does not fit what it holds. ${WAY_OUT}`);
  }
  return content;
}

/** What to do about a file that is damaged. */
const WAY_OUT = 'Restore it from a copy.';

function checksumOf({ tensors, metadata }: Safetensors): string {
  const hash = createHash('sha256').update(JSON.stringify(Object.entries(metadata).sort()));
  for (const [name, { data, shape }] of Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(JSON.stringify([name, shape, data.constructor.name]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/** What a file is that people take for weights, by its first bytes. */
function kindOf(bytes: Uint8Array): string | undefined {
  const startsWith = (...start: number[]) => start.every((byte, i) => bytes[i] === byte);
  if (startsWith(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a)) return 'an HDF5 file (as Keras writes)';
  if (startsWith(0x50, 0x4b, 3, 4)) return 'a zip archive (as PyTorch writes)';
  if (startsWith(0x80) && bytes[1]! <= 5 && bytes.length > 2 && bytes[8] !== 0x7b) return 'a Python pickle';
  // ONNX: the version of the format in field 1, then one of the fields 2 to 8 (producer, graph and so on).
  const next = bytes[2] ?? 0;
  const isField = next >> 3 >= 2 && next >> 3 <= 8 && [0, 2].includes(next & 7);
  if (startsWith(8) && bytes[1]! < 32 && isField && bytes[8] !== 0x7b) {
    return 'an ONNX model (a refiner is its safetensors file; `export` makes ONNX of it)';
  }
  return undefined;
}

async function readWhole(file: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw unusable(file, 'It is not a file.');
    if (found.size > maxBytes) {
      throw unusable(file, `It has ${found.size} bytes and at most ${maxBytes} are read.`);
    }
    return await readFile(file);
  } catch (error) {
    throw error instanceof SimganError ? error : unusable(file, reasonOf(error), error);
  }
}

/** Only the arrays that hold 32-bit floats, all finite. @throws SimganError INVALID_FILE naming the others. */
export function finiteFloats(
  file: string,
  tensors: Readonly<Record<string, NamedArray>>,
): Record<string, { data: Float32Array; shape: readonly number[] }> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape }]) => {
      if (!(data instanceof Float32Array))
        throw unusable(file, `Its array ${name} does not hold 32-bit floats.`);
      if (!data.every(Number.isFinite))
        throw unusable(file, `Its array ${name} holds values that are not finite. ${WAY_OUT}`);
      return [name, { data, shape }];
    }),
  );
}

export function unusable(file: string, reason: string, cause?: unknown): SimganError {
  return new SimganError('INVALID_FILE', `Cannot load weights from ${file}. ${reason}`, { cause });
}
