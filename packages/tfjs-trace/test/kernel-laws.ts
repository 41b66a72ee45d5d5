/** @file What the kernels of every target compute, on random shapes: the same as the cpu backend of TensorFlow.js. */
import fc from 'fast-check';
import { test } from 'vitest';
import type { StepFunction } from '../src/index.ts';
import { expectSame, numbers, type StepRuntime, tf, wholeNumbers, withGradients } from './oracle.ts';

type T4 = tf.Tensor4D;
const integer = (min: number, max: number) => fc.integer({ min, max });
const seed = integer(1, 1e9);
const among = <T>(...values: T[]) => fc.constantFrom(...values);

/** Channel counts below, at and above the block sizes. */
const channels = among(1, 2, 3, 5, 8, 16, 24, 32);
/** Batch sizes below, at and above the block sizes. */
const batch = among(1, 2, 3, 16, 32);

/** Padding in all forms, narrower than the window. */
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
    height: integer(kernel, 7),
    width: integer(kernel, 7),
    seed,
  }),
);

/**
 * Declares the tests.
 *
 * @param runtime the runtime under test, once tests run
 * @param share of the random cases that are tried, for targets that are slow here
 */
export function kernelLaws(runtime: () => StepRuntime, share = 1): void {
  const property = <T>(
    name: string,
    runs: number,
    cases: fc.Arbitrary<T>,
    check: (values: T) => Promise<void>,
  ) =>
    // The time limit only guards against hangs.
    test(name, { timeout: 600_000 }, () =>
      fc.assert(fc.asyncProperty(cases, check), { numRuns: Math.ceil(runs * share), seed: 7 }),
    );

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
    fc.record({ batch, channels: among(3, 16), size: integer(3, 5), seed }),
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
    'max pooling with ties, and its gradient',
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
      // The gradient of TensorFlow.js' cpu backend counts the padding, unlike its value. So the oracle is an explicit
      // average: window sums divided by the number of elements inside the image.
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
      size: integer(2, 7), // from one pixel, the gradient of TensorFlow.js' cpu backend never terminates
      to: fc.tuple(integer(1, 9), integer(1, 9)),
      channels,
      align: fc.boolean(),
      half: fc.boolean(),
      bilinear: fc.boolean(),
      seed,
    }),
    async ({ size, to, channels, align, half, bilinear, seed }) => {
      const resize = bilinear ? tf.image.resizeBilinear : tf.image.resizeNearestNeighbor;
      // The gradient of TensorFlow.js' cpu backend is wrong beyond the first image.
      const inputs = { x: numbers([1, size, size, channels], seed) };
      const centered = half && !align;
      const f = (x: tf.Tensor) => tf.square(resize(x as T4, to, align, centered));
      // TensorFlow.js ignores half-pixel centers in the gradient, so only the value is compared.
      await expectSame(
        runtime(),
        centered ? ({ x }) => ({ y: f(x!) }) : withGradients((x) => f(x!)),
        inputs,
        1e-5,
      );
    },
  );

  property(
    'elementwise functions of one tensor after a convolution, and their gradients',
    60,
    fc.record({ f: among(...unary), channels: among(1, 3, 16), size: integer(1, 5), seed }),
    async ({ f: [, f, low, high], channels, size, seed }) => {
      const inputs = { x: numbers([2, size, size + 1, channels], seed, low, high) };
      const identity = tf.tensor4d(eye(channels), [1, 1, channels, channels]);
      // The convolution leaves its result in the layout under test.
      await expectSame(
        runtime(),
        withGradients((x) => f(tf.conv2d(x as T4, identity, 1, 'same'))),
        inputs,
      );
      identity.dispose();
    },
  );

  property(
    'elementwise functions of two tensors with broadcasting, and their gradients',
    60,
    fc.record({ f: among(...binary), shape: shapes(4), mask: integer(0, 15), rank: integer(0, 4), seed }),
    async ({ f: [, f, low, high], shape, mask, rank, seed }) => {
      // The gradients of these do not broadcast in TensorFlow.js.
      const repeats = ![tf.maximum, tf.minimum, tf.squaredDifference].includes(f as typeof tf.maximum);
      const other = !repeats
        ? shape
        : shape.map((length, axis) => ((mask >> axis) & 1 ? 1 : length)).slice(4 - rank);
      const inputs = { a: numbers(shape, seed, low, high), b: numbers(other, seed + 1, low, high) };
      await expectSame(
        runtime(),
        withGradients((a, b) => f(tf.maxPool(a as T4, 1, 1, 'valid'), b!)),
        inputs,
      );
      const swapped = { a: inputs.b, b: inputs.a };
      await expectSame(runtime(), ({ a, b }) => ({ y: f(a!, b!) }), swapped);
    },
  );

  property(
    'comparisons and logic, including equal numbers',
    20,
    fc.record({ f: among(...comparisons), shape: shapes(4), seed }),
    async ({ f: [, f], shape, seed }) => {
      const inputs = { a: wholeNumbers(shape, seed, 3), b: wholeNumbers(shape, seed + 1, 3) };
      const step: StepFunction = ({ a, b }) => {
        const condition = f(a!, b!);
        return {
          condition,
          not: tf.logicalNot(condition),
          where: tf.where(condition, a!, tf.neg(b!)),
          whereBool: tf.where(condition, tf.less(a!, 0), tf.less(b!, 0)),
        };
      };
      await expectSame(runtime(), step, inputs);
    },
  );

  property(
    'reductions in every layout, and their gradients',
    50,
    fc.record({ f: among(...reductions), shape: shapes(4), mask: integer(1, 15), keep: fc.boolean(), seed }),
    async ({ f: [, f], shape, mask, keep, seed }) => {
      const axes = [0, 1, 2, 3].filter((axis) => (mask >> axis) & 1);
      const inputs = { x: numbers(shape, seed) };
      const g = (x: tf.Tensor) => f(tf.maxPool(x as T4, 1, 1, 'valid'), axes, keep);
      // The gradient of tf.prod needs chained operators, which tfjs-core alone does not have.
      const step: StepFunction = f === tf.prod ? ({ x }) => ({ y: g(x!) }) : withGradients((x) => g(x!));
      await expectSame(runtime(), step, inputs, 1e-5);
    },
  );

  property(
    'slicing, padding, reversing, mirroring and concatenation in every layout, and their gradients',
    60,
    fc.record({ shape: shapes(4), axis: integer(0, 3), cut: integer(0, 2), pad: integer(0, 2), seed }),
    async ({ shape, axis, cut, pad, seed }) => {
      const begin = shape.map((length, i) => (i === axis ? Math.min(cut, length - 1) : 0));
      const size = shape.map((length, i) => length - begin[i]!);
      const paddings = shape.map((_, i) => (i === axis ? [pad, 1] : [0, 0]) as [number, number]);
      const f = withGradients((x) => {
        const pooled = tf.maxPool(x as T4, 1, 1, 'valid');
        const sliced = tf.slice(pooled, begin, size);
        return tf.square(tf.concat([tf.pad(sliced, paddings, 0.5), tf.reverse(sliced, axis), sliced], axis));
      });
      await expectSame(runtime(), f, { x: numbers(shape, seed) });
      const mirrored = shape.map(
        (length, i) => (i === axis ? [length - 1, length - 1] : [0, 0]) as [number, number],
      );
      const g: StepFunction = ({ x }) => ({
        reflect: tf.mirrorPad(tf.maxPool(x as T4, 1, 1, 'valid'), mirrored, 'reflect'),
        symmetric: tf.mirrorPad(x!, mirrored, 'symmetric'),
      });
      await expectSame(runtime(), g, { x: numbers(shape, seed) });
    },
  );

  property(
    'reflected borders made of slices, and their gradients',
    15,
    fc.record({
      channels: among(3, 16),
      kernel: among(3, 5),
      height: integer(4, 7),
      width: integer(4, 7),
      skip: fc.boolean(),
      seed,
    }),
    async ({ channels, kernel, height, width, skip, seed }) => {
      const inputs = {
        x: numbers([2, height, width, channels], seed),
        filter: numbers([kernel, kernel, channels, channels], seed + 1),
      };
      const f = withGradients((x, filter) => {
        const start = tf.relu(x!) as T4;
        const y = tf.conv2d(reflectPad(start, (kernel - 1) / 2), filter as T4, 1, 'valid');
        return skip ? tf.add(start, y) : y;
      });
      await expectSame(runtime(), f, inputs);
    },
  );

  property(
    'matrix products, and their gradients',
    30,
    fc.record({
      sizes: fc.tuple(integer(1, 6), integer(1, 6), integer(1, 6)),
      stack: integer(1, 3),
      a: fc.boolean(),
      b: fc.boolean(),
      seed,
    }),
    async ({ sizes: [m, k, n], stack, a, b, seed }) => {
      const inputs = {
        left: numbers([stack, ...(a ? [k, m] : [m, k])], seed),
        right: numbers([stack, ...(b ? [n, k] : [k, n])], seed + 1),
      };
      const f = withGradients((left, right) => tf.matMul(left!, right!, a, b));
      await expectSame(runtime(), f, inputs);
    },
  );

  property(
    'softmax, log-softmax and one-hot labels, and their gradients',
    20,
    fc.record({ rows: integer(1, 5), classes: integer(2, 5), scale: among(1, 30), seed }),
    async ({ rows, classes, scale, seed }) => {
      const inputs = { x: numbers([rows, classes], seed, -scale, scale) };
      await expectSame(
        runtime(),
        withGradients((x) => tf.softmax(x!)),
        inputs,
      );
      await expectSame(
        runtime(),
        withGradients((x) => tf.logSoftmax(x!)),
        inputs,
      );
      const labels: StepFunction = ({ x }) => ({
        y: tf.oneHot(tf.argMax(x!, -1), classes),
        top: tf.max(x!, -1),
      });
      await expectSame(runtime(), labels, inputs);
    },
  );

  property(
    'batch and instance normalization, and their gradients',
    20,
    fc.record({ batch, channels: among(1, 3, 16), size: integer(2, 5), instance: fc.boolean(), seed }),
    async ({ batch, channels, size, instance, seed }) => {
      const inputs = {
        x: numbers([batch, size, size, channels], seed),
        scale: numbers([channels], seed + 1),
        offset: numbers([channels], seed + 2),
      };
      const f = withGradients((x, scale, offset) => {
        const { mean, variance } = tf.moments(x!, instance ? [1, 2] : [0, 1, 2], true);
        if (instance)
          return tf.add(tf.mul(tf.div(tf.sub(x!, mean), tf.sqrt(tf.add(variance, 1e-3))), scale!), offset!);
        return tf.batchNorm(
          x as T4,
          tf.squeeze(mean, [0, 1, 2]),
          tf.squeeze(variance, [0, 1, 2]),
          offset as tf.Tensor1D,
          scale as tf.Tensor1D,
          1e-3,
        );
      });
      await expectSame(runtime(), f, inputs, 1e-4);
    },
  );

  property(
    'reshaping, tiling, stacking, gathering, one-hot and cumulative sums',
    25,
    fc.record({
      rows: integer(1, 4),
      columns: integer(1, 4),
      reps: fc.tuple(integer(1, 3), integer(1, 3)),
      seed,
    }),
    async ({ rows, columns, reps, seed }) => {
      const inputs = { x: numbers([rows, columns], seed) };
      const indices = tf.tensor1d([rows - 1, 0, rows - 1], 'int32');
      const f = withGradients((x) => {
        const tiled = tf.tile(x!, reps);
        const gathered = tf.sum(tf.gather(x!, indices), 0);
        const [first] = tf.unstack(tf.stack([x!, tf.transpose(tf.transpose(x!))]));
        const pieces = tf.split(tf.concat([x!, first!], 1), 2, 1);
        return tf.add(
          tf.mean(tf.mul(tiled, 2)),
          tf.add(tf.sum(tf.square(gathered)), tf.sum(tf.cumsum(pieces[1]!, 1))),
        );
      });
      await expectSame(runtime(), f, inputs, 1e-5);
      const shaped: StepFunction = ({ x }) => ({
        strided: tf.stridedSlice(x!, [0, columns - 1], [rows, -columns - 1], [1, -1]),
        broadcast: tf.broadcastTo(tf.reshape(x!, [rows, 1, columns]), [rows, 2, columns]),
        range: tf.add(tf.range(0, columns), tf.linspace(0, 1, columns)),
        any: tf.any(tf.greater(x!, 0.5), 1),
        all: tf.all(tf.greater(x!, -0.5), 0, true),
      });
      await expectSame(runtime(), shaped, inputs);
      indices.dispose();
    },
  );

  property(
    'depth to space, space to batch and batch to space',
    15,
    fc.record({ block: among(2, 3), size: integer(1, 3), channels: integer(1, 3), seed }),
    async ({ block, size, channels, seed }) => {
      const inputs = {
        x: numbers([block * block, size * block, size * block, channels * block * block], seed),
      };
      const f: StepFunction = ({ x }) => ({
        space: tf.depthToSpace(x as T4, block),
        batch: tf.spaceToBatchND(
          x!,
          [block, block],
          [
            [0, 0],
            [block, 0],
          ],
        ),
        back: tf.batchToSpaceND(
          x!,
          [block, block],
          [
            [0, 0],
            [1, 0],
          ],
        ),
      });
      await expectSame(runtime(), f, inputs);
    },
  );
}

