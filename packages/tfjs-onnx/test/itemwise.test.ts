import { trace } from '@simgan/tfjs-trace';
import { expect, test } from 'vitest';
import { numbers, tf, useOracle, variable } from '../../tfjs-trace/test/oracle.ts';
import { compileStep } from '../src/lower/compile.ts';
import { useRuntime } from './use-runtime.ts';

useOracle();
const one = useRuntime({ threads: 1 });
const two = useRuntime({ threads: 2 });
const standard = useRuntime({ threads: 2, layout: 'standard' });

const close = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

/** Two residual blocks, as in a refiner. */
function network(channels: number, from: number) {
  const filter = (index: number, to: number, inputs: number) =>
    variable(tf.tensor4d(numbers([3, 3, inputs, to], index, -0.2, 0.2).data, [3, 3, inputs, to]));
  const filters = [
    filter(1, channels, from),
    ...[2, 3, 4, 5].map((index) => filter(index, channels, channels)),
  ];
  const biases = filters.map((_, i) => variable(tf.tensor1d(numbers([channels], 40 + i, -0.1, 0.1).data)));
  const apply = (x: tf.Tensor4D) => {
    const conv = (input: tf.Tensor4D, i: number) =>
      tf.add(tf.conv2d(input, filters[i] as tf.Tensor4D, 1, 'same'), biases[i]!) as tf.Tensor4D;
    let y = tf.relu(conv(x, 0)) as tf.Tensor4D;
    for (const i of [1, 3]) y = tf.relu(tf.add(conv(tf.relu(conv(y, i)), i + 1), y)) as tf.Tensor4D;
    return y;
  };
  return { filters, apply };
}

test.each([
  [35, 55, 16],
  [8, 9, 32],
  [1, 7, 16],
  [6, 1, 48],
  [13, 20, 16],
])(
  'an itemwise refiner of %i×%i images and %i channels agrees with the oracle',
  async (height, width, channels) => {
    const { apply } = network(channels, 3);
    const input = numbers([5, height, width, 3], 7);
    const expected = tf.tidy(() => apply(tf.tensor4d(input.data, [5, height, width, 3])).dataSync());
    const step = ({ x }: Readonly<Record<string, tf.Tensor>>) => ({ y: apply(x as tf.Tensor4D) });
    const results = await Promise.all(
      [one, two, standard].map(async (runtime) => {
        const { y } = await runtime().compile(step, { itemwise: true }).run({ x: input });
        expect(y!.shape).toEqual([5, height, width, channels]);
        expect(close(y!.data, expected)).toBeLessThan(2e-5);
        return y!.data;
      }),
    );
    expect(results[1], 'The result must not depend on the number of threads.').toEqual(results[0]);
  },
);

/** The rows and columns of `[1, height, width, channels]` from `top` and `left` on. */
function windowOf(
  data: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  [top, left, rows, columns]: readonly [number, number, number, number],
): Float32Array {
  const part = tf.tidy(() =>
    tf
      .slice(tf.tensor3d(data, [height, width, channels]), [top, left, 0], [rows, columns, channels])
      .dataSync(),
  );
  return part as Float32Array;
}

test.each([16, 24, 5])(
  'a place-invariant step gives a part of an image the bits of the whole, with %i channels',
  async (channels) => {
    const { apply } = network(channels, 3);
    const step = ({ x }: Readonly<Record<string, tf.Tensor>>) => ({ y: apply(x as tf.Tensor4D) });
    const [height, width, halo] = [75, 90, 5];
    const input = numbers([1, height, width, 3], 7);
    for (const runtime of [one, two, standard]) {
      const program = runtime().compile(step, { itemwise: true, placeInvariant: true });
      const whole = (await program.run({ x: input })).y!.data;
      for (const [top, left, rows, columns] of [
        [0, 0, 30, 41],
        [17, 23, 40, 33],
        [45, 51, 30, 39],
        [3, 0, 64, 90],
      ] as const) {
        const x = windowOf(input.data, [height, width, 3], [top, left, rows, columns]);
        const part = (await program.run({ x: { data: x, shape: [1, rows, columns, 3] } })).y!.data;
        const inner = [rows - 2 * halo, columns - 2 * halo] as const;
        expect(windowOf(part, [rows, columns, channels], [halo, halo, ...inner])).toEqual(
          windowOf(whole, [height, width, channels], [top + halo, left + halo, ...inner]),
        );
      }
    }
  },
);

