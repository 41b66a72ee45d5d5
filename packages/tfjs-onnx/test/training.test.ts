import { describe, expect, test } from 'vitest';
import { batch, onOracle, onRuntime, optimizers } from '../../tfjs-trace/test/adversaries.ts';
import { difference, eagerly, numbers, tf, useOracle, variable } from '../../tfjs-trace/test/oracle.ts';
import { createOnnxRuntime, type HostTensor, type StepFunction } from '../src/index.ts';
import { useRuntime } from './use-runtime.ts';

useOracle();

type T4 = tf.Tensor4D;

describe.each(['nchwc', 'standard'] as const)('layout %s', (layout) => {
  const runtime = useRuntime({ layout });

  test.each(Object.keys(optimizers))(
    'three steps of both networks with %s agree with the oracle',
    async (name) => {
      const optimizer = optimizers[name]!;
      const expected = await onOracle(optimizer);
      const actual = await onRuntime(runtime(), optimizer);
      for (const [i, loss] of expected.losses.entries())
        expect(Math.abs(actual.losses[i]! - loss)).toBeLessThan(1e-6);
      for (const [i, value] of expected.values.entries())
        expect(difference(actual.values[i]!, value)).toBeLessThan(1e-5);
    },
  );

  test('batch normalization updates its moving averages in training', async () => {
    const run = async (
      prepare: (step: StepFunction) => (inputs: Record<string, HostTensor>) => Promise<unknown>,
      finish: () => Promise<void>,
    ) => {
      const all = [tf.zeros([16]), tf.ones([16]), tf.zeros([16]), tf.ones([16])].map((x) => variable(x));
      const [average, deviation, offset, scale] = all;
      const move = prepare(({ x }) => {
        const { value, grads } = tf.variableGrads(() => {
          const { mean, variance } = tf.moments(x!, [0, 1, 2]);
          average!.assign(tf.add(tf.mul(average!, 0.9), tf.mul(mean, 0.1)));
          deviation!.assign(tf.add(tf.mul(deviation!, 0.9), tf.mul(variance, 0.1)));
          const normal = tf.batchNorm(
            x as T4,
            mean as tf.Tensor1D,
            variance as tf.Tensor1D,
            offset as tf.Tensor as tf.Tensor1D,
            scale as tf.Tensor as tf.Tensor1D,
          );
          return tf.mean<tf.Scalar>(tf.square(tf.leakyRelu(normal, 0.1)));
        }, [scale!]);
        scale!.assign(tf.sub(scale!, grads[scale!.name]!));
        return { value };
      });
      for (let i = 0; i < 3; i++) await move({ x: numbers([4, 5, 5, 16], i) });
      await finish();
      const values = all.map((variable) => ({
        data: variable.dataSync() as Float32Array,
        shape: [16],
      }));
      tf.disposeVariables();
      return values;
    };
    const expected = await run(
      (step) => async (inputs) => eagerly(step, inputs),
      async () => {},
    );
    const actual = await run(
      (step) => runtime().compile(step).run,
      () => runtime().writeBack(),
    );
    for (const [i, value] of expected.entries()) expect(difference(actual[i]!, value)).toBeLessThan(1e-5);
  });

  test('the gradient of an L1 distance made of two relus is zero for equal images', async () => {
    const distance = (x: tf.Tensor) => tf.add(tf.relu(x), tf.relu(tf.neg(x)));
    const step = runtime().compile(({ x, y }) => ({
      gradient: tf.grad((a) => distance(tf.sub(a, y!)))(x!),
    }));
    const x = batch(1);
    const { gradient } = await step.run({ x, y: x });
    expect(gradient!.data.every((value) => value === 0)).toBe(true);
  });

  test('another runtime gives bitwise equal results', async () => {
    const again = await createOnnxRuntime({ layout, threads: 1 });
    const first = await onRuntime(runtime(), optimizers.adam!);
    const second = await onRuntime(again, optimizers.adam!);
    await again.dispose();
    expect(second).toEqual(first);
  });
});
