/** Reads ONNX models. */
import { create, fromBinary } from '@bufbuild/protobuf';
import { OnnxError } from '../errors.ts';
import { concatenate } from './concatenate.ts';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
} from './onnx_pb.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Weights, or integers such as sizes and axes. */
export interface StoredTensor {
  readonly shape: readonly number[];
  /** Row-major. Integers and booleans are stored as doubles; those beyond ±2^53 are rounded. */
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
  /** The node's name in the file; often empty. */
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, StoredAttribute>;
}

export interface StoredInput {
  readonly name: string;
  /** Dynamic sizes are `undefined`. Missing if the file declares no shape. */
  readonly shape?: readonly (number | undefined)[];
}

export interface StoredModel {
  /** Version of the standard operator set. */
  readonly opset: number;
  /** In topological order. */
  readonly nodes: readonly StoredNode[];
  /** By name. Each is converted on first use, because an import often uses a small part of a model. */
  readonly initializers: ReadonlyMap<string, () => StoredTensor>;
  /** Graph inputs without initializers. */
  readonly inputs: readonly StoredInput[];
  readonly outputs: readonly string[];
}

/**
 * Returns the bytes of an external data file, given its location as the model states it: a path relative to the model.
 */
export type ReadExternal = (location: string) => Uint8Array;

/** @throws OnnxError if the bytes are not an ONNX model. */
export function readModel(bytes: Uint8Array, readExternal?: ReadExternal): StoredModel {
  const { graph, opsetImport } = decodeModel(bytes);
  if (!graph) {
    throw new OnnxError('This is not an ONNX model: it has no graph. Pass the contents of an .onnx file.');
  }
  const opsets = opsetImport
    .filter(({ domain }) => ['', 'ai.onnx'].includes(domain))
    .map(({ version }) => Number(version));
  const initializers = new Map(
    graph.initializer.map((tensor) => {
      const { name } = tensor;
      return [name, once(() => readTensor(tensor, `The initializer ${name}`, readExternal))] as const;
    }),
  );
  return {
    opset: Math.max(0, ...opsets),
    nodes: graph.node.map((node) => readNode(node, readExternal)),
    initializers,
    inputs: graph.input.map(readInput).filter(({ name }) => !initializers.has(name)),
    outputs: graph.output.map(({ name }) => name),
  };
}

function decodeModel(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw new OnnxError(
      `This is not an ONNX model: decoding it as one fails (${(error as Error).message}). Check that the file was copied completely.`,
      { cause: error },
    );
  }
}

function readNode(
  { name, opType, domain, input, output, attribute }: NodeProto,
  readExternal: ReadExternal | undefined,
): StoredNode {
  const attributes = attribute.map((each) => [each.name, readAttribute(each, readExternal)] as const);
  return { name, opType, domain, inputs: input, outputs: output, attributes: new Map(attributes) };
}

function readAttribute(
  { name, type, f, i, s, t, floats, ints }: AttributeProto,
  readExternal: ReadExternal | undefined,
): StoredAttribute {
  switch (type) {
    case AttributeType.FLOAT:
      return { kind: 'float', value: f ?? 0 };
    case AttributeType.INT:
      return { kind: 'int', value: Number(i ?? 0) };
    case AttributeType.STRING:
      return { kind: 'string', value: readText(s ?? new Uint8Array(), `The attribute ${name}`) };
    case AttributeType.TENSOR: {
      const tensor = t ?? create(TensorProtoSchema);
      return { kind: 'tensor', value: readTensor(tensor, `The attribute ${name}`, readExternal) };
    }
    case AttributeType.FLOATS:
      return { kind: 'floats', value: floats };
    case AttributeType.INTS:
      return { kind: 'ints', value: ints.map(Number) };
    default:
      return { kind: 'other' };
  }
}

function readText(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new OnnxError(`${what} is not valid UTF-8. The file is damaged.`, { cause: error });
  }
}

function readInput({ name, type }: ValueInfoProto): StoredInput {
  const shape = type?.tensorType?.shape?.dim.map(({ value }) =>
    value.case === 'dimValue' ? Number(value.value) : undefined,
  );
  return shape ? { name, shape } : { name };
}

