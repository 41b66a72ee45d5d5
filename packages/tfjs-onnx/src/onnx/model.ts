/** Writes ONNX models. Field numbers are those of onnx.proto3 (https://github.com/onnx/onnx, IR version 8). */
import { Message } from './protobuf.ts';

export type ElementType = 'float32' | 'int32' | 'int64' | 'bool';
export type Attribute = number | string | readonly number[] | { readonly float: number } | Body;
export type Attributes = Readonly<Record<string, Attribute>>;

/** A tensor of which only the kind of its elements is said. */
export interface Typed {
  readonly name: string;
  readonly dtype: ElementType;
}

export interface TensorType extends Typed {
  /** Sizes; a string names a size that is known at run time only. */
  readonly shape: readonly (number | string)[];
}

export interface Initializer {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface Node {
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** A graph within a node: what is computed from `inputs`; it may also read what was computed outside before. */
export interface Body {
  readonly nodes: readonly Node[];
  readonly inputs: readonly TensorType[];
  /** Their shapes follow from the nodes. */
  readonly outputs: readonly Typed[];
}

/** The operator set of everything that leaves this package in a file. */
export const OPSET = 17;
const IR_VERSION = 8;
/** Numbers of `TensorProto.DataType`. */
export const ELEMENT_TYPES = { float32: 1, int32: 6, int64: 7, bool: 9 } as const satisfies Record<
  ElementType,
  number
>;

/** A graph under construction: identical nodes and constants are made once and shared. */
export class OnnxModel {
  readonly nodes: Node[] = [];
  readonly initializers: Initializer[] = [];
  readonly inputs: TensorType[] = [];
  readonly outputs: TensorType[] = [];
  #known = new Map<string, string[]>();
  #count = 0;
  /** What is being made by {@link scan}, and the names that exist there only. */
  #body: { readonly nodes: Node[]; readonly names: Set<string> } | undefined;

  input(name: string, dtype: ElementType, shape: readonly number[]): string {
    this.inputs.push({ name, dtype, shape });
    return name;
  }

  /** Gives `value` the public name `name`. */
  output(name: string, value: string, dtype: ElementType, shape: readonly number[]): void {
    this.nodes.push({ opType: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: {} });
    this.outputs.push({ name, dtype, shape });
  }

  /** The name of the node's first output; `''` stands for an absent optional input. */
  node(opType: string, inputs: readonly string[], attributes: Attributes = {}, domain = ''): string {
    return this.multiple(opType, inputs, attributes, 1, domain)[0]!;
  }

  /** As {@link node}, for operators with several outputs. */
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
   * Runs what `build` makes of the first slice of every input along its first axis, then of the second, …, and stacks
   * the results. Inputs are given with the shapes of their slices. What does not depend on a slice is computed once.
   * Scans do not stand within each other.
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

  /** A constant that is long to build and often the same: `key` stands for its contents. */
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

  serialize(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    const graph = new Message();
    for (const node of this.nodes) graph.message(1, encodeNode(node));
    graph.string(2, 'main');
    for (const { name, dtype, shape, bytes } of this.initializers) {
      const tensor = new Message()
        .ints(1, shape)
        .int(2, ELEMENT_TYPES[dtype])
        .string(8, name)
        .bytes(9, bytes);
      graph.message(5, tensor);
    }
    for (const input of this.inputs) graph.message(11, encodeType(input));
    for (const output of this.outputs) graph.message(12, encodeType(output));

    const model = new Message().int(1, IR_VERSION).string(2, '@simgan/tfjs-onnx').message(7, graph);
    const domains = new Map([...domainsOf(this.nodes).add('')].map((d) => [d, d ? 1 : OPSET]));
    for (const [domain, version] of [...domains].sort(([a], [b]) => (a < b ? -1 : 1))) {
      model.message(8, new Message().string(1, domain).int(2, version));
    }
    for (const [key, value] of Object.entries(metadata)) {
      model.message(14, new Message().string(1, key).string(2, value));
    }
    return model.finish();
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

/** JSON knows no infinities. */
const exact = (_key: string, value: unknown) =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

/** Trailing absent inputs are left out, as the ONNX checker wants. */
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

function encodeNode({ opType, domain, inputs, outputs, attributes }: Node): Message {
  const node = new Message();
  for (const input of inputs) node.string(1, input);
  for (const output of outputs) node.string(2, output);
  node.string(4, opType);
  for (const [name, value] of Object.entries(attributes)) node.message(5, encodeAttribute(name, value));
  return domain ? node.string(7, domain) : node;
}

function encodeAttribute(name: string, value: Attribute): Message {
  const attribute = new Message().string(1, name);
  if (typeof value === 'number') return attribute.int(3, value).int(20, 2);
  if (typeof value === 'string') return attribute.string(4, value).int(20, 3);
  if ('float' in value) return attribute.float(2, value.float).int(20, 1);
  if ('nodes' in value) return attribute.message(6, encodeBody(value)).int(20, 5);
  return attribute.ints(8, value).int(20, 7);
}

function encodeBody({ nodes, inputs, outputs }: Body): Message {
  const graph = new Message();
  for (const node of nodes) graph.message(1, encodeNode(node));
  graph.string(2, 'body');
  for (const input of inputs) graph.message(11, encodeType(input));
  for (const output of outputs) graph.message(12, encodeType(output));
  return graph;
}

function encodeType({ name, dtype, shape }: Typed & Partial<TensorType>): Message {
  const tensor = new Message().int(1, ELEMENT_TYPES[dtype]);
  if (shape) {
    const dims = new Message();
    for (const size of shape) {
      dims.message(1, typeof size === 'number' ? new Message().int(1, size) : new Message().string(2, size));
    }
    tensor.message(2, dims);
  }
  return new Message().string(1, name).message(2, new Message().message(1, tensor));
}
