import { expect, test } from 'vitest';
import type { ClassAnswers, PlaceAnswers } from './answers.ts';
import { information } from './information.ts';

const classes = (...probabilities: number[][]): ClassAnswers => ({
  kind: 'class',
  classes: probabilities[0]!.length,
  chosen: probabilities.map((row) => row.indexOf(Math.max(...row))),
  probabilities,
});
const values = (...numbers: number[]): PlaceAnswers => ({
  kind: 'places',
  places: 1,
  dimensions: 1,
  numbers: numbers.map((value) => [value]),
});

test('the information of classes is that of certain and varied answers', () => {
  const labels = classes([1, 0], [0, 1]);
  expect(information(classes([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]), labels)).toBeCloseTo(
    2,
    9,
  );
  expect(information(classes([1, 0], [1, 0]), labels)).toBeCloseTo(0, 9);
  expect(information(classes([0.5, 0.5], [0.5, 0.5]), labels)).toBeCloseTo(0, 9);
  // An entropy of 1 bit in all, of which 0.811 are doubt.
  expect(information(classes([0.75, 0.25], [0.25, 0.75]), labels)).toBeCloseTo(1 - 0.8113, 3);
});

test('the information of values is how far they spread, up to the labels’ own spread', () => {
  const labels = values(0, 10);
  expect(information(values(2, 8), labels)).toBeCloseTo(0.6, 9);
  expect(information(values(-90, 90), labels)).toBe(1);
  expect(information(values(5, 5), labels)).toBe(0);
  expect(information(values(5, 8), values(1, 1))).toBe(0);
});
