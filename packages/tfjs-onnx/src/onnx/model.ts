/** Builds and writes ONNX models. */
import {
  create,
  type DescField,
  type DescMessage,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ElementType, Attribute as ValueAttribute } from '@simgan/tfjs-trace/graph';
import { concatenate, totalLength } from './concatenate.ts';
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  TensorProtoSchema,
  type ValueInfoProtoSchema,
} from './onnx_pb.ts';

export type Attribute = ValueAttribute | Body;
export type Attributes = Readonly<Record<string, Attribute>>;

/** A tensor's name and element type. */
export interface Typed {
  readonly name: string;
  readonly dtype: ElementType;
}

export interface TensorType extends Typed {
  /** Sizes; a string is the name of a dynamic size. */
  readonly shape: readonly (number | string)[];
}

/** A constant tensor stored in the model. */
export interface Initializer {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  /** Row-major, little-endian elements. */
  readonly bytes: Uint8Array;
}

export interface Node {
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** A subgraph of a node. Besides `inputs`, its nodes may read values computed earlier in the outer graph. */
export interface Body {
  readonly nodes: readonly Node[];
  readonly inputs: readonly TensorType[];
  /** Without shapes, which runtimes infer from the nodes. */
  readonly outputs: readonly Typed[];
}

/** Version of the standard operator set. */
export const OPSET = 17;
const IR_VERSION = 8n;
const utf8 = new TextEncoder();
/** The `TensorProto.DataType` of each element type. */
export const ELEMENT_TYPES = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
} as const satisfies Record<ElementType, DataType>;

/** A model under construction. Identical nodes, and identical small constants, are created once and shared. */
export class OnnxModel {
  readonly nodes: Node[] = [];
  readonly initializers: Initializer[] = [];
  readonly inputs: TensorType[] = [];
  readonly outputs: TensorType[] = [];
  #known = new Map<string, string[]>();
  #count = 0;
  /** The body that {@link scan} is building, and the names that exist only in it. */
  #body: { readonly nodes: Node[]; readonly names: Set<string> } | undefined;

  input(name: string, dtype: ElementType, shape: readonly number[]): string {
    this.inputs.push({ name, dtype, shape });
    return name;
  }

  /** Declares `value` as the model output `name`. */
  output(name: string, value: string, dtype: ElementType, shape: readonly number[]): void {
    this.nodes.push({ opType: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: {} });
    this.outputs.push({ name, dtype, shape });
  }

  /** Adds a node and returns the name of its first output. An input of `''` is an absent optional one. */
  node(opType: string, inputs: readonly string[], attributes: Attributes = {}, domain = ''): string {
    return this.multiple(opType, inputs, attributes, 1, domain)[0]!;
  }