/** Image batches whose channels fill blocks or do not. */
function shapes(rank: 4) {
  return fc
    .tuple(integer(1, 3), integer(1, 5), integer(1, 5), among(1, 3, 16, 32))
    .map((shape) => shape.slice(0, rank));
}

const eye = (size: number) =>
  Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));

function reflectPad(x: T4, size: number): T4 {
  return [1, 2].reduce<T4>((image, axis) => {
    const line = (at: number) =>
      tf.slice(
        image,
        [0, 0, 0, 0].with(axis, at),
        [...image.shape].with(axis, 1) as [number, number, number, number],
      );
    const before = Array.from({ length: size }, (_, i) => line(size - i));
    const after = Array.from({ length: size }, (_, i) => line(image.shape[axis]! - 2 - i));
    return tf.concat([...before, image, ...after], axis);
  }, x);
}

type Unary = [name: string, f: (x: tf.Tensor) => tf.Tensor, low: number, high: number];
const unary: Unary[] = [
  ['abs', tf.abs, -1, 1],
  ['acos', tf.acos, -0.9, 0.9],
  ['acosh', tf.acosh, 1.1, 3],
  ['asin', tf.asin, -0.9, 0.9],
  ['asinh', tf.asinh, -2, 2],
  ['atan', tf.atan, -2, 2],
  ['atanh', tf.atanh, -0.9, 0.9],
  ['ceil', tf.ceil, -3, 3],
  ['clip', (x) => tf.clipByValue(x, -0.5, 0.5), -1, 1],
  ['cos', tf.cos, -3, 3],
  ['cosh', tf.cosh, -2, 2],
  ['elu', tf.elu, -2, 2],
  ['erf', tf.erf, -2, 2],
  ['exp', tf.exp, -2, 2],
  ['expm1', tf.expm1, -2, 2],
  ['floor', tf.floor, -3, 3],
  ['leakyRelu', (x) => tf.leakyRelu(x, 0.1), -1, 1],
  ['log', tf.log, 0.1, 3],
  ['log1p', tf.log1p, -0.5, 3],
  ['neg', tf.neg, -1, 1],
  ['prelu', (x) => tf.prelu(x, tf.scalar(0.3)), -1, 1],
  ['reciprocal', tf.reciprocal, 0.5, 2],
  ['relu', tf.relu, -1, 1],
  ['relu6', tf.relu6, -8, 8],
  ['round', tf.round, -3, 3],
  ['rsqrt', tf.rsqrt, 0.5, 2],
  ['selu', tf.selu, -2, 2],
  ['sigmoid', tf.sigmoid, -4, 4],
  ['sign', tf.sign, -1, 1],
  ['sin', tf.sin, -3, 3],
  ['sinh', tf.sinh, -2, 2],
  ['softplus', tf.softplus, -4, 4],
  ['sqrt', tf.sqrt, 0.1, 2],
  ['square', tf.square, -2, 2],
  ['step', (x) => tf.mul(tf.step(x, 0.25), x), -1, 1],
  ['tan', tf.tan, -1, 1],
  ['tanh', tf.tanh, -2, 2],
];

