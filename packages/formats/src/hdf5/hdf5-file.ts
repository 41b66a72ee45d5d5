import { SimganError } from '@simgan/core';
import type { ByteSource } from '../bytes/byte-source.ts';
import { float16Value } from './float16.ts';
import type { Hdf5Library, Hdf5Module } from './hdf5-library.ts';

/** Numbers of an array in the order in which they are stored; the format says how `shape` counts them. */
export interface NumericArray {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** The indices along one axis that are in [start, end). */
export interface ArrayPart {
  /** Index into the shape. */
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

/** What an array of an HDF5 file holds. `bool` is h5py's; its values are 0 and 1. */
export type Hdf5Dtype =
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'float16'
  | 'float32'
  | 'float64'
  | 'bool';

/**
 * An HDF5 file (also MATLAB's since v7.3). Paths are `group/group/dataset`. Arrays are row-major: the last index
 * runs fastest. Every method throws SimganError INVALID_FILE where the file is damaged.
 */
export interface Hdf5File {
  /** What a group holds, in the file's order (by name unless it was made otherwise); empty if there is no such group. */
  names(path: string): readonly string[];
  /** An array's shape, `[]` for a single number; `undefined` if there is no array of numbers there. */
  shape(path: string): readonly number[] | undefined;
  /** What an array holds; `undefined` if there is no array of numbers there. */
  dtype(path: string): Hdf5Dtype | undefined;
  /**
   * An array of numbers, or a part of it. 64-bit integers become float64, which is exact up to 2^53.
   *
   * @throws SimganError INVALID_FILE if there is none, it is damaged, or more than 1 GiB is asked for.
   * @throws SimganError INVALID_ARGUMENT if the part is not within the array.
   */
  numbers(path: string, part?: ArrayPart): NumericArray;
  /** A dataset of one or more texts; `undefined` if there is none. */
  texts(path: string): readonly string[] | undefined;
}

/** An open file and the library that it was opened with. */
export interface OpenHdf5File extends Hdf5File {
  /** Whether it can still be read: damage that is met in one file can break the library for all. */
  readonly isUsable: boolean;
  /** The file cannot be read afterwards, and its source is closed too. */
  close(): void;
}

type Metadata = ReturnType<Hdf5Module['get_dataset_metadata']>;

/** The library's memory does not shrink again, and ends at 2 GiB. */
const MOST_BYTES = 2 ** 30;

/**
 * Opens an HDF5 file. Its source is closed with it, and if it cannot be opened.
 *
 * @param name - what the file is called in errors.
 * @throws SimganError INVALID_FILE if it is not an HDF5 file or is cut off.
 */
export function openHdf5File(library: Hdf5Library, source: ByteSource, name: string): OpenHdf5File {
  let path: string | undefined;
  try {
    attempt(name, 'cannot be read', () => checkSignature(source, name));
    path = library.mount(source);
    const id = attempt(name, 'cannot be opened as HDF5', () => openReadOnly(library, path!));
    return reading(library, id, name, () => {
      if (!library.isBroken) {
        closeQuietly(library, id);
        library.unmount(path!);
      }
      source.close();
    });
  } catch (error) {
    if (path !== undefined && !library.isBroken) library.unmount(path);
    source.close();
    throw error;
  }
}

function openReadOnly(library: Hdf5Library, path: string): bigint {
  return library.call((module) => module.open(path, module.H5F_ACC_RDONLY, false, -1, -1));
}

/** What is left open within a damaged file lets the library complain, and is of no concern: the source is closed. */
function closeQuietly(library: Hdf5Library, id: bigint): void {
  try {
    library.call((module) => module.close_file(id));
  } catch {}
}

function reading(library: Hdf5Library, id: bigint, name: string, close: () => void): OpenHdf5File {
  const { module } = library;
  const kinds = module.H5T_class_t;

  const typeAt = (path: string): number =>
    attempt(name, at(path), () => library.call(() => module.get_type(id, absolute(path))));

  const metadataAt = (path: string): Metadata | undefined => {
    if (typeAt(path) !== module.H5G_DATASET) return undefined;
    return attempt(name, at(path), () => library.call(() => module.get_dataset_metadata(id, absolute(path))));
  };

  const dtypeOf = ({ type, size, signed, shape, enum_type }: Metadata): Hdf5Dtype | undefined => {
    // A dataset without a space holds nothing.
    if (shape === null) return undefined;
    if (type === kinds.H5T_INTEGER.value) return dtypeNamed(`${signed ? 'int' : 'uint'}${size * 8}`);
    // bfloat16 is not told apart; it is not a type of HDF5 before 2.0.
    if (type === kinds.H5T_FLOAT.value) return dtypeNamed(`float${size * 8}`);
    const { FALSE, TRUE } = enum_type?.members ?? {};
    return type === kinds.H5T_ENUM.value && size === 1 && FALSE === 0 && TRUE === 1 ? 'bool' : undefined;
  };

  /** The bytes of a dataset or of a part of it, handed to `take` while the library's memory holds them. */
  const readBytes = <Value>(
    path: string,
    { size, shape }: Metadata,
    part: ArrayPart | undefined,
    take: (bytes: Uint8Array<ArrayBuffer>, pointer: number) => Value,
  ): Value => {
    const counts = shape!.map((length, axis) => (part?.axis === axis ? part.end - part.start : length));
    const length = size * counts.reduce((product, count) => product * count, 1);
    if (!(length <= MOST_BYTES)) {
      throw new SimganError(
        'INVALID_FILE',
        `${name} holds ${Math.ceil(length / 2 ** 20)} MiB in ${path} and at most ${MOST_BYTES / 2 ** 20} MiB are read ` +
          'at a time: read it in parts.',
      );
    }
    if (length === 0) return take(new Uint8Array(), 0);
    return attempt(name, at(path), () => {
      const pointer = library.call(() => module._malloc(length));
      if (pointer === 0) throw new Error(`there is no memory for its ${length} bytes. Read it in parts.`);
      try {
        // What the library leaves unread must not be what was in memory before.
        module.HEAPU8.fill(0, pointer, pointer + length);
        const start = part && counts.map((_, axis) => BigInt(part.axis === axis ? part.start : 0));
        const count = part && counts.map(BigInt);
        const stride = part && counts.map(() => 1n);
        const status = library.call(() =>
          module.get_dataset_data(
            id,
            absolute(path),
            count ?? null,
            start ?? null,
            stride ?? null,
            BigInt(pointer),
          ),
        );
        if (status < 0)
          throw new Error('it cannot be read. If the file is damaged, copy or download it again.');
        return take(module.HEAPU8.slice(pointer, pointer + length), pointer);
      } finally {
        if (!library.isBroken) library.call(() => module._free(pointer));
      }
    });
  };

  return {
    get isUsable() {
      return !library.isBroken;
    },
    names(path) {
      if (typeAt(path) !== module.H5G_GROUP) return [];
      return attempt(name, at(path), () => library.call(() => module.get_names(id, absolute(path), false)));
    },
    shape(path) {
      const metadata = metadataAt(path);
      return metadata && dtypeOf(metadata) ? (metadata.shape ?? undefined) : undefined;
    },
    dtype(path) {
      const metadata = metadataAt(path);
      return metadata && dtypeOf(metadata);
    },
    numbers(path, part) {
      const metadata = metadataAt(path);
      const dtype = metadata && dtypeOf(metadata);
      if (!metadata || !dtype)
        throw new SimganError('INVALID_FILE', `${name} has no array of numbers ${path}.`);
      const other = metadata.virtual_sources?.find(({ file_name }) => file_name !== '.')?.file_name;
      if (other !== undefined) {
        // The library would give zeros for them.
        throw new SimganError(
          'INVALID_FILE',
          `${name} keeps the numbers of ${path} in other files (${other}), which are not read: copy them into one file.`,
        );
      }
      const shape = [...metadata.shape!];
      if (part) {
        checkPart(part, shape, `${path} of ${name}`);
        shape[part.axis] = part.end - part.start;
      }
      return { shape, data: readBytes(path, metadata, part, (bytes) => arrays[dtype](bytes.buffer)) };
    },
    texts(path) {
      const metadata = metadataAt(path);
      if (metadata?.type !== kinds.H5T_STRING.value || metadata.shape === null) return undefined;
      if (!metadata.vlen) {
        return readBytes(path, metadata, undefined, (bytes) => fixedTexts(bytes, metadata));
      }
      return readBytes(path, metadata, undefined, (bytes, pointer) => {
        const texts = Array.from(new Uint32Array(bytes.buffer), (text) =>
          text === 0 ? '' : module.UTF8ToString(text),
        );
        if (pointer !== 0)
          library.call(() => module.reclaim_vlen_memory(id, absolute(path), '', BigInt(pointer)));
        return texts;
      });
    },
    close,
  };
}

const arrays: Readonly<Record<Hdf5Dtype, (buffer: ArrayBuffer) => ArrayLike<number>>> = {
  int8: (buffer) => new Int8Array(buffer),
  uint8: (buffer) => new Uint8Array(buffer),
  int16: (buffer) => new Int16Array(buffer),
  uint16: (buffer) => new Uint16Array(buffer),
  int32: (buffer) => new Int32Array(buffer),
  uint32: (buffer) => new Uint32Array(buffer),
  int64: (buffer) => Float64Array.from(new BigInt64Array(buffer), Number),
  uint64: (buffer) => Float64Array.from(new BigUint64Array(buffer), Number),
  float16: (buffer) => Float32Array.from(new Uint16Array(buffer), float16Value),
  float32: (buffer) => new Float32Array(buffer),
  float64: (buffer) => new Float64Array(buffer),
  bool: (buffer) => new Uint8Array(buffer),
};

function dtypeNamed(name: string): Hdf5Dtype | undefined {
  return Object.hasOwn(arrays, name) ? (name as Hdf5Dtype) : undefined;
}

/** Texts of one length: they end at their first zero byte, or at their padding of spaces as in Fortran. */
function fixedTexts(bytes: Uint8Array, { size, strpad }: Metadata): string[] {
  const SPACE_PADDED = 2;
  const decoder = new TextDecoder();
  return Array.from({ length: bytes.length / size }, (_, i) => {
    const text = decoder.decode(bytes.subarray(i * size, (i + 1) * size)).replace(/\0.*$/s, '');
    return strpad === SPACE_PADDED ? text.replace(/ +$/, '') : text;
  });
}

function checkPart({ axis, start, end }: ArrayPart, shape: readonly number[], what: string): void {
  const length = shape[axis];
  const isWithin = length !== undefined && 0 <= start && start <= end && end <= length;
  if (isWithin && Number.isInteger(start) && Number.isInteger(end)) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `There are no indices ${start} to ${end} along axis ${axis} of ${what}, whose shape is ${shape.join(' x ')}.`,
  );
}

function at(path: string): string {
  return `cannot be read at ${absolute(path)}`;
}

/** The library's paths begin at the root and have no empty parts. */
function absolute(path: string): string {
  return `/${path.split('/').filter(Boolean).join('/')}`;
}

function attempt<Value>(name: string, what: string, job: () => Value): Value {
  try {
    return job();
  } catch (error) {
    if (error instanceof SimganError) throw error;
    throw new SimganError('INVALID_FILE', `${name} ${what}: ${(error as Error).message}`, { cause: error });
  }
}

const SIGNATURE = '\x89HDF\r\n\x1a\n';

/** HDF5 begins at byte 0 or, after a block of the user's, at 512, 1024, 2048 and so on. */
function checkSignature(source: ByteSource, name: string): void {
  const start = new Uint8Array(SIGNATURE.length);
  for (let at = 0; at + start.length <= source.size; at = at === 0 ? 512 : at * 2) {
    source.read(start, at);
    if (String.fromCharCode(...start) === SIGNATURE) return;
  }
  throw new SimganError('INVALID_FILE', `${name} is not an HDF5 file: it has no HDF5 signature.`);
}
