import { describe, expect, test } from 'vitest';
import type { HostTensor, OnnxRuntime, StepFunction } from '../src/index.ts';
import { difference, eagerly, numbers, tf, useOracle, useRuntime, variable } from './oracle.ts';

useOracle();

type T4 = tf.Tensor4D;
type Update = (slots: tf.Variable[], variable: tf.Tensor, gradient: tf.Tensor, rate: tf.Tensor) => tf.Tensor;

const optimizers: Record<string, { slots: number; update: Update }> = {
  sgd: { slots: 0, update: (_, variable, gradient, rate) => tf.sub(variable, tf.mul(gradient, rate)) },
  momentum: {
    slots: 1,
    update: ([slot], variable, gradient, rate) => {
      const velocity = tf.add(tf.mul(slot!, 0.9), gradient);
      slot!.assign(velocity);
      return tf.sub(variable, tf.mul(velocity, rate));
    },
  },
  adam: {
    slots: 2,
    update: ([first, second], variable, gradient, rate) => {
      const mean = tf.add(tf.mul(first!, 0.9), tf.mul(gradient, 0.1));
      const square = tf.add(tf.mul(second!, 0.99), tf.mul(tf.square(gradient), 0.01));
      first!.assign(mean);
      second!.assign(square);
      return tf.sub(variable, tf.div(tf.mul(mean, rate), tf.add(tf.sqrt(square), 1e-3)));
    },
  },
};

/** A refiner and a discriminator, small but with every kind of layer of the large ones. */
function adversaries({ slots, update }: (typeof optimizers)[string]) {
  let seed = 1;
  const variables: tf.Variable[] = [];
  const create = (shape: number[], scale: number) => {
    const created = variable(tf.tensor(numbers(shape, seed++, -scale, scale).data, shape));
    variables.push(created);
    return created;
  };
  const convolution = (kernel: number, from: number, to: number, stride = 1) => {
    const parameters = [
      create([kernel, kernel, from, to], 1 / Math.sqrt(kernel * kernel * from)),
      create([to], 0.1),
    ] as const;
    const apply = (x: T4): T4 =>
      tf.add<T4>(tf.conv2d(x, parameters[0] as tf.Tensor as T4, stride, 'same'), parameters[1]);
    return { parameters, apply };
  };
  const [stem, a, b, last] = [
    convolution(3, 1, 16),
    convolution(3, 16, 16),
    convolution(3, 16, 16),
    convolution(1, 16, 1),
  ];
  const [wide, narrow, judge] = [convolution(3, 1, 16, 2), convolution(3, 16, 16), convolution(1, 16, 2)];
  const refiner = (x: T4): T4 => {
    const start = tf.relu(stem.apply(x));
    return tf.tanh(last.apply(tf.relu(tf.add<T4>(b.apply(tf.relu(a.apply(start))), start))));
  };
  const discriminator = (x: T4): T4 =>
    judge.apply(tf.relu(narrow.apply(tf.maxPool(tf.relu(wide.apply(x)), 3, 1, 'same'))));
  const crossEntropy = (logits: T4, label: 0 | 1): tf.Scalar =>
    tf.neg(tf.mean<tf.Scalar>(tf.slice(tf.logSoftmax(logits), [0, 0, 0, label], [-1, -1, -1, 1])));

  const step = (
    layers: { parameters: readonly tf.Variable[] }[],
    loss: (inputs: Record<string, T4>) => tf.Scalar,
  ) => {
    const parameters = layers.flatMap((layer) => layer.parameters);
    const states = parameters.map(({ shape }) =>
      Array.from({ length: slots }, () => variable(tf.zeros(shape))),
    );
    variables.push(...states.flat());
    return (inputs: Readonly<Record<string, tf.Tensor>>) => {
      const { value, grads } = tf.variableGrads(() => loss(inputs as Record<string, T4>), parameters);
      parameters.forEach((parameter, i) => {
        parameter.assign(update(states[i]!, parameter, grads[parameter.name]!, inputs.rate!));
      });
      return { loss: value };
    };
  };
  return {
    variables,
    moveRefiner: step([stem, a, b, last], ({ x }) => {
      const refined = refiner(x!);
      const distance = tf.mean(tf.abs(tf.sub(refined, x!)));
      return tf.add<tf.Scalar>(crossEntropy(discriminator(refined), 0), tf.mul(distance, 0.1));
    }),
    moveDiscriminator: step([wide, narrow, judge], ({ fake, real }) =>
      tf.add(crossEntropy(discriminator(fake!), 1), crossEntropy(discriminator(real!), 0)),
    ),
    refine: (({ x }) => ({ refined: refiner(x as T4) })) satisfies StepFunction,
  };
}

const batch = (seed: number) => numbers([4, 7, 9, 1], seed);
const rate: HostTensor = { data: Float32Array.of(0.01), shape: [] };

/** Three alternating steps of both; the losses and the final values of all variables. */
async function train(
  optimizer: (typeof optimizers)[string],
  prepare: (
    step: StepFunction,
  ) => (inputs: Record<string, HostTensor>) => Promise<Record<string, HostTensor>>,
  finish: () => Promise<void>,
) {
  const { variables, moveRefiner, moveDiscriminator, refine } = adversaries(optimizer);
  const [g, d, r] = [moveRefiner, moveDiscriminator, refine].map((step) => prepare(step)) as [
    ReturnType<typeof prepare>,
    ReturnType<typeof prepare>,
    ReturnType<typeof prepare>,
  ];
  const losses: number[] = [];
  for (let i = 0; i < 3; i++) {
    losses.push((await g({ x: batch(10 + i), rate })).loss!.data[0]!);
    const { refined } = await r({ x: batch(20 + i) });
    losses.push((await d({ fake: refined!, real: batch(30 + i), rate })).loss!.data[0]!);
  }
  await finish();
  const values = variables.map((variable) => ({
    data: variable.dataSync().slice() as Float32Array,
    shape: variable.shape,
  }));
  tf.disposeVariables();
  return { losses, values };
}

const onOracle = (optimizer: (typeof optimizers)[string]) =>
  train(
    optimizer,
    (step) => async (inputs) => eagerly(step, inputs),
    async () => {},
  );
const onRuntime = (runtime: OnnxRuntime, optimizer: (typeof optimizers)[string]) =>
  train(
    optimizer,
    (step) => runtime.compile(step).run,
    () => runtime.writeBack(),
  );

describe.each(['nchwc', 'standard'] as const)('layout %s', (layout) => {
  const runtime = useRuntime({ layout });

  test.each(Object.keys(optimizers))(
    'three steps of both networks with %s go the oracle’s way',
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

  test('batch normalization in training moves its averages', async () => {
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

  test('an L1 distance of equal images, as a sum of two rectifiers, has no gradient', async () => {
    const distance = (x: tf.Tensor) => tf.add(tf.relu(x), tf.relu(tf.neg(x)));
    const step = runtime().compile(({ x, y }) => ({
      gradient: tf.grad((a) => distance(tf.sub(a, y!)))(x!),
    }));
    const x = batch(1);
    const { gradient } = await step.run({ x, y: x });
    expect(gradient!.data.every((value) => value === 0)).toBe(true);
  });

  test('the same steps give the same bits in another runtime', async () => {
    const again = await (await import('../src/index.ts')).createOnnxRuntime({ layout, threads: 1 });
    const first = await onRuntime(runtime(), optimizers.adam!);
    const second = await onRuntime(again, optimizers.adam!);
    await again.dispose();
    expect(second).toEqual(first);
  });
});
