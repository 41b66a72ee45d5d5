import { describe, expect, test } from 'vitest';
import { createOnnxRuntime } from '../../tfjs-onnx/src/index.ts';
import { onOracle, onRuntime, optimizers } from '../../tfjs-trace/test/adversaries.ts';
import { difference, numbers, tf, useOracle, variable } from '../../tfjs-trace/test/oracle.ts';
import { useDawn, withoutGpu } from './use-dawn.ts';

useOracle();
const runtime = useDawn();

const STEPS = 20;

type Trained = Awaited<ReturnType<typeof onRuntime>>;

/** The largest differences of losses, and of values of variables. */
function apart(a: Trained, b: Trained): { losses: number; values: number } {
  return {
    losses: Math.max(...a.losses.map((loss, i) => Math.abs(loss - b.losses[i]!))),
    values: Math.max(...a.values.map((value, i) => difference(value, b.values[i]!))),
  };
}

describe.skipIf(withoutGpu)(`training on a GPU${withoutGpu}`, () => {
  // All of them take minutes on a software driver.
  test.each(process.env.KERNEL_LAWS ? Object.keys(optimizers) : ['adam'])(
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

  test('twenty steps of both networks agree with the CPU about as well as two of its layouts agree', async () => {
    const onCpu = async (layout: 'auto' | 'standard') => {
      const cpu = await createOnnxRuntime({ threads: 1, layout });
      const trained = await onRuntime(cpu, optimizers.adam!, STEPS);
      await cpu.dispose();
      return trained;
    };
    const [blocked, standard] = [await onCpu('auto'), await onCpu('standard')];
    const onGpu = await onRuntime(runtime(), optimizers.adam!, STEPS);
    const between = apart(blocked, standard);
    for (const other of [blocked, standard]) {
      const { losses, values } = apart(onGpu, other);
      expect(losses).toBeLessThan(Math.max(5 * between.losses, 2e-6));
      expect(values).toBeLessThan(Math.max(5 * between.values, 2e-6));
    }
    expect(onGpu.losses).toHaveLength(2 * STEPS);
  });

  test('runs may overlap: each sees the variables that the run before it left', async () => {
    const counter = variable(tf.scalar(0));
    const step = runtime().compile(({ by }) => {
      counter.assign(tf.add(counter, by!));
      return { counter: tf.add(counter, 0) };
    });
    const by = { data: Float32Array.of(2), shape: [] };
    const results = await Promise.all([1, 2, 3].map(() => step.run({ by })));
    expect(results.map(({ counter }) => counter!.data[0])).toEqual([2, 4, 6]);
    tf.tidy(() => counter.assign(tf.scalar(10)));
    expect((await step.run({ by })).counter!.data[0]).toBe(12);
    await runtime().writeBack();
    expect(counter.dataSync()[0]).toBe(12);
    await step.dispose();
  });

  test('variables that are assigned each other are swapped', async () => {
    const [a, b] = [variable(tf.tensor([1, 2])), variable(tf.tensor([3, 4]))];
    const step = runtime().compile(() => {
      const old = tf.add(a, 0);
      a.assign(tf.mul(b, 1));
      b.assign(old);
      return { sum: tf.sum(a) };
    });
    expect((await step.run({})).sum!.data[0]).toBe(7);
    await runtime().writeBack([a, b]);
    expect([[...a.dataSync()], [...b.dataSync()]]).toEqual([
      [3, 4],
      [1, 2],
    ]);
    await step.dispose();
  });

  test('the same step on the same GPU gives the same bits', async () => {
    const first = await onRuntime(runtime(), optimizers.adam!);
    expect(await onRuntime(runtime(), optimizers.adam!)).toEqual(first);
  });

  test('the trial of a training step agrees with what it is compared with', async () => {
    const trial = await runtime().tryTraining();
    expect('error' in trial ? trial.error : trial.values.length).toBe(3 * 9 * 16 * 16);
  });

  test('a step on the host is rejected with a sentence', async () => {
    const step = runtime().compile(({ x }) => ({ y: tf.scalar(x!.dataSync()[0]!) }));
    await expect(step.run({ x: numbers([1], 1) })).rejects.toThrow('reads the values of a tensor');
  });
});
