/**
 * @file MATLAB's MAT-files of level 5 (`save -v6`, `-v7`), after MathWorks' "MAT-File Format". Files of v7.3 are
 * HDF5 and begin with the same kind of header; see {@link isMat73}.
 */
import { SimganError } from '@simgan/core';

/** Numbers, column-major: the first index runs fastest. */
export interface MatArray {
  readonly kind: 'array';
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** A row of characters; the rows of a character matrix are joined by line feeds, without trailing spaces. */
export interface MatText {
  readonly kind: 'text';
  readonly text: string;
}

/** A struct or array of structs; each field has one value for each element, column-major. */
export interface MatStruct {
  readonly kind: 'struct';
  readonly shape: readonly number[];
  readonly fields: ReadonlyMap<string, readonly MatValue[]>;
}

/** A cell array, column-major. */
export interface MatCells {
  readonly kind: 'cells';
  readonly shape: readonly number[];
  readonly cells: readonly MatValue[];
}

/** A variable of a kind that is not read: complex numbers, objects, function handles, sparse matrices. */
export interface MatOther {
  readonly kind: 'other';
}

/** A variable of a MAT-file. */
export type MatValue = MatArray | MatText | MatStruct | MatCells | MatOther;

/** The header's length, bytes; HDF5 data of v7.3 begins at 512. */
const HEADER = 128;
/** Compressed data of a few kilobytes can expand to fill any memory. */
const MOST_BYTES = 2 ** 30;
/** Limits that no real file comes near: MATLAB's own names have 63 characters at most. */
const DEEPEST = 32;
const MOST_NAME = 1024;
const MOST_AXES = 64;
const MOST_VALUES = 2 ** 22;
const MOST_CHARACTERS = 2 ** 24;

const type = { int8: 1, uint8: 2, int16: 3, uint16: 4, int32: 5, uint32: 6, single: 7, double: 9 } as const;
const TYPE_INT64 = 12;
const TYPE_UINT64 = 13;
const TYPE_MATRIX = 14;
const TYPE_COMPRESSED = 15;
const TYPE_UTF8 = 16;
const TYPE_UTF16 = 17;
const TYPE_UTF32 = 18;

const CLASS_CELL = 1;
const CLASS_STRUCT = 2;
const CLASS_CHAR = 4;
const CLASS_DOUBLE = 6;
const CLASS_UINT64 = 15;

/** Whether a MAT-file is of v7.3, which is HDF5 after a header of MATLAB's: {@link hdf5} reads it. */
export function isMat73(bytes: Uint8Array): boolean {
  return headerText(bytes).startsWith('MATLAB 7.3 MAT-file');
}

/**
 * The variables of a MAT-file of level 5, compressed or not, of either byte order. A file may expand to 1 GiB and
 * hold 4 million values (variables, cells, fields) of which a text has 16 million characters at most; structs and cells
 * may be nested 32 deep, and names have 1024 bytes.
 *
 * @param name - what the file is called in errors.
 * @throws SimganError INVALID_FILE saying what is wrong and at which byte.
 * @example
 * ```ts no-run
 * const variables = await readMatFile(await folder.read('joint_data.mat'), 'joint_data.mat');
 * const joints = variables.get('joint_uvd');
 * if (joints?.kind === 'array') console.log(joints.shape, joints.data);
 * ```
 */
export async function readMatFile(bytes: Uint8Array, name: string): Promise<Map<string, MatValue>> {
  const fail = failing(name);
  if (bytes.length < HEADER) throw fail(`it has ${bytes.length} bytes, fewer than its header`);
  const mark = String.fromCharCode(bytes[126]!, bytes[127]!);
  if (mark !== 'IM' && mark !== 'MI') {
    throw fail(
      'its header has no byte order, so it is not a MAT-file or of level 4 (save it again with -v7)',
    );
  }
  if (isMat73(bytes)) throw fail('it is of version 7.3, which is HDF5');
  const isLittle = mark === 'IM';

  const variables = new Map<string, MatValue>();
  const source: Source = { isLittle, fail, values: 0 };
  let budget = MOST_BYTES;
  const reader = new Reader(bytes, isLittle, fail);
  reader.at = HEADER;
  while (reader.at < bytes.length) {
    // MATLAB writes no padding between variables, some other writers do.
    if (bytes.length - reader.at < 8) break;
    const element = reader.element();
    if (element.type === TYPE_COMPRESSED) {
      const inflated = await inflate(element.bytes, budget, fail);
      budget -= inflated.length;
      const inner = new Reader(inflated, isLittle, fail).element();
      if (inner.type === TYPE_MATRIX) addVariable(variables, inner.bytes, source);
    } else if (element.type === TYPE_MATRIX) addVariable(variables, element.bytes, source);
  }
  return variables;
}

type Fail = (what: string) => SimganError;

function failing(name: string): Fail {
  return (what) =>
    new SimganError('INVALID_FILE', `${name} cannot be read as a MAT-file of level 5: ${what}.`);
}

/** What holds for all of a file, and how many values it has had so far. */
interface Source {
  readonly isLittle: boolean;
  readonly fail: Fail;
  values: number;
}

function addVariable(variables: Map<string, MatValue>, bytes: Uint8Array, source: Source): void {
  const { name, value } = readMatrix(bytes, source, 0);
  // MATLAB hides its own tables of objects under an empty name.
  if (name !== '') variables.set(name, value);
}

interface Element {
  readonly type: number;
  readonly bytes: Uint8Array;
}

class Reader {
  at = 0;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #isLittle: boolean;
  readonly #fail: Fail;

