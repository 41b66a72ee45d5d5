/** A small version of SimGAN's Algorithm 1: a refiner and a discriminator that are trained in alternation. */
import type { HostTensor, StepFunction } from '../src/index.ts';
import { eagerly, numbers, type StepRuntime, tf, variable } from './oracle.ts';

type T4 = tf.Tensor4D;
type Update = (slots: tf.Variable[], variable: tf.Tensor, gradient: tf.Tensor, rate: tf.Tensor) => tf.Tensor;

export const optimizers: Record<string, { slots: number; update: Update }> = {
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

/** A small refiner and discriminator with every kind of layer that the full-size ones have. */
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

export const batch = (seed: number) => numbers([4, 7, 9, 1], seed);
const rate: HostTensor = { data: Float32Array.of(0.01), shape: [] };

/** Trains both for alternating steps. Returns the losses and the final values of all variables. */
async function train(
  optimizer: (typeof optimizers)[string],
  prepare: (
    step: StepFunction,
  ) => (inputs: Record<string, HostTensor>) => Promise<Record<string, HostTensor>>,
  finish: () => Promise<void>,
  steps: number,
) {
  const { variables, moveRefiner, moveDiscriminator, refine } = adversaries(optimizer);
  const [g, d, r] = [moveRefiner, moveDiscriminator, refine].map((step) => prepare(step)) as [
    ReturnType<typeof prepare>,
    ReturnType<typeof prepare>,
    ReturnType<typeof prepare>,
  ];
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
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

export const onOracle = (optimizer: (typeof optimizers)[string], steps = 3) =>
  train(
    optimizer,
    (step) => async (inputs) => eagerly(step, inputs),
    async () => {},
    steps,
  );
export const onRuntime = (runtime: StepRuntime, optimizer: (typeof optimizers)[string], steps = 3) =>
  train(
    optimizer,
    (step) => runtime.compile(step).run,
    () => runtime.writeBack(),
    steps,
  );
