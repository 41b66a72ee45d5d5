/**
 * @file Named arrays in one file, in Hugging Face's safetensors format: the header's length as 64 bits little
 * endian, the header as JSON, then the arrays' bytes, little endian, without gaps.
 */
import { SimganError } from './errors.ts';

const arrays = { F32: Float32Array, I32: Int32Array, U16: Uint16Array, U8: Uint8Array } as const;

/** The supported value types, a subset of the format's. */
export type SafetensorsType = keyof typeof arrays;

/** An array with its shape, row-major. */
export interface NamedArray {
  readonly data: Float32Array | Int32Array | Uint16Array | Uint8Array;
  readonly shape: readonly number[];
}

/** The content of a safetensors file. */
export interface Safetensors {
  /** In the file's order. */
  readonly tensors: Readonly<Record<string, NamedArray>>;
  /** The file's metadata; the format allows strings only. */
  readonly metadata: Readonly<Record<string, string>>;
}

const lengthBytes = 8;
// The limit of the reference implementation: a longer header is an attack or not a header.
const longestHeader = 100_000_000;
const mostAxes = 64;
const metadataKey = '__metadata__';

/**
 * Writes a safetensors file. Arrays are written in the given order, so the same content gives the same bytes.
 *
 * @throws SimganError INVALID_ARGUMENT if an array does not fill its shape or has a reserved name.
 */
export function writeSafetensors({ tensors, metadata }: Safetensors): Uint8Array {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header[metadataKey] = metadata;
  let end = 0;
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    if (name === metadataKey) {
      throw new SimganError(
        'INVALID_ARGUMENT',
        `An array cannot be called ${metadataKey}: the format uses that name.`,
      );
    }
    if (data.length !== sizeOf(shape)) {
      throw new SimganError(
        'INVALID_ARGUMENT',
        `The array ${name} has ${data.length} values, which do not fill its shape [${shape}].`,
      );
    }
    header[name] = { dtype: typeOf(data), shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Padding with spaces aligns the data to a multiple of 8, so that readers may memory-map it.
  const headerLength = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(lengthBytes + headerLength + end);
  const view = new DataView(file.buffer);
  view.setBigUint64(0, BigInt(headerLength), true);
  file.fill(0x20, lengthBytes, lengthBytes + headerLength);
  file.set(text, lengthBytes);
  let offset = lengthBytes + headerLength;
  for (const { data } of Object.values(tensors)) {
    file.set(littleEndian(data), offset);
    offset += data.byteLength;
  }
  return file;
}

/**
 * Reads a safetensors file. Everything is checked before anything is trusted: lengths, types, shapes, and that
 * the arrays fill the data without overlap or gap.
 *
 * @throws SimganError INVALID_FILE saying what is wrong with the bytes.
 */
export function readSafetensors(file: Uint8Array): Safetensors {
  const { header, dataStart } = readHeader(file);
  const { [metadataKey]: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw invalid(`its ${metadataKey} has values that are not strings`);
  }
  const places = Object.entries(entries).map(([name, entry]) => ({
    name,
    ...readEntry(shortened(name), entry),
  }));
  let end = 0;
  for (const { name, begin, end: next } of [...places].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== end)
      throw invalid(`its array ${shortened(name)} begins at byte ${begin} of the data and not at ${end}`);
    end = next;
  }
  const available = file.length - dataStart;
  if (end > available) {
    throw invalid(`it is cut off: its arrays take ${end} bytes and it has ${available}`);
  }
  if (end < available) throw invalid(`${available - end} bytes follow its last array`);

  const tensors: Record<string, NamedArray> = Object.create(null);
  for (const { name, type, shape, begin, end } of places) {
    tensors[name] = { shape, data: fromLittleEndian(type, file.slice(dataStart + begin, dataStart + end)) };
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

function readHeader(file: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (file.length < lengthBytes)
    throw invalid(`it has ${file.length} bytes, fewer than its header's length takes`);
  const announced = new DataView(file.buffer, file.byteOffset, file.byteLength).getBigUint64(0, true);
  if (announced > BigInt(longestHeader)) throw invalid(`its header claims ${announced} bytes`);
  const dataStart = lengthBytes + Number(announced);
  if (dataStart > file.length) {
    throw invalid(`it is cut off within its header, which should have ${announced} bytes`);
  }
  let header: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(lengthBytes, dataStart));
    header = JSON.parse(text);
  } catch (error) {
    throw invalid('its header is not JSON', error);
  }
  if (!isRecord(header)) throw invalid('its header is not a JSON object');
  return { header, dataStart };
}

function readEntry(name: string, entry: unknown) {
  if (!isRecord(entry)) throw invalid(`its array ${name} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(arrays, dtype)) {
    const type = typeof dtype === 'string' ? `type ${shortened(dtype)}` : 'no type';
    throw invalid(
      `its array ${name} is of ${type}; the supported types are ${Object.keys(arrays).join(', ')}`,
    );
  }
  const type = dtype as SafetensorsType;
  if (!isCounts(shape) || shape.length > mostAxes) throw invalid(`its array ${name} has no valid shape`);
  if (!isCounts(offsets) || offsets.length !== 2)
    throw invalid(`its array ${name} has no valid data_offsets`);
  const [begin, end] = offsets as [number, number];
  const bytes = sizeOf(shape) * arrays[type].BYTES_PER_ELEMENT;
  if (end - begin !== bytes) {
    throw invalid(`its array ${name} of shape [${shape}] takes ${bytes} bytes and has ${end - begin}`);
  }
  return { type, shape, begin, end };
}

/** A text of the file for a message: it may be as long as the file. */
function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

function typeOf(data: NamedArray['data']): SafetensorsType {
  const types = Object.keys(arrays) as SafetensorsType[];
  return types.find((type) => data instanceof arrays[type])!;
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function littleEndian(data: NamedArray['data']): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return isLittleEndian ? bytes : reversed(bytes, data.BYTES_PER_ELEMENT);
}

/** `bytes` must be a copy: its buffer becomes the array's. */
function fromLittleEndian(type: SafetensorsType, bytes: Uint8Array): NamedArray['data'] {
  const Values = arrays[type];
  const ordered = isLittleEndian ? bytes : reversed(bytes, Values.BYTES_PER_ELEMENT);
  return new Values(
    ordered.buffer as ArrayBuffer,
    ordered.byteOffset,
    ordered.length / Values.BYTES_PER_ELEMENT,
  );
}

function reversed(bytes: Uint8Array, size: number): Uint8Array {
  const result = bytes.slice();
  for (let i = 0; i < result.length; i += size) result.subarray(i, i + size).reverse();
  return result;
}

function invalid(why: string, cause?: unknown): SimganError {
  return new SimganError('INVALID_FILE', `This is not a valid safetensors file: ${why}.`, { cause });
}
