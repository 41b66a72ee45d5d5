/** Reads ONNX models. Field numbers are those of onnx.proto3 (https://github.com/onnx/onnx). */
import { OnnxError } from '../errors.ts';
import { ReceivedMessage } from './protobuf-reader.ts';

/** Values that stand in the file: weights, or whole numbers that say sizes and axes. */
export interface StoredTensor {
  readonly shape: readonly number[];
  /** Whole numbers and truth values are kept as doubles, of which none is used but small ones. */
  readonly data: Float32Array | Float64Array;
}

export type StoredAttribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'tensor'; readonly value: StoredTensor }
  | { readonly kind: 'other' };

export interface StoredNode {
  /** As the file calls it; often empty. */
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, StoredAttribute>;
}

export interface StoredInput {
  readonly name: string;
  /** A size that is not fixed is `undefined`; no shape at all where the file says none. */
  readonly shape?: readonly (number | undefined)[];
}

export interface StoredModel {
  /** Version of the standard operators. */
  readonly opset: number;
  /** In an order in which each comes after those it needs. */
  readonly nodes: readonly StoredNode[];
  /** By name; read when asked for, because models hold far more than is used of them. */
  readonly initializers: ReadonlyMap<string, () => StoredTensor>;
  /** Those that are not initializers. */
  readonly inputs: readonly StoredInput[];
  readonly outputs: readonly string[];
}

/** Gives the bytes of a file that the model names beside itself. */
export type ReadExternal = (location: string) => Uint8Array;

/** @throws OnnxError if the bytes are not an ONNX model. */
export function readModel(bytes: Uint8Array, readExternal?: ReadExternal): StoredModel {
  const model = new ReceivedMessage(bytes);
  const graph = model.message(7);
  if (!graph) {
    throw new OnnxError('This is not an ONNX model: it holds no graph. Give the path of an .onnx file.');
  }
  const opset = model
    .messages(8)
    .filter((entry) => ['', 'ai.onnx'].includes(entry.string(1)))
    .map((entry) => entry.int(2) ?? 0);
  const initializers = new Map(
    graph.messages(5).map((tensor) => {
      const name = tensor.string(8);
      return [name, once(() => readTensor(tensor, `The initializer ${name}`, readExternal))] as const;
    }),
  );
  return {
    opset: Math.max(0, ...opset),
    nodes: graph.messages(1).map((node) => readNode(node, readExternal)),
    initializers,
    inputs: graph
      .messages(11)
      .map(readInput)
      .filter(({ name }) => !initializers.has(name)),
    outputs: graph.messages(12).map((output) => output.string(1)),
  };
}

function readNode(node: ReceivedMessage, readExternal: ReadExternal | undefined): StoredNode {
  const attributes = node
    .messages(5)
    .map((attribute) => [attribute.string(1), readAttribute(attribute, readExternal)] as const);
  return {
    name: node.string(3),
    opType: node.string(4),
    domain: node.string(7),
    inputs: node.strings(1),
    outputs: node.strings(2),
    attributes: new Map(attributes),
  };
}

function readAttribute(attribute: ReceivedMessage, readExternal: ReadExternal | undefined): StoredAttribute {
  switch (attribute.int(20)) {
    case 1:
      return { kind: 'float', value: attribute.floats(2)[0] ?? 0 };
    case 2:
      return { kind: 'int', value: attribute.int(3) ?? 0 };
    case 3:
      return { kind: 'string', value: attribute.string(4) };
    case 4: {
      const tensor = attribute.message(5) ?? new ReceivedMessage(new Uint8Array());
      const name = `The attribute ${attribute.string(1)}`;
      return { kind: 'tensor', value: readTensor(tensor, name, readExternal) };
    }
    case 6:
      return { kind: 'floats', value: [...attribute.floats(7)] };
    case 7:
      return { kind: 'ints', value: attribute.ints(8) };
    default:
      return { kind: 'other' };
  }
}

function readInput(input: ReceivedMessage): StoredInput {
  const name = input.string(1);
  const shape = input
    .message(2)
    ?.message(1)
    ?.message(2)
    ?.messages(1)
    .map((dimension) => (dimension.has(1) ? dimension.int(1) : undefined));
  return shape ? { name, shape } : { name };
}

