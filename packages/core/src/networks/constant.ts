import * as tf from '@tensorflow/tfjs-core';

/**
 * A constant tensor. It is stored on tfjs's cpu backend if that is registered, whatever backend is active, so that an
 * engine that traces a step recognizes it as a constant. Scopes (`tf.tidy`) dispose it.
 */
export function constantTensor(data: Float32Array, shape: readonly number[]): tf.Tensor {
  return tf.engine().makeTensor(data, [...shape], 'float32', tf.findBackend('cpu') ?? undefined);
}
