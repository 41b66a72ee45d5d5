/**
 * The intermediate representation between TensorFlow.js and a target: a graph of immutable values.
 *
 * Operators have ONNX names and attributes and work on row-major tensors, except for `Step` (1 above 0, else 0) and the
 * spatial ones (`Conv2D`, `MaxPool2D`, …), which keep TensorFlow.js' channels-last semantics so that the lowering is free to choose their
 * memory layout and algorithm. Equal values are one object, and broadcasts are moved towards the outputs, where most
 * disappear.
 */
import type { Attributes, ElementType } from './element.ts';

export type Shape = readonly number[];
export type HostArray = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** A tensor of the program: the operator that computes it, its inputs and its static shape. */
export interface Value {
  readonly id: number;
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly shape: Shape;
  readonly dtype: ElementType;
  /** The elements of a `Constant`. */
  readonly data?: HostArray;
}

interface NodeOptions {
  readonly attributes?: Attributes;
  readonly dtype?: ElementType;
  readonly data?: HostArray;
}

/** Elementwise operators, which work in any memory layout. */
export const ELEMENTWISE: ReadonlySet<string> = new Set(
  `Abs Acos Acosh Add And Asin Asinh Atan Atanh Cast Ceil Clip Cos Cosh Div Elu Equal Erf Exp Floor Greater
  GreaterOrEqual HardSigmoid IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Min Mul Neg Not Or PRelu Pow Reciprocal
  Relu Round Selu Sigmoid Sign Sin Sinh Softplus Sqrt Step Sub Tan Tanh Where Xor`.split(/\s+/),
);

const INT64_MAX = Number.MAX_SAFE_INTEGER; // an end beyond every size, which does not depend on the batch size

/** Builds values. Shapes are static; a batch size is part of them. */
export class Graph {
  #interned = new Map<string, Value>();
  #count = 0;

