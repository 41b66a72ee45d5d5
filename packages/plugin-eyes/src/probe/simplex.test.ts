import { expect, test } from 'vitest';
import { climb } from './simplex.ts';

test('it climbs a curved ridge to its top', () => {
  // Rosenbrock's valley, upside down.
  const ridge = ([x, y]: readonly number[]) => -((1 - x!) ** 2) - 100 * (y! - x! ** 2) ** 2;
  const { at, value } = climb(ridge, [-1, 1], [0.5, 0.5], 200);
  expect(at[0]).toBeCloseTo(1, 3);
  expect(at[1]).toBeCloseTo(1, 3);
  expect(value).toBeCloseTo(0, 6);
});

test('it never ends below its start', () => {
  const comb = ([x]: readonly number[]) => Math.sin(50 * x!) - Math.abs(x!);
  expect(climb(comb, [0.3], [1], 30).value).toBeGreaterThanOrEqual(comb([0.3]));
});
