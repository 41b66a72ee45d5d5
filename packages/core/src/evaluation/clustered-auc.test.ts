import { expect, test } from 'vitest';
import { createRng } from '../rng.ts';
import { clusteredAuc } from './clustered-auc.ts';

const width = ({ interval }: ReturnType<typeof clusteredAuc>) => interval.high - interval.low;
const alone = (scores: readonly number[]) => scores.map((score) => [score]);

test('the area counts pairs, and equal scores half', () => {
  // Of 4 x 3 pairs the first set wins 8 and ties 1.
  const { auc } = clusteredAuc(
    [
      [3, 5],
      [2, 6],
    ],
    [[1], [3], [4]],
  );
  expect(auc).toBeCloseTo(8.5 / 12, 12);
  expect(clusteredAuc(alone([2, 2]), alone([2, 2, 2])).auc).toBe(0.5);
});

test('the variance of single scores is that of DeLong, DeLong and Clarke-Pearson', () => {
  // By hand: placements of the first set 1/3, 2/3, 1 with variance 1/9, of the second 1/3, 2/3, 1 with 1/9.
  const { auc, interval } = clusteredAuc(alone([2, 4, 6]), alone([1, 3, 5]));
  expect(auc).toBeCloseTo(2 / 3, 12);
  // Wilson's interval of 2/3 in (2/9) / (2/27) = 3 trials.
  expect(interval.low).toBeCloseTo(0.2077, 3);
  expect(interval.high).toBeCloseTo(0.9385, 3);
});

test('copies of a score make the interval no narrower, other pictures do', () => {
  const rng = createRng(1);
  const draw = (count: number, mean: number) => Array.from({ length: count }, () => mean + rng.normal());
  const [positive, negative] = [draw(40, 1), draw(40, 0)];
  const copied = (scores: readonly number[]) => scores.map((score) => Array.from({ length: 6 }, () => score));
  const once = clusteredAuc(alone(positive), alone(negative));
  const sixTimes = clusteredAuc(copied(positive), copied(negative));
  expect(sixTimes.auc).toBeCloseTo(once.auc, 12);
  expect(width(sixTimes)).toBeCloseTo(width(once), 12);
  const others = clusteredAuc(alone([...positive, ...draw(200, 1)]), alone([...negative, ...draw(200, 0)]));
  expect(width(others)).toBeLessThan(0.6 * width(once));
});

test('nineteen of twenty intervals hold the true area, of crops that depend on their picture', () => {
  const rng = createRng(2);
  // A picture's level has variance 1/2, each of its four crops 1/2 more: the difference of two crops has variance 2.
  const pictures = (count: number, mean: number) =>
    Array.from({ length: count }, () => {
      const level = mean + Math.SQRT1_2 * rng.normal();
      return Array.from({ length: 4 }, () => level + Math.SQRT1_2 * rng.normal());
    });
  // P(N(1, 2) > 0) = Phi(1 / sqrt 2).
  const truth = 0.7602499;
  let held = 0;
  for (let n = 0; n < 400; n++) {
    const { interval } = clusteredAuc(pictures(30, 1), pictures(30, 0));
    if (interval.low <= truth && truth <= interval.high) held += 1;
  }
  expect(held / 400).toBeGreaterThan(0.92);
  expect(held / 400).toBeLessThan(0.98);
});

test('sets that are told apart without an error still have an interval', () => {
  const { auc, interval } = clusteredAuc(alone([3, 4, 5, 6]), alone([0, 1, 2]));
  expect(auc).toBe(1);
  expect(interval.high).toBe(1);
  expect(interval.low).toBeCloseTo(7 / (7 + 1.96 ** 2), 6);
  expect(() => clusteredAuc(alone([1]), alone([1, 2]))).toThrow('two pictures of each set, not 1 and 2');
});
