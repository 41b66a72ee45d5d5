/** What flows between the operators of an imported model. */
import * as tf from '@tensorflow/tfjs-core';

/**
 * A tensor of ONNX that lies in memory in another order of axes: axis `i` of `tensor` is axis `axes[i]` of what the
 * model speaks of. Images stay `[batch, height, width, channels]` as tensorflow.js wants them, and a transposition
 * costs nothing until somebody needs it.
 */
export interface Value {
  readonly tensor: tf.Tensor;
  readonly axes: readonly number[];
}

/** The order of an image's axes batch, channels, height, width in tensorflow.js. */
export const IMAGE = [0, 2, 3, 1] as const;

/** A value whose axes lie as the model counts them. */
export function inModelOrder(tensor: tf.Tensor): Value {
  return { tensor, axes: tensor.shape.map((_, axis) => axis) };
}

/** The tensor with its axes in the order asked for. */
export function arranged({ tensor, axes }: Value, order: readonly number[]): tf.Tensor {
  if (axes.every((axis, i) => axis === order[i])) return tensor;
  return tf.transpose(
    tensor,
    order.map((axis) => axes.indexOf(axis)),
  );
}

/** The tensor as the model counts its axes. */
export function modelTensor(value: Value): tf.Tensor {
  return arranged(
    value,
    value.axes.map((_, axis) => axis),
  );
}

/** Sizes as the model counts the axes. */
export function modelShape({ tensor, axes }: Value): number[] {
  return axes.map((_, axis) => tensor.shape[axes.indexOf(axis)]!);
}

/** An axis that may be counted from the end, from the start. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/**
 * A tensor of numbers that never change. It rests on tensorflow.js' cpu backend wherever that is there, whatever
 * backend is active, so that a step that is being traced knows it for a constant. Scopes (`tf.tidy`) dispose it.
 */
export function constantTensor(data: Float32Array, shape: readonly number[]): tf.Tensor {
  const resting = tf.findBackend('cpu') ?? undefined;
  const length = shape.reduce((product, axis) => product * axis, 1);
  if (data.length !== length) throw new Error(`${data.length} values do not fill the shape [${shape}]`);
  return tf.engine().makeTensor(data, [...shape], 'float32', resting);
}
