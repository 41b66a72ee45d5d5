/** The values that operators of an imported model exchange. */
import * as tf from '@tensorflow/tfjs-core';

/**
 * A tensor stored in another axis order than the model's: axis `i` of `tensor` is axis `axes[i]` of the model's tensor.
 * Images stay `[batch, height, width, channels]`, TensorFlow.js' layout, and a transpose costs nothing until an
 * operator needs its result.
 */
export interface Value {
  readonly tensor: tf.Tensor;
  readonly axes: readonly number[];
}

/** The axis order of `[batch, height, width, channels]` in terms of `[batch, channels, height, width]`. */
export const IMAGE = [0, 2, 3, 1] as const;

/** A value stored in the model's axis order. */
export function inModelOrder(tensor: tf.Tensor): Value {
  return { tensor, axes: tensor.shape.map((_, axis) => axis) };
}

/** The tensor transposed to the given axis order. */
export function arranged({ tensor, axes }: Value, order: readonly number[]): tf.Tensor {
  if (axes.every((axis, i) => axis === order[i])) return tensor;
  return tf.transpose(
    tensor,
    order.map((axis) => axes.indexOf(axis)),
  );
}

/** The tensor in the model's axis order. */
export function modelTensor(value: Value): tf.Tensor {
  return arranged(
    value,
    value.axes.map((_, axis) => axis),
  );
}

/** The shape in the model's axis order. */
export function modelShape({ tensor, axes }: Value): number[] {
  return axes.map((_, axis) => tensor.shape[axes.indexOf(axis)]!);
}

/** Resolves a negative axis, which counts from the end. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/**
 * A float32 tensor of values that never change. It is created on TensorFlow.js' cpu backend if that is registered,
 * whichever backend is active, so that tracing records it as a constant. Scopes (`tf.tidy`) dispose it.
 *
 * @param data row-major values
 * @throws Error if the data does not fill the shape.
 */
export function constantTensor(data: Float32Array, shape: readonly number[]): tf.Tensor {
  const resting = tf.findBackend('cpu') ?? undefined;
  const length = shape.reduce((product, axis) => product * axis, 1);
  if (data.length !== length) throw new Error(`${data.length} values do not fill the shape [${shape}].`);
  return tf.engine().makeTensor(data, [...shape], 'float32', resting);
}
