import { expect, test } from 'vitest';
import { binomialTail, shareAtLeast } from './binomial.ts';

test('tails are those of the binomial distribution', () => {
  expect(binomialTail(0, 10, 0.3)).toBe(1);
  expect(binomialTail(11, 10, 0.3)).toBe(0);
  expect(binomialTail(10, 10, 0.5)).toBeCloseTo(2 ** -10, 12);
  expect(binomialTail(3, 5, 0.5)).toBeCloseTo(0.5, 12);
  // The visual Turing test of the paper, section 3.1: 517 right of 1000.
  expect(binomialTail(517, 1000, 0.5)).toBeCloseTo(0.148345, 6);
  expect(binomialTail(1, 1e6, 0)).toBe(0);
  expect(binomialTail(1, 5, 1)).toBe(1);
});

test('bounds are those of Clopper and Pearson', () => {
  // n of n: the bound is alpha^(1/n).
  expect(shareAtLeast(100, 100, 0.99)).toBeCloseTo(0.01 ** (1 / 100), 9);
  expect(shareAtLeast(1, 1, 0.95)).toBeCloseTo(0.05, 9);
  expect(shareAtLeast(90, 100, 0.99)).toBeCloseTo(0.80867, 5);
  expect(shareAtLeast(0, 100, 0.99)).toBe(0);
  expect(shareAtLeast(0, 0, 0.99)).toBe(0);
  const bound = shareAtLeast(950, 1000, 0.99);
  expect(binomialTail(950, 1000, bound)).toBeCloseTo(0.01, 6);
});
