import { expect, test } from 'vitest';
import { describeRange, rangeOfSet } from './stored-range.ts';

test.each([
  [1020, [0, 1023], '10 bits in 16 (0 to 1023)'],
  [3800, [0, 4095], '12 bits in 16 (0 to 4095)'],
  [16_000, [0, 16_383], '14 bits in 16 (0 to 16383)'],
  [255, [0, 255], '8 bits in 16 (0 to 255)'],
  [65_472, [0, 65_535], undefined],
])('a set whose highest value is %i', (highest, range, words) => {
  expect(rangeOfSet(highest)).toEqual(range);
  expect(describeRange(range as [number, number])).toBe(words);
});

test.each([0, 300, 1500, 30_000])(
  'what range a highest value of %i belongs to cannot be known',
  (highest) => {
    expect(rangeOfSet(highest)).toBeUndefined();
  },
);
