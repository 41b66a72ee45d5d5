/** Elementwise operators, with ONNX's broadcasting. */
import * as tf from '@tensorflow/tfjs-core';
import { checkSize } from './limits.ts';
import { elementwise, type OperatorReader, present } from './operator.ts';
import { arranged, modelShape, type Value } from './value.ts';

const unary = {
  Relu: tf.relu,
  Sigmoid: tf.sigmoid,
  Tanh: tf.tanh,
  Softplus: tf.softplus,
  Exp: tf.exp,
  Log: tf.log,
  Sqrt: tf.sqrt,
  Neg: tf.neg,
  Abs: tf.abs,
  Reciprocal: tf.reciprocal,
} as const;

const binary = { Add: tf.add, Sub: tf.sub, Mul: tf.mul, Div: tf.div } as const;

export const elementwiseOperators: Readonly<Record<string, OperatorReader>> = {
  ...Object.fromEntries(
    Object.entries(unary).map(([name, compute]): [string, OperatorReader] => [
      name,
      () => elementwise((x) => compute(x)),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(binary).map(([name, compute]): [string, OperatorReader] => [
      name,
      () =>
        ([a, b]) => {
          const [left, right, axes] = aligned(present(a), present(b));
          return { tensor: compute(left, right), axes };
        },
    ]),
  ),
  Sum: () => (inputs) =>
    inputs.map(present).reduce((a, b) => {
      const [left, right, axes] = aligned(a, b);
      return { tensor: tf.add(left, right), axes };
    }),
  Identity: () => elementwise((x) => x),
  Dropout: () => elementwise((x) => x), // the identity in inference
  LeakyRelu: (node) => {
    const slope = node.float('alpha', 0.01);
    return elementwise((x) => tf.leakyRelu(x, slope));
  },
  Elu: (node) => {
    const slope = node.float('alpha', 1);
    return elementwise((x) =>
      slope === 1 ? tf.elu(x) : tf.where(tf.greater(x, 0), x, tf.mul(tf.elu(x), slope)),
    );
  },
  PRelu:
    () =>
    ([x, slope]) => {
      const [value, factor, axes] = aligned(present(x), present(slope));
      // The gradient of tf.prelu does not broadcast.
      return { tensor: tf.sub(tf.relu(value), tf.mul(tf.relu(tf.neg(value)), factor)), axes };
    },
  HardSigmoid: (node) => {
    const [slope, offset] = [node.float('alpha', 0.2), node.float('beta', 0.5)];
    return elementwise((x) => tf.clipByValue(tf.add(tf.mul(x, slope), offset), 0, 1));
  },
  HardSwish: () => elementwise((x) => tf.mul(x, tf.clipByValue(tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1))),
  Clip: (node) => {
    const bound = (index: number, name: string, otherwise: number) =>
      node.optionalConstant(index, name)?.data[0] ?? node.float(name, otherwise);
    const [low, high] = [
      bound(1, 'min', Number.NEGATIVE_INFINITY),
      bound(2, 'max', Number.POSITIVE_INFINITY),
    ];
    return elementwise((x) => tf.clipByValue(x, low, high));
  },
};

/** Both operands in the same axis order, which broadcast to a size that is allowed; leading axes of length 1 are added to the one of lower rank. */
function aligned(a: Value, b: Value): [tf.Tensor, tf.Tensor, readonly number[]] {
  const [wide, narrow] = a.axes.length >= b.axes.length ? [a, b] : [b, a];
  const { axes } = wide;
  const [tall, short] = [modelShape(wide), modelShape(narrow)];
  checkSize(tall.map((length, axis) => Math.max(length, short[axis - tall.length + short.length] ?? 1)));
  if (narrow.axes.length === 0) return [a.tensor, b.tensor, axes];
  const missing = axes.length - narrow.axes.length;
  const filled: Value = {
    tensor: tf.reshape(narrow.tensor, [...Array<number>(missing).fill(1), ...narrow.tensor.shape]),
    axes: [...Array.from({ length: missing }, (_, i) => i), ...narrow.axes.map((axis) => axis + missing)],
  };
  const arrangedNarrow = arranged(missing === 0 ? narrow : filled, axes);
  return wide === a ? [a.tensor, arrangedNarrow, axes] : [arrangedNarrow, b.tensor, axes];
}
