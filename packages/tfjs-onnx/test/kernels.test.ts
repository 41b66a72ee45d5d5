import fc from 'fast-check';
import { describe, test } from 'vitest';
import type { StepFunction } from '../src/index.ts';
import { expectSame, numbers, tf, useOracle, useRuntime, wholeNumbers, withGradients } from './oracle.ts';

useOracle();

type T4 = tf.Tensor4D;
const integer = (min: number, max: number) => fc.integer({ min, max });
const seed = integer(1, 1e9);
const among = <T>(...values: T[]) => fc.constantFrom(...values);

/** Channel counts on both sides of every block size. */
const channels = among(1, 2, 3, 5, 8, 16, 24, 32);
const batch = among(1, 2, 3, 16);

/** Padding in all forms; never as wide as the window. */
const padding = (kernel: number) =>
  fc.oneof(
    among<'same' | 'valid'>('same', 'valid'),
    integer(0, kernel - 1).map(
      (after) =>
        [
          [0, 0],
          [kernel - 1, after],
          [after, 0],
          [0, 0],
        ] as tf.backend_util.ExplicitPadding,
    ),
  );

const window = integer(1, 5).chain((kernel) =>
  fc.record({
    kernel: fc.constant(kernel),
    stride: integer(1, 4),
    pad: padding(kernel),
    height: integer(kernel, 9),
    width: integer(kernel, 9),
    seed,
  }),
);

