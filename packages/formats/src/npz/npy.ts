/** @file NumPy's arrays (`.npy`, NEP 1): a header in Python's syntax, and numbers. */
import { SimganError } from '@simgan/core';
import { float16Value } from '../hdf5/float16.ts';

/** An array of numbers, row by row. */
export interface NpyArray {
  readonly shape: readonly number[];
  /** NumPy's name without byte order, such as `u1`, `f4`, `i8`. */
  readonly dtype: string;
  readonly data:
    | Uint8Array
    | Int8Array
    | Uint16Array
    | Int16Array
    | Uint32Array
    | Int32Array
    | Float32Array
    | Float64Array
    | BigInt64Array
    | BigUint64Array;
}

const kinds = {
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  u8: BigUint64Array,
  i8: BigInt64Array,
  f2: Uint16Array,
  f4: Float32Array,
  f8: Float64Array,
  b1: Uint8Array,
} as const;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const LONGEST_HEADER = 65_536;

/** @throws SimganError INVALID_FILE if bytes are no array of numbers, in C's order and this machine's byte order. */
export function readNpy(bytes: Uint8Array, place: string): NpyArray {
  const fail = (problem: string) => new SimganError('INVALID_FILE', `${place} cannot be read: ${problem}.`);
  if (bytes.length < 12 || !MAGIC.every((byte, index) => bytes[index] === byte))
    throw fail('it is no NumPy array');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLong = bytes[6]! >= 2;
  const start = isLong ? 12 : 10;
  const length = isLong ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > LONGEST_HEADER || start + length > bytes.length) throw fail('its header is cut off');
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));
  const descr = /'descr':\s*'([<>|=]?)([a-zA-Z]\d+)'/.exec(header);
  const shapeText = /'shape':\s*\(([\d,\sL]*)\)/.exec(header)?.[1];
  if (!descr || shapeText === undefined) throw fail('its type is not one of numbers');
  if (/'fortran_order':\s*True/.test(header))
    throw fail("it is stored in Fortran's order; save it with numpy.ascontiguousarray");
  const [, order, dtype] = descr as unknown as [string, string, string];
  if (order === '>') throw fail('it is big-endian; save it in little-endian order');
  if (!Object.hasOwn(kinds, dtype))
    throw fail(
      `its type ${dtype} is not read: integers of 8 to 64 bits, floats of 16 to 64 and booleans are`,
    );
  const Kind = kinds[dtype as keyof typeof kinds];
  const shape = shapeText
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => Number.parseInt(part, 10));
  const count = shape.reduce((product, one) => product * one, 1);
  const content = bytes.subarray(start + length);
  if (!Number.isSafeInteger(count) || count * Kind.BYTES_PER_ELEMENT > content.length) {
    throw fail(
      `it is cut off: ${shape.join(' x ')} values of ${dtype} do not fit into ${content.length} bytes`,
    );
  }
  // A copy of its own: a slice of Node's buffers is none.
  const aligned = new Uint8Array(content.subarray(0, count * Kind.BYTES_PER_ELEMENT));
  const data = new Kind(aligned.buffer, 0, count);
  // NumPy's halves are all numbers of float32.
  return {
    shape,
    dtype,
    data: dtype === 'f2' ? Float32Array.from(data as Uint16Array, float16Value) : data,
  };
}
