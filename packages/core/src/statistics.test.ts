import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mean, quantile, std, summarize } from './statistics.ts';

test('means and standard deviations are those of the textbook', () => {
  const values = [2, 4, 4, 4, 5, 5, 7, 9];
  expect(mean(values)).toBe(5);
  expect(std(values)).toBe(2);
  expect(std(values, 1)).toBeCloseTo(Math.sqrt(32 / 7), 12);
  expect(mean(Float64Array.of(0.5, 1.5))).toBe(1);
  expect([mean([]), std([]), std([], 1), std([3]), std([3], 1)]).toEqual([0, 0, 0, 0, 0]);
});

test('quantiles lie linearly between neighbors, in whatever order values come', () => {
  const shares = [0, 1 / 6, 0.5, 5 / 6, 1];
  const values = [40, 0, 20, 10];
  for (const [i, expected] of [0, 5, 15, 30, 40].entries()) {
    expect(quantile(values, shares[i]!)).toBeCloseTo(expected, 9);
  }
  expect(values).toEqual([40, 0, 20, 10]);
  expect(quantile([3], 0.95)).toBe(3);
  expect(quantile([], 0.5)).toBeNaN();
});

test('a summary does not depend on the order and leaves its input as it is', () => {
  const values = [9, 1, 5, 3, 7];
  expect(summarize(values)).toEqual({
    count: 5,
    median: 5,
    mean: 5,
    std: Math.sqrt(8),
    p95: expect.closeTo(8.6, 9),
  });
  expect(values).toEqual([9, 1, 5, 3, 7]);
  expect(summarize([])).toEqual({ count: 0, median: 0, mean: 0, std: 0, p95: 0 });
  const numbers = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(numbers, (list) => {
      const { median, mean: center, std: spread, p95 } = summarize(list);
      const backwards = summarize(list.toReversed());
      for (const [one, other] of [
        [median, backwards.median],
        [center, backwards.mean],
        [spread, backwards.std],
        [p95, backwards.p95],
      ] as const) {
        expect(one).toBeCloseTo(other, 6);
      }
      expect(median).toBeLessThanOrEqual(p95);
      expect(center).toBeGreaterThanOrEqual(Math.min(...list) - 1e-9);
      expect(center).toBeLessThanOrEqual(Math.max(...list) + 1e-9);
    }),
    { seed: 1 },
  );
});
