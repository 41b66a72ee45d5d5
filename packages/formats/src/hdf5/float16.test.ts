import { expect, test } from 'vitest';
import { float16Value } from './float16.ts';

// Examples of IEEE 754's binary16 as Wikipedia's "Half-precision floating-point format" lists them.
test.each([
  [0x0000, 0],
  [0x0001, 2 ** -24],
  [0x03ff, 2 ** -14 * (1023 / 1024)],
  [0x0400, 2 ** -14],
  [0x3555, 0.333251953125],
  [0x3c00, 1],
  [0x7bff, 65504],
  [0x7c00, Number.POSITIVE_INFINITY],
  [0xfc00, Number.NEGATIVE_INFINITY],
  [0xc000, -2],
  [0x7e00, Number.NaN],
])('0x%s is %s', (bits, value) => {
  expect(float16Value(bits)).toBe(value);
});