  constructor(bytes: Uint8Array, isLittle: boolean, fail: Fail) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isLittle = isLittle;
    this.#fail = fail;
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  element(): Element {
    const start = this.at;
    if (start + 8 > this.bytes.length) throw this.#fail(`it is cut off at byte ${start}`);
    const word = this.view.getUint32(start, this.#isLittle);
    // Up to four bytes of data are within the tag itself: size in the upper half of the word, type in the lower.
    const isSmall = word >>> 16 !== 0;
    const type = isSmall ? word & 0xffff : word;
    const size = isSmall ? word >>> 16 : this.view.getUint32(start + 4, this.#isLittle);
    const from = start + (isSmall ? 4 : 8);
    if ((isSmall && size > 4) || from + size > this.bytes.length) {
      throw this.#fail(
        `an element at byte ${start} claims ${size} bytes and ${this.bytes.length - from} are left`,
      );
    }
    // Everything but compressed variables ends at a multiple of eight.
    const end = from + size;
    this.at = isSmall ? start + 8 : type === TYPE_COMPRESSED ? end : Math.ceil((end - start) / 8) * 8 + start;
    return { type, bytes: this.bytes.subarray(from, end) };
  }

  numbers(what: string): ArrayLike<number> {
    const { type, bytes } = this.element();
    return numbersOf(type, bytes, this.#isLittle) ?? this.#stop(`${what} is stored as type ${type}`);
  }

  name(what: string): string {
    const { bytes } = this.element();
    if (bytes.length > MOST_NAME) {
      this.#stop(`${what} has ${bytes.length} bytes, and at most ${MOST_NAME} are read`);
    }
    return String.fromCharCode(...bytes);
  }

  #stop(what: string): never {
    throw this.#fail(what);
  }
}

function readMatrix(bytes: Uint8Array, source: Source, depth: number): { name: string; value: MatValue } {
  const { isLittle, fail } = source;
  if (++source.values > MOST_VALUES) throw fail(`it has more than ${MOST_VALUES} values`);
  if (depth > DEEPEST) throw fail(`its structs and cells lie more than ${DEEPEST} deep`);
  // Empty cells and fields are matrices without content.
  if (bytes.length === 0) return { name: '', value: { kind: 'array', shape: [0, 0], data: [] } };
  const reader = new Reader(bytes, isLittle, fail);
  const flags = reader.numbers('the flags of a variable');
  const kind = (flags[0] ?? 0) & 0xff;
  const isComplex = ((flags[0] ?? 0) & 0x0800) !== 0;
  if (kind === 0 || kind > CLASS_UINT64) return { name: '', value: { kind: 'other' } };
  const sides = reader.numbers('the size of a variable');
  if (sides.length > MOST_AXES)
    throw fail(`a variable has ${sides.length} axes, and at most ${MOST_AXES} are read`);
  const shape = Array.from(sides);
  const name = reader.name('the name of a variable');
  const count = shape.reduce((product, length) => product * length, 1);
  if (!shape.every((length) => Number.isInteger(length) && length >= 0)) {
    throw fail(`the size of ${name || 'a variable'} is ${shape.join(' x ')}`);
  }
  const children = (): MatValue => {
    const element = reader.element();
    if (element.type !== TYPE_MATRIX) throw fail(`${name || 'a cell'} holds an element that is no variable`);
    return readMatrix(element.bytes, source, depth + 1).value;
  };
  // A damaged size must not make a loop of billions: each child takes eight bytes at least.
  const checkCount = (wanted: number) => {
    if (wanted * 8 > bytes.length) throw fail(`${name || 'a variable'} claims ${wanted} parts`);
    if (source.values + wanted > MOST_VALUES) throw fail(`it has more than ${MOST_VALUES} values`);
  };

  if (kind === CLASS_CELL) {
    checkCount(count);
    return { name, value: { kind: 'cells', shape, cells: Array.from({ length: count }, children) } };
  }
  if (kind === CLASS_STRUCT) {
    const names = fieldNames(reader, fail);
    checkCount(count * names.length);
    const fields = new Map<string, MatValue[]>(names.map((field) => [field, []]));
    // The loop must not run billions of times for elements without fields.
    const elements = names.length === 0 ? 0 : count;
    for (let i = 0; i < elements; i++) for (const field of names) fields.get(field)!.push(children());
    return { name, value: { kind: 'struct', shape, fields } };
  }
  if (kind === CLASS_CHAR) {
    const element = reader.isAtEnd ? { type: TYPE_UTF8, bytes: new Uint8Array() } : reader.element();
    return { name, value: { kind: 'text', text: textOf(element, shape, isLittle, fail) } };
  }
  if (kind >= CLASS_DOUBLE) {
    const data = count === 0 && reader.isAtEnd ? [] : reader.numbers(name || 'a field');
    if (data.length !== count) {
      throw fail(
        `${name || 'a field'} is ${shape.join(' x ')} and holds ${data.length} numbers, not ${count}`,
      );
    }
    return { name, value: isComplex ? { kind: 'other' } : { kind: 'array', shape, data } };
  }
  return { name, value: { kind: 'other' } };
}

/** The names of a struct's fields, which are padded with zeros to one length. */
function fieldNames(reader: Reader, fail: Fail): string[] {
  const length = reader.numbers('the length of field names')[0] ?? 0;
  if (!(Number.isInteger(length) && length >= 0 && length <= MOST_NAME)) {
    throw fail(`the names of fields have ${length} bytes, and at most ${MOST_NAME} are read`);
  }
  const { bytes } = reader.element();
  if (length === 0) return [];
  if (bytes.length > MOST_VALUES * length) throw fail(`a struct has more than ${MOST_VALUES} fields`);
  const names: string[] = [];
  for (let at = 0; at + length <= bytes.length; at += length) {
    names.push(String.fromCharCode(...bytes.subarray(at, at + length)).replace(/\0.*$/s, ''));
  }
  return names;
}

/** The rows of a character matrix, which is stored column by column. */
function textOf({ type, bytes }: Element, shape: readonly number[], isLittle: boolean, fail: Fail): string {
  if (bytes.length > 4 * MOST_CHARACTERS) throw fail(`a text has more than ${MOST_CHARACTERS} characters`);
  const decoded =
    type === TYPE_UTF8
      ? new TextDecoder().decode(bytes)
      : textOfCodes(numbersOf(type, bytes, isLittle) ?? []);
  const rows = shape[0] ?? 0;
  if (rows <= 1 || decoded === '') return decoded;
  const columns = Math.ceil(decoded.length / rows);
  if (rows > decoded.length) throw fail(`a text claims ${rows} rows and has ${decoded.length} characters`);
  const row = (index: number) =>
    Array.from({ length: columns }, (_, column) => decoded[index + column * rows] ?? '').join('');
  return Array.from({ length: rows }, (_, index) => row(index).trimEnd()).join('\n');
}

/** A text of 16-bit codes; in parts, because a call takes a limited number of arguments. */
function textOfCodes(codes: ArrayLike<number>): string {
  const parts: string[] = [];
  for (let at = 0; at < codes.length; at += 4096) {
    const length = Math.min(4096, codes.length - at);
    parts.push(String.fromCharCode(...Array.from({ length }, (_, i) => codes[at + i]!)));
  }
  return parts.join('');
}

/** The numbers of an element, whatever type MATLAB chose to store them in; `undefined` if they are none. */
function numbersOf(kind: number, bytes: Uint8Array, isLittle: boolean): ArrayLike<number> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const each = <Numbers extends { [index: number]: number; readonly length: number }>(
    numbers: Numbers,
    width: number,
    get: (at: number) => number,
  ): Numbers => {
    for (let i = 0; i < numbers.length; i++) numbers[i] = get(i * width);
    return numbers;
  };
  const count = (width: number) => Math.floor(bytes.length / width);
  switch (kind) {
    case type.int8:
      return new Int8Array(bytes);
    case type.uint8:
      // A copy: a view would keep the whole file in memory.
      return bytes.slice();
    case type.int16:
      return each(new Int16Array(count(2)), 2, (at) => view.getInt16(at, isLittle));
    case type.uint16:
    case TYPE_UTF16:
      return each(new Uint16Array(count(2)), 2, (at) => view.getUint16(at, isLittle));
    case type.int32:
      return each(new Int32Array(count(4)), 4, (at) => view.getInt32(at, isLittle));
    case type.uint32:
    case TYPE_UTF32:
      return each(new Uint32Array(count(4)), 4, (at) => view.getUint32(at, isLittle));
    case type.single:
      return each(new Float32Array(count(4)), 4, (at) => view.getFloat32(at, isLittle));
    case type.double:
      return each(new Float64Array(count(8)), 8, (at) => view.getFloat64(at, isLittle));
    case TYPE_INT64:
      return each(new Float64Array(count(8)), 8, (at) => Number(view.getBigInt64(at, isLittle)));
    case TYPE_UINT64:
      return each(new Float64Array(count(8)), 8, (at) => Number(view.getBigUint64(at, isLittle)));
    default:
      return undefined;
  }
}

async function inflate(bytes: Uint8Array, most: number, fail: Fail): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
    for await (const part of source.pipeThrough(new DecompressionStream('deflate'))) {
      length += part.length;
      if (length > most) throw fail(`it expands to more than ${MOST_BYTES / 2 ** 20} MiB`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof SimganError) throw error;
    throw fail(`a compressed variable is damaged (${(error as Error).message})`);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function headerText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 116));
}
