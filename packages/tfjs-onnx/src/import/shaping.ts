/** Shape operators and matrix products. */
import * as tf from '@tensorflow/tfjs-core';
import { OnnxError } from '../errors.ts';
import { checkSize, MOST_AXES } from './limits.ts';
import { type OperatorReader, present } from './operator.ts';
import { arranged, axisOf, inModelOrder, modelShape, modelTensor } from './value.ts';

export const shapingOperators: Readonly<Record<string, OperatorReader>> = {
  Concat(node) {
    const axis = node.int('axis', 1);
    return (inputs) => {
      const values = inputs.map(present);
      const { axes } = values[0]!;
      const place = axes.indexOf(axisOf(axis, axes.length));
      if (place < 0) throw new OnnxError(`its axis ${axis} is none of ${axes.length} axes`);
      const shapes = values.map(modelShape);
      const length = shapes.reduce((sum, shape) => sum + (shape[axes[place]!] ?? 0), 0);
      checkSize(shapes[0]!.with(axes[place]!, length));
      return {
        tensor: tf.concat(
          values.map((value) => arranged(value, axes)),
          place,
        ),
        axes,
      };
    };
  },
  Flatten(node) {
    const axis = node.int('axis', 1);
    return ([x]) => {
      const shape = modelShape(present(x));
      const rows = shape.slice(0, axisOf(axis, shape.length)).reduce((a, b) => a * b, 1);
      return inModelOrder(tf.reshape(modelTensor(present(x)), [rows, -1]));
    };
  },
  Reshape(node) {
    const wanted = node.constant(1, 'shape').data;
    const keepsZero = node.int('allowzero', 0) === 1;
    return ([x]) => {
      const before = modelShape(present(x));
      const shape = Array.from(wanted, (length, i) => (length === 0 && !keepsZero ? before[i]! : length));
      return inModelOrder(tf.reshape(modelTensor(present(x)), shape));
    };
  },
  Transpose(node) {
    const wanted = node.ints('perm');
    return ([x]) => {
      const { tensor, axes } = present(x);
      const perm = wanted ?? axes.map((_, i) => axes.length - 1 - i);
      if (perm.length !== axes.length)
        throw new OnnxError(`its perm [${perm}] does not have ${axes.length} axes`);
      return { tensor, axes: axes.map((axis) => perm.indexOf(axis)) };
    };
  },
  Unsqueeze(node) {
    const wanted = node.ints('axes') ?? [...node.constant(1, 'axes').data];
    if (wanted.length > MOST_AXES) throw new OnnxError(`it adds ${wanted.length} axes`);
    return ([x]) => {
      const shape = modelShape(present(x));
      const rank = shape.length + wanted.length;
      const places = wanted.map((axis) => axisOf(axis, rank)).sort((a, b) => a - b);
      for (const place of places) shape.splice(place, 0, 1);
      return inModelOrder(tf.reshape(modelTensor(present(x)), shape));
    };
  },
  Squeeze(node) {
    const wanted = node.ints('axes') ?? node.optionalConstant(1, 'axes')?.data;
    return ([x]) => {
      const shape = modelShape(present(x));
      const places = wanted && Array.from(wanted, (axis) => axisOf(axis, shape.length));
      const kept = shape.filter((length, axis) => (places ? !places.includes(axis) : length !== 1));
      return inModelOrder(tf.reshape(modelTensor(present(x)), kept));
    };
  },
  MatMul:
    () =>
    ([a, b]) => {
      const [left, right] = [modelTensor(present(a)), modelTensor(present(b))];
      if (left.rank < 2 || right.rank < 2)
        throw new OnnxError('matrix products with vectors are not supported');
      checkSize([...left.shape.slice(0, -1), right.shape.at(-1)!], left.shape.at(-1)!);
      return inModelOrder(tf.matMul(left, right));
    },
  Gemm(node) {
    const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
    const [transA, transB] = [node.int('transA', 0) === 1, node.int('transB', 0) === 1];
    return ([a, b, c]) => {
      const matrices = [modelTensor(present(a)), modelTensor(present(b))] as [tf.Tensor2D, tf.Tensor2D];
      const [rows, columns] = [
        matrices[0].shape.at(transA ? -1 : 0)!,
        matrices[1].shape.at(transB ? 0 : -1)!,
      ];
      checkSize([rows, columns], matrices[0].shape.at(transA ? 0 : -1)!);
      const product = tf.matMul(...matrices, transA, transB);
      const scaled = alpha === 1 ? product : tf.mul(product, alpha);
      if (!c) return inModelOrder(scaled);
      const addend = modelTensor(c);
      checkSize([
        Math.max(scaled.shape[0]!, addend.shape.at(-2) ?? 1),
        Math.max(scaled.shape[1]!, addend.shape.at(-1) ?? 1),
      ]);
      return inModelOrder(tf.add(scaled, beta === 1 ? addend : tf.mul(addend, beta)));
    };
  },
  Softmax(node) {
    const axis = node.int('axis', node.opset < 13 ? 1 : -1);
    return ([x]) => {
      const tensor = modelTensor(present(x));
      if (axisOf(axis, tensor.rank) !== tensor.rank - 1) {
        throw new OnnxError('only the last axis is supported');
      }
      return inModelOrder(tf.softmax(tensor));
    };
  },
};