describe.each(['nchwc', 'standard'] as const)('layout %s', (layout) => {
  const runtime = useRuntime({ layout });

  const property = <T>(
    name: string,
    runs: number,
    cases: fc.Arbitrary<T>,
    check: (values: T) => Promise<void>,
  ) => test(name, () => fc.assert(fc.asyncProperty(cases, check), { numRuns: runs, seed: 7 }));

  property(
    'convolutions with bias and relu, and their gradients',
    70,
    fc.record({ window, batch, from: channels, to: channels, relu: fc.boolean() }),
    async ({ window: { kernel, stride, pad, height, width, seed }, batch, from, to, relu }) => {
      const inputs = {
        x: numbers([batch, height, width, from], seed),
        filter: numbers([kernel, kernel, from, to], seed + 1),
        bias: numbers([to], seed + 2),
      };
      const f = withGradients((x, filter, bias) => {
        const y = tf.add(tf.conv2d(x as T4, filter as T4, stride, pad), bias!);
        return relu ? tf.relu(y) : y;
      });
      await expectSame(runtime(), f, inputs);
    },
  );

  property(
    'residual blocks, and their gradients',
    12,
    fc.record({ batch, channels: among(3, 16, 32), size: integer(3, 8), seed }),
    async ({ batch, channels, size, seed }) => {
      const filters = Object.fromEntries(
        ['a', 'b'].map((name, i) => [name, numbers([3, 3, channels, channels], seed + i)]),
      );
      const f = withGradients((x, a, b) => {
        const inner = tf.relu(tf.conv2d(x as T4, a as T4, 1, 'same'));
        return tf.relu(tf.add(tf.conv2d(inner as T4, b as T4, 1, 'same'), x!));
      });
      await expectSame(runtime(), f, { x: numbers([batch, size, size + 1, channels], seed + 2), ...filters });
    },
  );

  property(
    'dilated convolutions',
    15,
    fc.record({
      dilation: integer(1, 3),
      kernel: integer(1, 3),
      pad: among('same' as const, 'valid' as const),
      from: channels,
      to: channels,
      seed,
    }),
    async ({ dilation, kernel, pad, from, to, seed }) => {
      const inputs = {
        x: numbers([2, 9, 8, from], seed),
        filter: numbers([kernel, kernel, from, to], seed + 1),
      };
      await expectSame(
        runtime(),
        ({ x, filter }) => ({ y: tf.conv2d(x as T4, filter as T4, 1, pad, 'NHWC', dilation) }),
        inputs,
      );
    },
  );

  property(
    'transposed convolutions, and their gradients',
    20,
    fc.record({
      stride: integer(1, 3),
      kernel: integer(1, 4),
      pad: among('same' as const, 'valid' as const),
      size: integer(2, 6),
      from: channels,
      to: channels,
      seed,
    }),
    async ({ stride, kernel, pad, size, from, to, seed }) => {
      const out = pad === 'same' ? size * stride : (size - 1) * stride + kernel;
      const inputs = {
        x: numbers([2, size, size, from], seed),
        filter: numbers([kernel, kernel, to, from], seed + 1),
      };
      const f = withGradients((x, filter) =>
        tf.conv2dTranspose(x as T4, filter as T4, [2, out, out, to], stride, pad),
      );
      await expectSame(runtime(), f, inputs);
    },
  );

  property(
    'depthwise convolutions, and their gradients',
    20,
    fc.record({ window, channels: among(1, 3, 16), multiplier: integer(1, 3) }),
    async ({ window: { kernel, stride, pad, height, width, seed }, channels, multiplier }) => {
      const inputs = {
        x: numbers([2, height, width, channels], seed),
        filter: numbers([kernel, kernel, channels, multiplier], seed + 1),
      };
      const f = withGradients((x, filter) => tf.depthwiseConv2d(x as T4, filter as T4, stride, pad));
      await expectSame(runtime(), f, inputs);
    },
  );

  property(
    'max pooling over ties, and its gradient',
    40,
    fc.record({ window, batch, channels }),
    async ({ window: { kernel, stride, pad, height, width, seed }, batch, channels }) => {
      const inputs = { x: wholeNumbers([batch, height, width, channels], seed) };
      const f = withGradients((x) => tf.square(tf.maxPool(tf.relu(x as T4), kernel, stride, pad)));
      await expectSame(runtime(), f, inputs);
    },
  );

  property(
    'average pooling, and its gradient',
    20,
    fc.record({ window, channels }),
    async ({ window: { kernel, stride, pad, height, width, seed }, channels }) => {
      const inputs = { x: numbers([2, height, width, channels], seed) };
      const average = (x: tf.Tensor) => tf.square(tf.avgPool(x as T4, kernel, stride, pad));
      // The gradient of tensorflow.js' cpu backend counts the padding, unlike its value; ours does not. So the oracle
      // is the average spelled out: sums over windows divided by how many of their elements exist.
      const spelledOut = (x: tf.Tensor) => {
        const ones = tf.ones<tf.Rank.R4>([kernel, kernel, channels, 1]);
        const sum = (image: tf.Tensor) => tf.depthwiseConv2d(image as T4, ones, stride, pad);
        return tf.square(tf.div(sum(x), sum(tf.onesLike(x))));
      };
      const step: StepFunction = (tensors) =>
        withGradients((x) => (tf.getBackend() === 'cpu' ? spelledOut : average)(x))(tensors);
      await expectSame(runtime(), step, inputs);
    },
  );

  property(
    'resizing, and its gradient',
    20,
    fc.record({
      size: integer(1, 7),
      to: fc.tuple(integer(1, 9), integer(1, 9)),
      channels,
      align: fc.boolean(),
      half: fc.boolean(),
      bilinear: fc.boolean(),
      seed,
    }),
    async ({ size, to, channels, align, half, bilinear, seed }) => {
      const resize = bilinear ? tf.image.resizeBilinear : tf.image.resizeNearestNeighbor;
      const inputs = { x: numbers([2, size, size, channels], seed) };
      const centred = half && !align;
      const f = (x: tf.Tensor) => tf.square(resize(x as T4, to, align, centred));
      // tensorflow.js forgets half-pixel centres in the gradient; ours is tested by the transposed weights instead.
      await expectSame(
        runtime(),
        centred ? ({ x }) => ({ y: f(x!) }) : withGradients((x) => f(x!)),
        inputs,
        1e-5,
      );
    },
  );
});
