import { open } from 'node:fs/promises';
import type { Dataset, File, Group } from 'h5wasm/node';
import { SimganError } from '../errors.ts';
import type { Hdf5File, NumericArray } from '../reader.ts';
import { reasonOf } from './reject.ts';

/** An open HDF5 file; `close` gives its handle back. */
export interface OpenHdf5File extends Hdf5File {
  close(): void;
}

/**
 * Opens an HDF5 file where it lies: arrays are read from the disk when they are asked for.
 *
 * @throws SimganError INVALID_FILE if it is no HDF5 file or cut off.
 */
export async function openHdf5File(location: string, name: string): Promise<OpenHdf5File> {
  await checkSignature(location, name);
  // Two megabytes of WebAssembly, loaded for those who read such files.
  const { default: h5wasm } = await import('h5wasm/node');
  const module = await h5wasm.ready;
  // As it comes, the library prints its errors and returns what looks like an empty file.
  module.activate_throwing_error_handler();
  const file = attempt(name, 'It cannot be opened as HDF5', () => new h5wasm.File(location, 'r'));
  return reading(file, name);
}

function reading(file: File, name: string): OpenHdf5File {
  const groupAt = (path: string) => {
    if (path === '') return file as Group;
    const found = lookUp(file, path);
    return found !== undefined && 'keys' in found ? found : undefined;
  };
  const datasetAt = (path: string) => {
    const found = lookUp(file, path);
    return found !== undefined && 'slice' in found ? found : undefined;
  };
  return {
    names: (path) => attempt(name, `Its group ${path} is damaged`, () => groupAt(path)?.keys() ?? []),
    shape: (path) => {
      const dataset = datasetAt(path);
      return dataset && isNumeric(dataset) ? (dataset.shape ?? []) : undefined;
    },
    numbers(path, part): NumericArray {
      const dataset = datasetAt(path);
      if (!dataset || !isNumeric(dataset)) {
        throw new SimganError('INVALID_FILE', `${name} has no array of numbers ${path}.`);
      }
      const shape = [...(dataset.shape ?? [])];
      const data = attempt(name, `Its array ${path} is damaged`, () => {
        if (!part) return dataset.value;
        const ranges = shape.map((length, axis): [number, number] =>
          axis === part.axis ? [part.start, part.end] : [0, length],
        );
        return dataset.slice(ranges);
      });
      if (part) shape[part.axis] = part.end - part.start;
      if (typeof data === 'number') return { shape, data: [data] };
      if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
        return { shape, data: Float64Array.from(data, Number) };
      }
      return { shape, data: data as unknown as ArrayLike<number> };
    },
    texts(path) {
      const dataset = datasetAt(path);
      const value = dataset && attempt(name, `Its texts ${path} are damaged`, () => dataset.value);
      if (typeof value === 'string') return [value];
      return Array.isArray(value) && value.every((text) => typeof text === 'string') ? value : undefined;
    },
    close: () => void file.close(),
  };
}

/** With errors thrown, asking for what is not there throws too. */
function lookUp(file: File, path: string): Group | Dataset | undefined {
  try {
    const found = file.get(path);
    return found !== null && ('slice' in found || 'keys' in found) ? (found as Group | Dataset) : undefined;
  } catch {
    return undefined;
  }
}

function isNumeric({ dtype }: Dataset): boolean {
  return typeof dtype === 'string' && /^[<>|]?[bBhHiIqQefd]$/.test(dtype);
}

function attempt<Value>(name: string, what: string, job: () => Value): Value {
  try {
    return job();
  } catch (error) {
    throw new SimganError('INVALID_FILE', `${what}: ${causeOf(error)} (${name}).`, { cause: error });
  }
}

/** The library reports the way down through its layers; the last is the reason. */
function causeOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const layers = [...text.matchAll(/^\s*#\d+:.*?\(\): (.*)$/gm)];
  return layers.at(-1)?.[1] ?? text.split('\n')[0]!;
}

const SIGNATURE = '\x89HDF\r\n\x1a\n';

/** HDF5 begins at byte 0 or, after a block of the user's, at 512, 1024, 2048 and so on. */
async function checkSignature(location: string, name: string): Promise<void> {
  try {
    const handle = await open(location, 'r');
    try {
      const { size } = await handle.stat();
      const start = Buffer.alloc(SIGNATURE.length);
      for (let at = 0; at + start.length <= size; at = at === 0 ? 512 : at * 2) {
        await handle.read(start, 0, start.length, at);
        if (start.toString('latin1') === SIGNATURE) return;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new SimganError('INVALID_FILE', `${name} cannot be read. ${reasonOf(error)}`, { cause: error });
  }
  throw new SimganError('INVALID_FILE', `${name} is not an HDF5 file: it has no HDF5 signature.`);
}
