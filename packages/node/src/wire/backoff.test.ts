import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { backoffDelay } from './backoff.ts';

const limits = { backoffMs: 100, maxBackoffMs: 1000 };

test('delays double up to a limit, and half of each is random', () => {
  for (let seed = 0; seed < 200; seed++) {
    const rng = createRng(seed);
    for (const [failures, longest] of [
      [1, 100],
      [2, 200],
      [4, 800],
      [5, 1000],
      [2000, 1000],
    ] as const) {
      const delay = backoffDelay(failures, rng, limits);
      expect(delay).toBeGreaterThanOrEqual(longest / 2);
      expect(delay).toBeLessThan(longest);
    }
  }
  const firsts = Array.from({ length: 200 }, (_, seed) => backoffDelay(1, createRng(seed), limits));
  expect(Math.min(...firsts)).toBeLessThan(55);
  expect(Math.max(...firsts)).toBeGreaterThan(95);
});

test('the same source gives the same delays', () => {
  const delays = () =>
    [1, 2, 3].map((failures) => backoffDelay(failures, createRng(5).fork(failures), limits));
  expect(delays()).toEqual(delays());
});