/** How elements of the supported types are stored in `raw_data`. */
const RAW = {
  [DataType.FLOAT]: { type: 'float32', width: 4, read: (view, at) => view.getFloat32(at, true) },
  [DataType.UINT8]: { type: 'uint8', width: 1, read: (view, at) => view.getUint8(at) },
  [DataType.INT8]: { type: 'int8', width: 1, read: (view, at) => view.getInt8(at) },
  [DataType.INT32]: { type: 'int32', width: 4, read: (view, at) => view.getInt32(at, true) },
  [DataType.INT64]: { type: 'int64', width: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  [DataType.BOOL]: { type: 'bool', width: 1, read: (view, at) => view.getUint8(at) },
  [DataType.FLOAT16]: { type: 'float16', width: 2, read: (view, at) => half(view.getUint16(at, true)) },
  [DataType.DOUBLE]: { type: 'float64', width: 8, read: (view, at) => view.getFloat64(at, true) },
} as const satisfies Record<number, RawElement>;

interface RawElement {
  readonly type: string;
  /** Bytes per element. */
  readonly width: number;
  read(view: DataView, at: number): number;
}

function readTensor(tensor: TensorProto, what: string, readExternal: ReadExternal | undefined): StoredTensor {
  const shape = tensor.dims.map(Number);
  if (shape.some((length) => !Number.isSafeInteger(length) || length < 0)) {
    throw new OnnxError(`${what} has the invalid shape [${shape}]. The file is damaged.`);
  }
  const length = shape.reduce((product, axis) => product * axis, 1);
  const { dataType } = tensor;
  if (!Object.hasOwn(RAW, dataType)) {
    const supported = Object.values(RAW).map(({ type }) => type);
    throw new OnnxError(
      `${what} has elements of the unsupported type ${dataType} (of TensorProto.DataType). Supported types are ${supported.join(', ')}. Convert the model to float32.`,
    );
  }
  const { type, width, read } = RAW[dataType as keyof typeof RAW];
  const values = storedValues(tensor, what, readExternal);
  const found = values instanceof Uint8Array ? values.length / width : values.length;
  if (found !== length) {
    throw new OnnxError(
      `${what} of shape [${shape}] needs ${length} values of type ${type} but has ${found}. The file is damaged.`,
    );
  }
  const data = type.startsWith('float') ? new Float32Array(length) : new Float64Array(length);
  if (values instanceof Uint8Array) {
    const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
    for (let i = 0; i < length; i++) data[i] = read(view, i * width);
  } else data.set(values);
  return { shape, data };
}

/** The elements in raw form, or as numbers where the file lists them one by one. */
function storedValues(
  tensor: TensorProto,
  what: string,
  readExternal: ReadExternal | undefined,
): Uint8Array | number[] {
  if (tensor.dataLocation === DataLocation.EXTERNAL) return externalBytes(tensor, what, readExternal);
  if (tensor.rawData) return tensor.rawData;
  switch (tensor.dataType) {
    case DataType.FLOAT:
      return concatenate(tensor.floatData);
    case DataType.DOUBLE:
      return concatenate(tensor.doubleData);
    case DataType.INT64:
      return tensor.int64Data.map(Number);
    case DataType.FLOAT16:
      return tensor.int32Data.map(half);
    default:
      return tensor.int32Data;
  }
}

function externalBytes(
  { externalData }: TensorProto,
  what: string,
  readExternal: ReadExternal | undefined,
): Uint8Array {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location') ?? '';
  if (!readExternal) {
    throw new OnnxError(
      `${what} is stored in another file, ${JSON.stringify(location)}. Pass readExternal to read it, or save the model as one file.`,
    );
  }
  const file = readExternal(location);
  const begin = Number(entries.get('offset') ?? 0);
  const length = Number(entries.get('length') ?? file.length - begin);
  if (!(Number.isSafeInteger(begin) && begin >= 0 && length >= 0 && begin + length <= file.length)) {
    throw new OnnxError(
      `${what} should be ${length} bytes at offset ${begin} of ${JSON.stringify(location)}, but that file has ${file.length} bytes. Check that it is the data file of this model.`,
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