  /** Like {@link node}, for operators with several outputs. */
  multiple(
    opType: string,
    inputs: readonly string[],
    attributes: Attributes,
    outputs: number,
    domain = '',
  ): string[] {
    const key = JSON.stringify([domain, opType, inputs, attributes, outputs], exact);
    let names = this.#known.get(key);
    if (!names) {
      names = Array.from({ length: outputs }, () => this.#fresh());
      this.#add({ opType, domain, inputs: trimmed(inputs), outputs: names, attributes });
      this.#known.set(key, names);
    }
    return names;
  }

  /**
   * Adds a Scan: applies the nodes that `build` adds to each slice of the inputs along their first axis, and stacks the
   * results. The shapes of `inputs` are those of their slices. Values that do not depend on a slice are computed once,
   * outside the body. Scans cannot be nested.
   */
  scan(inputs: readonly TensorType[], build: (slices: readonly string[]) => string): string {
    const slices = inputs.map((input) => ({ ...input, name: this.#fresh() }));
    const names = slices.map(({ name }) => name);
    const nodes: Node[] = [];
    this.#body = { nodes, names: new Set(names) };
    const outputs = [{ name: build(names), dtype: 'float32' } as const];
    this.#body = undefined;
    const attributes = { body: { nodes, inputs: slices, outputs }, num_scan_inputs: inputs.length };
    return this.node(
      'Scan',
      inputs.map(({ name }) => name),
      attributes,
    );
  }

  int64(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.constant('int64', BigInt64Array.from(values, BigInt), shape);
  }

  /** A constant that is expensive to build and often needed again; equal keys must mean equal contents. */
  shared(key: string, build: () => string): string {
    const known = this.#known.get(key)?.[0] ?? build();
    this.#known.set(key, [known]);
    return known;
  }

  int32(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.constant('int32', Int32Array.from(values), shape);
  }

  float32(values: ArrayLike<number>, shape: readonly number[]): string {
    return this.constant('float32', Float32Array.from(values), shape);
  }

  constant(dtype: ElementType, data: ArrayBufferView, shape: readonly number[]): string {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = bytes.length <= 4096 ? `${dtype} ${shape} ${bytes}` : undefined;
    const known = key === undefined ? undefined : this.#known.get(key)?.[0];
    if (known !== undefined) return known;
    const name = this.#fresh();
    this.initializers.push({ name, dtype, shape, bytes });
    if (key !== undefined) this.#known.set(key, [name]);
    return name;
  }

  /**
   * The model as an ONNX file. The same model and metadata give the same bytes.
   *
   * Fields are encoded piece by piece in the order of their numbers, as the encoding of a message is the concatenation
   * of its fields: weights are copied once, straight into the result.
   */
  serialize(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    const { graph } = ModelProtoSchema.field;
    const domains = new Map([...domainsOf(this.nodes).add('')].map((d) => [d, d ? 1 : OPSET]));
    return concatenate([
      encoded(ModelProtoSchema, { irVersion: IR_VERSION, producerName: '@simgan/tfjs-onnx' }),
      ...delimited(graph, [
        encoded(GraphProtoSchema, { node: this.nodes.map(nodeProto), name: 'main' }),
        ...this.initializers.flatMap(encodedInitializer),
        encoded(GraphProtoSchema, {
          input: this.inputs.map(valueInfoProto),
          output: this.outputs.map(valueInfoProto),
        }),
      ]),
      encoded(ModelProtoSchema, {
        opsetImport: [...domains]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([domain, version]) => ({ domain, version: BigInt(version) })),
        metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      }),
    ]);
  }

  #add(node: Node): void {
    const body = this.#body;
    if (body && node.inputs.some((name) => body.names.has(name))) {
      body.nodes.push(node);
      for (const name of node.outputs) body.names.add(name);
    } else this.nodes.push(node);
  }

  #fresh(): string {
    return `v${this.#count++}`;
  }
}

/** JSON has no infinities. */
const exact = (_key: string, value: unknown) =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

/** Drops trailing absent inputs, as the ONNX checker requires. */
function trimmed(inputs: readonly string[]): readonly string[] {
  let length = inputs.length;
  while (length > 0 && inputs[length - 1] === '') length--;
  return inputs.slice(0, length);
}

function domainsOf(nodes: readonly Node[]): Set<string> {
  const domains = new Set<string>();
  for (const { domain, attributes } of nodes) {
    domains.add(domain);
    for (const value of Object.values(attributes)) {
      if (typeof value !== 'object' || !('nodes' in value)) continue;
      for (const inner of domainsOf(value.nodes)) domains.add(inner);
    }
  }
  return domains;
}

function nodeProto({ opType, domain, inputs, outputs, attributes }: Node): Init<typeof NodeProtoSchema> {
  const attribute = Object.entries(attributes).map(([name, value]) => ({ name, ...attributeProto(value) }));
  return { input: [...inputs], output: [...outputs], opType, domain, attribute };
}

function attributeProto(value: Attribute): Init<typeof AttributeProtoSchema> {
  if (typeof value === 'number') return { type: AttributeType.INT, i: BigInt(value) };
  if (typeof value === 'string') return { type: AttributeType.STRING, s: utf8.encode(value) };
  if ('float' in value) return { type: AttributeType.FLOAT, f: value.float };
  if ('nodes' in value) return { type: AttributeType.GRAPH, g: bodyProto(value) };
  return { type: AttributeType.INTS, ints: value.map(BigInt) };
}

function bodyProto({ nodes, inputs, outputs }: Body): Init<typeof GraphProtoSchema> {
  return {
    node: nodes.map(nodeProto),
    name: 'body',
    input: inputs.map(valueInfoProto),
    output: outputs.map(valueInfoProto),
  };
}

function valueInfoProto({
  name,
  dtype,
  shape,
}: Typed & Partial<TensorType>): Init<typeof ValueInfoProtoSchema> {
  const elemType = ELEMENT_TYPES[dtype];
  if (!shape) return { name, type: { tensorType: { elemType } } };
  const dim = shape.map((size) => ({
    value:
      typeof size === 'number'
        ? ({ case: 'dimValue', value: BigInt(size) } as const)
        : ({ case: 'dimParam', value: size } as const),
  }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

function encodedInitializer({ name, dtype, shape, bytes }: Initializer): Uint8Array[] {
  const head = encoded(TensorProtoSchema, {
    dims: shape.map(BigInt),
    dataType: ELEMENT_TYPES[dtype],
    name,
  });
  return delimited(GraphProtoSchema.field.initializer, [
    head,
    ...delimited(TensorProtoSchema.field.rawData, [bytes]),
  ]);
}

type Init<Schema extends DescMessage> = MessageInitShape<Schema>;

function encoded<Schema extends DescMessage>(schema: Schema, message: Init<Schema>): Uint8Array {
  return toBinary(schema, create(schema, message));
}

/** The encoding of a length-delimited field whose contents are these parts, one after the other. */
function delimited({ number }: DescField, parts: readonly Uint8Array[]): Uint8Array[] {
  const length = totalLength(parts);
  return [new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(length).finish(), ...parts];
}
