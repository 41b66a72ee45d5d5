import { expect, test } from 'vitest';
import { differenceProblem } from './probe.ts';

test('a device whose results differ from the CPU, or are no numbers, is not to be trusted', () => {
  const expected = Float32Array.of(1, -2, 3);
  expect(
    differenceProblem(
      expected.map((value) => value + 5e-5),
      expected,
    ),
  ).toBeUndefined();
  expect(differenceProblem(Float32Array.of(1, -2, 3.5), expected)).toBe(
    "its results differ from the CPU's by 0.5",
  );
  expect(differenceProblem(Float32Array.of(1, Number.NaN, 3), expected)).toContain('differ');
});
