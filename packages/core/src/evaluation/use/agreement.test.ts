import { expect, test } from 'vitest';
import { agreement, correctness } from './agreement.ts';
import type { Answers, ClassAnswers, PlaceAnswers } from './answers.ts';

const classes = (...chosen: number[]): ClassAnswers => ({
  kind: 'class',
  classes: 3,
  chosen,
  probabilities: chosen.map((index) => [0, 1, 2].map((other) => Number(other === index))),
});
const values = (...numbers: number[]): PlaceAnswers => ({
  kind: 'places',
  places: 1,
  dimensions: 1,
  numbers: numbers.map((value) => [value]),
});

test('classes agree by Cohen’s kappa', () => {
  // Cohen's own kind of example: of 50 pictures both say yes to 20 and no to 15, so 0.7 agree where chance gives 0.5.
  const pairs = [...Array(20).fill([1, 1]), ...Array(15).fill([0, 0]), ...Array(5).fill([1, 0])];
  const all = [...pairs, ...Array(10).fill([0, 1])] as [number, number][];
  const [a, b] = [classes(...all.map(([one]) => one)), classes(...all.map(([, other]) => other))];
  expect(agreement(a, b)).toBeCloseTo(0.4, 9);
  expect(agreement(a, a)).toBe(1);
  expect(correctness(a, b)).toBeCloseTo(0.7, 9);
});

test('one answer to everything agrees with nothing, not even with itself', () => {
  expect(agreement(classes(1, 1, 1), classes(1, 1, 1))).toBe(0);
  expect(agreement(values(4, 4, 4), values(4, 4, 4))).toBe(0);
});

test('values agree by Lin’s concordance: order alone is not enough', () => {
  const a = values(1, 2, 3, 4);
  expect(agreement(a, a)).toBe(1);
  expect(agreement(a, values(4, 3, 2, 1))).toBeCloseTo(-1, 9);
  // Shifted by 1 and of variance 1.25: 2 * 1.25 / (1.25 + 1.25 + 1).
  expect(agreement(a, values(2, 3, 4, 5))).toBeCloseTo(2.5 / 3.5, 9);
  expect(correctness(a, values(4, 3, 2, 1))).toBe(0);
});

test('points agree by the distances between them, each point alone', () => {
  const points = (...numbers: number[][]): PlaceAnswers => ({
    kind: 'places',
    places: 2,
    dimensions: 2,
    numbers,
  });
  const a = points([0, 0, 9, 9], [2, 0, 9, 5], [0, 2, 9, 1]);
  expect(agreement(a, a)).toBe(1);
  // The first point turned about its mean, the second one the same: half of the answer.
  const turned = points([2, 0, 9, 9], [0, 2, 9, 5], [0, 0, 9, 1]);
  const first = (from: PlaceAnswers): PlaceAnswers => ({
    ...from,
    places: 1,
    numbers: from.numbers.map((row) => [row[0]!, row[1]!]),
  });
  expect(agreement(a, turned)).toBeCloseTo((agreement(first(a), first(turned)) + 1) / 2, 9);
});

test('what cannot be compared is refused', () => {
  expect(() => agreement(classes(1, 2), classes(1))).toThrow('Answers to 2 and to 1 pictures');
  expect(() => agreement(classes(1) as Answers, values(1))).toThrow('different kinds');
});
