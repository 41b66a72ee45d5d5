import { expect, test } from 'vitest';
import { createRng, type Rng } from './rng.ts';

const draw = (rng: Rng, count = 8) => Array.from({ length: count }, () => rng.next());

test('the same seed and path give the same numbers', () => {
  expect(draw(createRng(7).fork('a').fork(3))).toEqual(draw(createRng(7).fork('a').fork(3)));
});

test('a fork does not depend on what was drawn before it', () => {
  const fresh = createRng(7).fork('a');
  const used = createRng(7);
  draw(used, 100);
  expect(draw(used.fork('a'))).toEqual(draw(fresh));
});

test('seeds, keys, kinds of keys and depths all lead elsewhere', () => {
  const root = createRng(1);
  const sources = [
    root,
    createRng(2),
    createRng(-1),
    createRng(0.5),
    createRng(2 ** 40),
    root.fork(1),
    root.fork('1'),
    root.fork(2),
    root.fork(1).fork(2),
    root.fork(2).fork(1),
    root.fork('ab'),
    root.fork('a').fork('b'),
    root.fork(''),
  ];
  const firsts = sources.map((source) => draw(source, 2).join());
  expect(new Set(firsts).size).toBe(sources.length);
});

test('next is uniform, int is uniform below its bound, normal has mean 0 and std 1', () => {
  const rng = createRng(3);
  const count = 20_000;
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const uniform = Array.from({ length: count }, () => rng.next());
  expect(mean(uniform)).toBeCloseTo(0.5, 1.7);
  expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...uniform)).toBeLessThan(1);

  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < count; i++) counts[rng.int(5)]! += 1;
  for (const hits of counts) expect(hits / count).toBeCloseTo(0.2, 1.7);

  const normal = Array.from({ length: count }, () => rng.normal());
  expect(mean(normal)).toBeCloseTo(0, 1.4);
  expect(Math.sqrt(mean(normal.map((value) => value ** 2)))).toBeCloseTo(1, 1.4);
});

test('neighboring forks are not correlated', () => {
  const root = createRng(11);
  const pairs = Array.from({ length: 4000 }, (_, i) => [
    root.fork(i).next() - 0.5,
    root.fork(i + 1).next() - 0.5,
  ]);
  const covariance = pairs.reduce((sum, [a, b]) => sum + a! * b!, 0) / pairs.length;
  expect(Math.abs(covariance)).toBeLessThan(0.005);
});