  /**
   * A value computed by any operator of ONNX opset 17 on row-major tensors.
   *
   * @param shape the shape of the result, which is not checked
   * @param options `dtype` is that of the first input by default
   */
  node(op: string, inputs: readonly Value[], shape: Shape, options: NodeOptions = {}): Value {
    const { attributes = {}, dtype = inputs[0]?.dtype ?? 'float32', data } = options;
    const small = data === undefined || data.length <= 64;
    const key =
      small && JSON.stringify([op, inputs.map(({ id }) => id), attributes, shape, dtype, bits(data)], exact);
    const known = key && this.#interned.get(key);
    if (known) return known;
    const value: Value = { id: this.#count++, op, inputs, attributes, shape, dtype, ...(data && { data }) };
    if (key) this.#interned.set(key, value);
    return value;
  }

  input(name: string, shape: Shape, dtype: ElementType): Value {
    return this.node('Input', [], shape, { attributes: { name }, dtype });
  }

  variable(index: number, shape: Shape, dtype: ElementType): Value {
    return this.node('Variable', [], shape, { attributes: { index }, dtype });
  }

  constant(data: HostArray, shape: Shape, dtype: ElementType): Value {
    return this.node('Constant', [], shape, { data, dtype });
  }

  scalar(value: number, dtype: ElementType = 'float32'): Value {
    return this.constant(hostArray([value], dtype), [], dtype);
  }

  int64(...values: number[]): Value {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length], 'int64');
  }

  /** A tensor of one repeated number; free of cost if its consumers are elementwise. */
  fill(value: number, shape: Shape, dtype: ElementType = 'float32'): Value {
    return this.broadcast(this.scalar(value, dtype), shape);
  }

  broadcast(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    return this.node('Broadcast', [unbroadcast(x, shape.length)], shape);
  }

  elementwise(op: string, inputs: readonly Value[], options: NodeOptions = {}): Value {
    const shape = inputs.map((input) => input.shape).reduce(broadcastShapes);
    const sources = inputs.map((input) => unbroadcast(input, shape.length));
    const neutral = neutralOperand(op, sources);
    if (neutral) return this.broadcast(neutral, shape);
    const computed = sources.map((input) => input.shape).reduce(broadcastShapes);
    return this.broadcast(this.node(op, sources, computed, options), shape);
  }

  add = (a: Value, b: Value) => this.elementwise('Add', [a, b]);
  sub = (a: Value, b: Value) => this.elementwise('Sub', [a, b]);
  mul = (a: Value, b: Value) => this.elementwise('Mul', [a, b]);
  div = (a: Value, b: Value) => this.elementwise('Div', [a, b]);
  compare = (op: string, a: Value, b: Value) => this.elementwise(op, [a, b], { dtype: 'bool' });

  /**
   * `condition ? a : b`, elementwise. For booleans, which ONNX Runtime's Where does not support, it uses logic
   * operators.
   */
  where(condition: Value, a: Value, b: Value): Value {
    if (a.dtype !== 'bool') return this.elementwise('Where', [condition, a, b], { dtype: a.dtype });
    const both = (x: Value, y: Value) => this.elementwise('And', [x, y]);
    return this.elementwise('Or', [both(condition, a), both(this.elementwise('Not', [condition]), b)]);
  }

  cast(x: Value, dtype: ElementType): Value {
    return x.dtype === dtype ? x : this.elementwise('Cast', [x], { attributes: { to: dtype }, dtype });
  }

  reduce(op: string, x: Value, axes: readonly number[], keepDims = false): Value {
    const all = axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis)).sort((a, b) => a - b);
    const kept = x.shape.filter((_, axis) => !all.includes(axis));
    const reduced = all.length === 0 ? x : this.node(op, [x], kept, { attributes: { axes: all } });
    return keepDims
      ? this.reshape(
          reduced,
          x.shape.map((size, axis) => (all.includes(axis) ? 1 : size)),
        )
      : reduced;
  }

  reshape(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    if (x.op === 'Reshape') return this.reshape(x.inputs[0]!, shape);
    if (x.op === 'Broadcast' && size(x.inputs[0]!.shape) === 1) {
      return this.broadcast(this.reshape(x.inputs[0]!, []), shape);
    }
    return this.node('Reshape', [x], shape);
  }

  transpose(x: Value, perm: readonly number[]): Value {
    if (perm.every((axis, i) => axis === i)) return x;
    const shape = perm.map((axis) => x.shape[axis]!);
    const moved = perm.filter((axis) => x.shape[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || moved[i - 1]! < axis)) return this.reshape(x, shape);
    return this.node('Transpose', [x], shape, { attributes: { perm } });
  }

  concat(inputs: readonly Value[], axis: number): Value {
    if (inputs.length === 1) return inputs[0]!;
    const taken = piecesOfOne(inputs, axis);
    if (taken) return this.take(taken.source, taken.indices, axis);
    const length = inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0);
    return this.node('Concat', inputs, inputs[0]!.shape.with(axis, length), { attributes: { axis } });
  }

  /** `x[begin : begin + size * step : step]`, on every axis. */
  slice(x: Value, begin: Shape, sizes: Shape, steps: Shape = begin.map(() => 1)): Value {
    const cut = sizes.flatMap((length, axis) =>
      length === x.shape[axis] && steps[axis] === 1 ? [] : [axis],
    );
    if (cut.length === 0) return x;
    const end = (axis: number) => {
      const last = begin[axis]! + (sizes[axis]! - 1) * steps[axis]!;
      return steps[axis]! > 0 ? last + 1 : last === 0 ? -INT64_MAX : last - 1;
    };
    const attributes = {
      axes: cut,
      starts: cut.map((axis) => begin[axis]!),
      ends: cut.map(end),
      steps: cut.map((axis) => steps[axis]!),
    };
    return this.node('Slice', [x], sizes, { attributes });
  }

  pad(x: Value, paddings: readonly (readonly [number, number])[], value = 0): Value {
    if (paddings.every(([before, after]) => before === 0 && after === 0)) return x;
    const shape = x.shape.map((length, axis) => length + paddings[axis]![0] + paddings[axis]![1]);
    const attributes = {
      pads: [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)],
      value: { float: value },
    };
    return this.node('Pad', [x], shape, { attributes });
  }

  /** The slices of `x` at constant `indices` along `axis`; used for reversing, mirroring and repeating. */
  take(x: Value, indices: readonly number[], axis: number): Value {
    if (indices.length === x.shape[axis] && indices.every((index, i) => index === i)) return x;
    return this.node('Take', [x], x.shape.with(axis, indices.length), { attributes: { axis, indices } });
  }

  /** Element `i * parts.length + k` along `axis` is element `i` of part `k`. All parts have the same shape. */
  interleave(parts: readonly Value[], axis: number): Value {
    if (parts.length === 1) return parts[0]!;
    const shape = parts[0]!.shape.with(axis, parts[0]!.shape[axis]! * parts.length);
    return this.node('Interleave', parts, shape, { attributes: { axis } });
  }

  matMul(a: Value, b: Value): Value {
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return this.node('MatMul', [a, b], [...batch, a.shape.at(-2)!, b.shape.at(-1)!]);
  }

  /** Contracts the height axis with `rows` `[out, height]` and the width axis with `columns` `[out, width]`. */
  separable(x: Value, rows: Value, columns: Value): Value {
    const [batch, , , channels] = x.shape as [number, number, number, number];
    return this.node('Separable2D', [x, rows, columns], [batch, rows.shape[0]!, columns.shape[0]!, channels]);
  }
}