test('small images use Winograd convolutions, large ones plain convolutions', () => {
  const { apply } = network(16, 3);
  const kernels = (height: number, width: number) => {
    const type = { shape: [1, height, width, 3], dtype: 'float32' } as const;
    const traced = trace(({ x }) => ({ y: apply(x as tf.Tensor4D) }), { x: type });
    return compileStep(traced, { block: 16, minimal: true }).model.nodes.map(({ attributes }) =>
      String(attributes.kernel_shape),
    );
  };
  const count = (list: readonly string[], kernel: string) => list.filter((shape) => shape === kernel).length;
  // Four convolutions of 16 channels with six products each; the first convolution has three channels and stays plain.
  expect(count(kernels(35, 55), '1,3')).toBe(4 * 6);
  expect(count(kernels(35, 55), '3,3')).toBe(1);
  expect(count(kernels(200, 200), '3,3')).toBe(5);
});

test('items do not depend on the batch, and one program serves every batch size', async () => {
  const { apply } = network(16, 1);
  let traces = 0;
  const compiled = two().compile(
    ({ x }) => {
      traces++;
      return { y: apply(x as tf.Tensor4D) };
    },
    { itemwise: true },
  );
  const whole = numbers([9, 6, 5, 1], 3);
  const { y } = await compiled.run({ x: whole });
  for (const [start, end] of [
    [0, 1],
    [2, 9],
  ] as const) {
    const part = await compiled.run({
      x: { data: whole.data.slice(start * 30, end * 30), shape: [end - start, 6, 5, 1] },
    });
    expect(part.y!.data).toEqual(y!.data.slice(start * 480, end * 480));
  }
  expect(traces).toBe(1);
});

test('changes of variables by programs and by assignments take effect', async () => {
  const state = variable(tf.tensor1d([1]));
  const double = two().compile(() => {
    state.assign(tf.mul(state, 2));
    return {};
  });
  const scaled = two().compile(({ x }) => ({ y: tf.mul(x!, state) }), { itemwise: true });
  const x = { data: Float32Array.of(1, 2, 3), shape: [3, 1] };
  const run = async () => [...(await scaled.run({ x })).y!.data];
  expect(await run()).toEqual([1, 2, 3]);
  await double.run({});
  await double.run({});
  expect(await run()).toEqual([4, 8, 12]);
  tf.tidy(() => void state.assign(tf.tensor1d([10])));
  expect(await run()).toEqual([10, 20, 30]);
});

test('errors say what an itemwise step must not do', async () => {
  const state = variable(tf.tensor1d([1]));
  const x = { data: Float32Array.of(1, 2), shape: [2, 1] };
  const run = (step: Parameters<ReturnType<typeof two>['compile']>[0], inputs = { x }) =>
    two().compile(step, { itemwise: true }).run(inputs);
  await expect(
    run(({ x }) => {
      state.assign(tf.sum(x!, 0) as tf.Tensor1D);
      return { y: x! };
    }),
  ).rejects.toThrow(/itemwise step assigns the variable .* Compile the step without itemwise/);
  await expect(run(({ x }) => ({ y: tf.sum(x!) }))).rejects.toThrow(/returns "y" with shape \[\]/);
  await expect(
    run(({ x }) => ({ y: x! }), { x, scale: { data: Float32Array.of(2), shape: [] } } as never),
  ).rejects.toThrow(/must all have the shape \[batch, …\].*"x" is \[2,1\], "scale" is \[\]/);
});
