import { trace } from '@simgan/tfjs-trace';
import { expect, test } from 'vitest';
import { tf, useOracle } from '../../tfjs-trace/test/oracle.ts';
import { lowerStep, type ProductSize } from '../src/index.ts';
import { candidatesFor, invocationsOf, nameOf, tileFor, vectorsOf } from '../src/kernels/tiles.ts';

useOracle();

const lengths = [1, 7, 36, 64, 200, 576, 4096, 70000];
const products = (['images', 'filters'] as const).flatMap((kind) =>
  lengths.flatMap((rows) =>
    [1, 2, 8, 16, 32, 64, 96].map((columns): ProductSize => ({ kind, rows, depth: 100, columns })),
  ),
);

test('every tile keeps the limits of every GPU, and divides its work among its invocations', () => {
  for (const product of products) {
    for (const tile of candidatesFor(product)) {
      const { left, right } = vectorsOf(product.kind, tile);
      expect(16 * (left + right)).toBeLessThanOrEqual(16384);
      expect(invocationsOf(tile)).toBeLessThanOrEqual(256);
      expect([tile.rows % tile.high, tile.columns % (4 * tile.wide), tile.depth % 4]).toEqual([0, 0, 0]);
      if (product.kind === 'filters') expect(tile.high % 4).toBe(0);
    }
  }
});

test('the filters of the large layers have tiles of three taps, eight by eight to an invocation', () => {
  expect(nameOf(tileFor({ kind: 'filters', rows: 576, depth: 61600, columns: 64 }))).toBe('192x64x8/8x8');
  expect(nameOf(tileFor({ kind: 'images', rows: 61600, depth: 576, columns: 64 }))).toBe('128x64x16/8x8');
});

test('a measured tile is taken for its product and those near it, and for no others', () => {
  const product: ProductSize = { kind: 'images', rows: 1000, depth: 72, columns: 64 };
  const tile = { rows: 16, columns: 64, depth: 8, high: 2, wide: 1 } as const;
  const farther = { ...tile, depth: 32 };
  const tuned = [
    { ...product, rows: 3000, tile: farther },
    { ...product, tile },
  ];
  expect(tileFor(product, tuned)).toBe(tile);
  expect(tileFor({ ...product, rows: 2500 }, tuned)).toBe(farther);
  for (const other of [{ rows: 20000 }, { columns: 32 }, { kind: 'filters' as const }]) {
    const asked = { ...product, ...other };
    expect(tileFor(asked, tuned)).toEqual(tileFor(asked));
  }
});

test('a step is lowered with the measured tiles', () => {
  const step = trace(({ a, b }) => ({ y: tf.matMul(a!, b!) }), {
    a: { shape: [256, 64], dtype: 'float32' },
    b: { shape: [64, 64], dtype: 'float32' },
  });
  const limits = { buffers: 8, bytes: 2 ** 28 };
  const tile = { rows: 16, columns: 64, depth: 8, high: 2, wide: 1 } as const;
  const tuned = [{ kind: 'images', rows: 256, depth: 64, columns: 64, tile } as const];
  const groups = (program: ReturnType<typeof lowerStep>) =>
    program.kernels.map(({ workgroups }) => workgroups[0]);
  expect(groups(lowerStep(step, limits))).toEqual([8]);
  expect(groups(lowerStep(step, limits, tuned))).toEqual([16]);
});

test('a gradient of a strided convolution multiplies each pixel with its own taps only', () => {
  const step = trace(
    ({ x, dy, filter }) => ({
      dx: tf.grad((image) => tf.conv2d(image as tf.Tensor4D, filter as tf.Tensor4D, 2, 'same'))(x!, dy!),
    }),
    {
      x: { shape: [1, 16, 16, 16], dtype: 'float32' },
      dy: { shape: [1, 8, 8, 16], dtype: 'float32' },
      filter: { shape: [3, 3, 16, 16], dtype: 'float32' },
    },
  );
  const { code } = lowerStep(step, { buffers: 8, bytes: 2 ** 28 }).kernels.at(-1)!;
  // Of nine taps, a pixel is under four, two, two or one.
  expect(code).toContain('fn depth_of(z: u32)');
});