/** How the elements of each `TensorProto.DataType` that is read lie in `raw_data`. */
const RAW = {
  1: { type: 'float32', width: 4, read: (view: DataView, at: number) => view.getFloat32(at, true) },
  2: { type: 'uint8', width: 1, read: (view: DataView, at: number) => view.getUint8(at) },
  3: { type: 'int8', width: 1, read: (view: DataView, at: number) => view.getInt8(at) },
  6: { type: 'int32', width: 4, read: (view: DataView, at: number) => view.getInt32(at, true) },
  7: { type: 'int64', width: 8, read: (view: DataView, at: number) => Number(view.getBigInt64(at, true)) },
  9: { type: 'bool', width: 1, read: (view: DataView, at: number) => view.getUint8(at) },
  10: { type: 'float16', width: 2, read: (view: DataView, at: number) => half(view.getUint16(at, true)) },
  11: { type: 'float64', width: 8, read: (view: DataView, at: number) => view.getFloat64(at, true) },
} as const;

function readTensor(
  tensor: ReceivedMessage,
  what: string,
  readExternal: ReadExternal | undefined,
): StoredTensor {
  const shape = tensor.ints(1);
  if (shape.some((length) => !Number.isSafeInteger(length) || length < 0)) {
    throw new OnnxError(`${what} has the impossible shape [${shape}].`);
  }
  const length = shape.reduce((product, axis) => product * axis, 1);
  const number = tensor.int(2) ?? 0;
  if (!Object.hasOwn(RAW, number)) {
    const known = Object.values(RAW).map(({ type }) => type);
    throw new OnnxError(
      `${what} has elements of the type ${number} of TensorProto.DataType; ${known.join(', ')} are read. Convert the model to float32.`,
    );
  }
  const { type, width, read } = RAW[number as keyof typeof RAW];
  const isReal = type.startsWith('float');
  const raw = tensor.int(14) === 1 ? externalBytes(tensor, what, readExternal) : tensor.bytes(9);
  const listed = (): ArrayLike<number> => {
    if (type === 'float32') return tensor.floats(4);
    if (type === 'float64') return tensor.doubles(10);
    if (type === 'int64') return tensor.ints(7);
    return type === 'float16' ? tensor.ints(5).map(half) : tensor.ints(5);
  };
  const found = raw ? raw.length / width : listed().length;
  if (found !== length) {
    throw new OnnxError(
      `${what} of shape [${shape}] takes ${length} values of ${type} and holds ${found}. The file is damaged.`,
    );
  }
  if (!raw) return { shape, data: isReal ? Float32Array.from(listed()) : Float64Array.from(listed()) };
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const data = isReal ? new Float32Array(length) : new Float64Array(length);
  for (let i = 0; i < length; i++) data[i] = read(view, i * width);
  return { shape, data };
}

function externalBytes(
  tensor: ReceivedMessage,
  what: string,
  readExternal: ReadExternal | undefined,
): Uint8Array {
  const entries = new Map(tensor.messages(13).map((entry) => [entry.string(1), entry.string(2)]));
  const location = entries.get('location') ?? '';
  if (!readExternal) {
    throw new OnnxError(
      `${what} lies in another file, ${JSON.stringify(location)}, and how to read that was not said. Pass readExternal, or save the model as one file.`,
    );
  }
  const file = readExternal(location);
  const begin = Number(entries.get('offset') ?? 0);
  const length = Number(entries.get('length') ?? file.length - begin);
  if (!(Number.isSafeInteger(begin) && begin >= 0 && length >= 0 && begin + length <= file.length)) {
    throw new OnnxError(
      `${what} should be the ${length} bytes from byte ${begin} of ${JSON.stringify(location)}, which has ${file.length}. The files do not belong together.`,
    );
  }
  return file.subarray(begin, begin + length);
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function once<Result>(compute: () => Result): () => Result {
  let known: { result: Result } | undefined;
  return () => {
    known ??= { result: compute() };
    return known.result;
  };
}
