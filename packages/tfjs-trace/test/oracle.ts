/** TensorFlow.js' own cpu backend, the oracle for all numbers. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers'; // registers the gradients
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { CompiledFunction, HostTensor, StepFunction } from '../src/index.ts';

export { tf };

/** What compiles steps. */
export interface StepRuntime {
  compile(step: StepFunction): CompiledFunction;
  writeBack(): Promise<void>;
}

type Inputs = Record<string, HostTensor<Float32Array | Int32Array>>;

/** Sets up the oracle, and checks after every test that no tensor leaked. */
export function useOracle(): void {
  let tensors = 0;
  beforeAll(async () => {
    tf.env().set('IS_TEST', true); // TensorFlow.js checks every kernel for leaks, and prints no advertisement
    await tf.setBackend('cpu');
  });
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  afterEach(() => {
    tf.disposeVariables();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(tf.getBackend()).toBe('cpu');
  });
}

/** A small seeded random number generator (mulberry32), uniform in [0, 1). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Random numbers in [low, high). */
export function numbers(shape: readonly number[], seed: number, low = -1, high = 1): HostTensor {
  const next = random(seed);
  const length = shape.reduce((product, axis) => product * axis, 1);
  return { shape, data: Float32Array.from({ length }, () => low + (high - low) * next()) };
}

/** Random small integers, which are often equal. */
export function wholeNumbers(shape: readonly number[], seed: number, count = 5): HostTensor {
  const { data } = numbers(shape, seed, 0, count);
  return { shape, data: data.map(Math.floor) };
}

/** A variable that takes over its initial value. */
export function variable(initial: tf.Tensor): tf.Variable {
  const made = tf.variable(initial);
  initial.dispose();
  return made;
}

export function eagerly(step: StepFunction, inputs: Inputs): Record<string, HostTensor> {
  return tf.tidy(() => {
    const tensors = Object.entries(inputs).map(([name, { data, shape }]) => [
      name,
      tf.tensor(data, [...shape]),
    ]);
    const outputs = Object.entries(step(Object.fromEntries(tensors)));
    return Object.fromEntries(
      outputs.map(([name, y]) => [
        name,
        { data: tf.cast(y, 'float32').dataSync() as Float32Array, shape: y.shape },
      ]),
    );
  });
}

/** Maximum absolute difference, divided by the maximum absolute expected value if that is above 1. */
export function difference(actual: HostTensor, expected: HostTensor): number {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.data.length).toBe(expected.data.length);
  const scale = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return expected.data.reduce((worst, value, i) => {
    const [a, b] = [actual.data[i]!, value];
    if (Object.is(a, b) || a === b) return worst;
    const gap = Math.abs(a - b) / scale;
    return Number.isNaN(gap) ? Number.POSITIVE_INFINITY : Math.max(worst, gap);
  }, 0);
}

/** Runs the step compiled and eagerly, and expects outputs with a {@link difference} of at most `tolerance`. */
export async function expectSame(
  runtime: StepRuntime,
  step: StepFunction,
  inputs: Inputs,
  tolerance = 3e-6,
): Promise<void> {
  const compiled: CompiledFunction = runtime.compile(step);
  try {
    const actual = await compiled.run(inputs);
    const expected = eagerly(step, inputs);
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    for (const [name, tensor] of Object.entries(expected)) {
      expect(difference(actual[name]!, tensor), name).toBeLessThanOrEqual(tolerance);
    }
  } finally {
    await compiled.dispose();
  }
}

/** A step that returns `f` of its inputs and the gradient of `sum(f · dy)` with respect to each of them. */
export function withGradients(f: (...tensors: tf.Tensor[]) => tf.Tensor): StepFunction {
  return ({ dy, ...inputs }) => {
    const names = Object.keys(inputs);
    const y = f(...names.map((name) => inputs[name]!));
    const gradients = tf.grads(f)(Object.values(inputs), dy ?? tf.onesLike(y));
    return { y, ...Object.fromEntries(gradients.map((gradient, i) => [`d${names[i]}`, gradient])) };
  };
}
