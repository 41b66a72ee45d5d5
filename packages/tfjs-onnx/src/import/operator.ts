/** Conversion of a model's operators to functions: attributes and weights are read once, at import. */
import type * as tf from '@tensorflow/tfjs-core';
import { OnnxError } from '../errors.ts';
import type { StoredAttribute, StoredNode, StoredTensor } from '../onnx/read-model.ts';
import type { Budget } from './limits.ts';
import { constantTensor, inModelOrder, type Value } from './value.ts';

/** Computes the operator's first output. Missing optional inputs are `undefined`. */
export type Operation = (inputs: readonly (Value | undefined)[]) => Value;

/** Converts an operator. Throws an error for what is not supported; the importer prepends the node to its message. */
export type OperatorReader = (node: OperatorNode) => Operation;

type Kinds = {
  [Kind in StoredAttribute['kind']]: Extract<StoredAttribute, { kind: Kind }> extends { value: infer Of }
    ? Of
    : never;
};

/** Typed access to the attributes and constant inputs of a node. */
export class OperatorNode {
  /** Version of the standard operator set. */
  readonly opset: number;
  /** Indices of the inputs that were read as constants. */
  readonly taken = new Set<number>();
  readonly #node: StoredNode;
  readonly #constantOf: (name: string) => StoredTensor | undefined;
  /** What weights may be expanded to, over all nodes. */
  readonly expanded: Budget;

  constructor(
    node: StoredNode,
    opset: number,
    constantOf: (name: string) => StoredTensor | undefined,
    expanded: Budget,
  ) {
    this.#node = node;
    this.opset = opset;
    this.#constantOf = constantOf;
    this.expanded = expanded;
  }

  int(name: string, otherwise: number): number {
    return this.#attribute(name, 'int') ?? otherwise;
  }

  float(name: string, otherwise: number): number {
    return this.#attribute(name, 'float') ?? otherwise;
  }

  string(name: string, otherwise: string): string {
    return this.#attribute(name, 'string') ?? otherwise;
  }

  ints(name: string): readonly number[] | undefined {
    return this.#attribute(name, 'ints');
  }

  /** Like {@link ints}, for attributes with one value per spatial axis. */
  pair(name: string, otherwise: number): readonly [number, number] {
    const values = this.ints(name) ?? [otherwise, otherwise];
    if (values.length !== 2)
      throw new OnnxError(`its attribute ${name} is [${values}], but only two spatial axes are supported`);
    return values as [number, number];
  }

  has(name: string): boolean {
    return this.#node.attributes.has(name);
  }

  /** Whether the optional input is present. */
  hasInput(index: number): boolean {
    return (this.#node.inputs[index] ?? '') !== '';
  }

  /** A constant input, such as weights or a shape; `undefined` if it is absent. */
  optionalConstant(index: number, what: string): StoredTensor | undefined {
    if (!this.hasInput(index)) return undefined;
    const constant = this.#constantOf(this.#node.inputs[index]!);
    if (!constant) throw new OnnxError(`its ${what} is computed by the model, but must be a constant`);
    this.taken.add(index);
    return constant;
  }

  constant(index: number, what: string): StoredTensor {
    const constant = this.optionalConstant(index, what);
    if (!constant) throw new OnnxError(`its ${what} is missing`);
    return constant;
  }

  #attribute<Kind extends 'int' | 'float' | 'string' | 'ints'>(
    name: string,
    kind: Kind,
  ): Kinds[Kind] | undefined {
    const attribute = this.#node.attributes.get(name);
    if (!attribute) return undefined;
    if (attribute.kind !== kind) {
      throw new OnnxError(`its attribute ${name} has the type ${attribute.kind} instead of ${kind}`);
    }
    return attribute.value as Kinds[Kind];
  }
}

/** A stored tensor as an operand. */
export function constantValue({ data, shape }: StoredTensor): Value {
  return inModelOrder(constantTensor(data instanceof Float32Array ? data : Float32Array.from(data), shape));
}

/** A required input. */
export function present(value: Value | undefined): Value {
  if (!value) throw new OnnxError('one of its inputs is missing');
  return value;
}

/** An operation on one tensor that preserves its shape and axis order. */
export function elementwise(compute: (x: tf.Tensor) => tf.Tensor): Operation {
  return ([x]) => ({ tensor: compute(present(x).tensor), axes: present(x).axes });
}