type Binary = [name: string, f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, low: number, high: number];
const binary: Binary[] = [
  ['add', tf.add, -1, 1],
  ['sub', tf.sub, -1, 1],
  ['mul', tf.mul, -1, 1],
  ['div', tf.div, 0.5, 2],
  ['maximum', tf.maximum, -1, 1],
  ['minimum', tf.minimum, -1, 1],
  ['pow', tf.pow, 0.5, 2],
  ['squaredDifference', tf.squaredDifference, -1, 1],
];

type Comparison = [name: string, f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor];
const comparisons: Comparison[] = [
  ['equal', tf.equal],
  ['notEqual', tf.notEqual],
  ['greater', tf.greater],
  ['greaterEqual', tf.greaterEqual],
  ['less', tf.less],
  ['lessEqual', tf.lessEqual],
  ['and', (a, b) => tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 1))],
  ['or', (a, b) => tf.logicalOr(tf.greater(a, 0), tf.greater(b, 1))],
  ['xor', (a, b) => tf.logicalXor(tf.greater(a, 0), tf.greater(b, 1))],
];

type Reduction = [name: string, f: (x: tf.Tensor, axes: number[], keepDims: boolean) => tf.Tensor];
const reductions: Reduction[] = [
  ['sum', tf.sum],
  ['mean', tf.mean],
  ['max', tf.max],
  ['min', tf.min],
  ['prod', tf.prod],
  ['logSumExp', tf.logSumExp],
];