export function hostArray(values: ArrayLike<number>, dtype: ElementType): HostArray {
  if (dtype === 'int64') return BigInt64Array.from(Array.from(values), BigInt);
  if (dtype === 'bool') return Uint8Array.from(values);
  return dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
}

export const size = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((length, axis) => length === b[axis]);

export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [left, right] = [a.at(axis - rank) ?? 1, b.at(axis - rank) ?? 1];
    return left === 1 ? right : left;
  });
}

/** The number that all elements of `value` equal, if known at compile time. */
export function splat(value: Value): number | undefined {
  if (value.op === 'Broadcast') return splat(value.inputs[0]!);
  return value.op === 'Constant' && value.data?.length === 1 ? Number(value.data[0]) : undefined;
}

/** The source of a broadcast, if broadcasting it to `rank` axes gives the same result. */
function unbroadcast(x: Value, rank: number): Value {
  return x.op === 'Broadcast' && x.inputs[0]!.shape.length <= rank ? x.inputs[0]! : x;
}

/** Recognizes concatenated slices of one value, as in reflecting borders, which are a single gather. */
function piecesOfOne(
  parts: readonly Value[],
  axis: number,
): { source: Value; indices: number[] } | undefined {
  const isPiece = ({ op, attributes: { axes } }: Value) =>
    op === 'Slice' && (axes as number[]).length === 1 && (axes as number[])[0] === axis;
  const sources = new Set(parts.map((part) => (isPiece(part) ? part.inputs[0]! : part)));
  const [source] = sources;
  if (!source || sources.size > 1) return undefined;
  const indices = parts.flatMap((part) => {
    const { starts, steps } = part.attributes as Record<string, number[]>;
    const [start, step] = isPiece(part) ? [starts![0]!, steps![0]!] : [0, 1];
    return Array.from({ length: part.shape[axis]! }, (_, i) => start + i * step);
  });
  return { source, indices };
}

function neutralOperand(op: string, [a, b]: readonly Value[]): Value | undefined {
  if (!a || !b || a.dtype !== 'float32') return undefined;
  const is = (value: Value, number: number) => splat(value) === number && value.shape.length === 0;
  if (op === 'Mul') return is(b, 1) ? a : is(a, 1) ? b : undefined;
  if (op === 'Add') return is(b, 0) ? a : is(a, 0) ? b : undefined;
  if (op === 'Div') return is(b, 1) ? a : undefined;
  return op === 'Sub' && is(b, 0) ? a : undefined;
}

/** JSON has no infinities. */
const exact = (_key: string, value: unknown) =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

/** Distinguishes what JSON does not: NaN, the infinities and the sign of zero. */
function bits(data: HostArray | undefined): string {
  return data ? `${new Uint8Array(data.buffer, data.byteOffset, data.byteLength)}` : '';
}
