import { expect, test } from 'vitest';
import { decide, type SteeredRecipe } from './decide.ts';
import type { LabelSignal, Signals, UseSignal } from './signals.ts';

const labels: LabelSignal = { unit: 'px', median: 0.3, p95: 1, lost: 0, found: 100 };
const look = (step: number, distance: number, more: Partial<Signals> = {}): Signals => ({
  step,
  distance,
  distanceBefore: 40,
  distanceControl: 0,
  moved: 0.03,
  gradientCorrelation: 0.9,
  fixedPattern: 0,
  border: 1,
  diversity: 1,
  detail: 1,
  lambda: 5,
  regularization: 0.06,
  discriminatorLoss: 0.5,
  accuracyOnRefined: 0.7,
  accuracyOnReal: 0.7,
  labels,
  ...more,
});
const run = (distances: readonly number[], more: (n: number) => Partial<Signals> = () => ({})) =>
  distances.map((distance, n) => look((n + 1) * 100, distance, more(n)));
const steering = { every: 100, patience: 4, least: 300 };
const recipe: SteeredRecipe = { steering, lambda: 5, warmup: { refiner: 0, discriminator: 0 } };

test('the best look is the closest one, smoothed over its neighbors', () => {
  expect(decide([], recipe)).toEqual({ best: undefined, end: undefined });
  expect(decide(run([10, 8, 6, 5]), recipe)).toEqual({ best: 400, end: undefined });
  // One lucky look is no best.
  expect(decide(run([10, 9, 1, 9, 8, 7, 6]), recipe).best).toBe(700);
});

test('a run ends when the distance no longer falls, and not before its least number of turns', () => {
  const flat = run([10, 5, 5, 5, 5, 5, 5, 5]);
  expect(decide(flat.slice(0, 5), recipe).end).toBeUndefined();
  expect(decide(flat, recipe).end).toMatch('has not fallen by 5% in 4 looks');
  expect(decide(flat, { ...recipe, steering: { ...steering, least: 5000 } }).end).toBeUndefined();
  const falling = run([10, 9, 8, 7, 6, 5, 4, 3, 2]);
  expect(decide(falling, recipe).end).toBeUndefined();
});

test('looks whose labels moved are never the best, and two in a row end the run', () => {
  const drifting = run([10, 8, 6, 4, 2], (n) => ({ labels: { ...labels, median: n >= 3 ? 1.2 : 0.3 } }));
  expect(decide(drifting, recipe)).toEqual({
    best: 300,
    end: expect.stringMatching(/moved by more than 0.8 px in two looks in a row \(1.20\)/),
  });
  expect(decide(drifting, { ...recipe, steering: { ...steering, labelShift: 2 } })).toEqual({
    best: 500,
    end: undefined,
  });
});

test('a redrawn picture, lost labels or an infinite distance is no best', () => {
  const bad = run([10, 1, 1, 1, 9.9], (n) =>
    n === 1
      ? { gradientCorrelation: 0.1 }
      : n === 2
        ? { labels: { ...labels, lost: 0.5 } }
        : n === 3
          ? { distance: Number.NaN }
          : {},
  );
  expect([100, 500]).toContain(decide(bad, recipe).best);
  expect(decide(run([Number.NaN]), recipe).best).toBeUndefined();
});

test('a look found less useful than raw pictures, and those after it, come after all others', () => {
  const use = (verdict: UseSignal['verdict']): Partial<Signals> => ({
    use: { verdict, score: 0.5, raw: 0.6, noise: 0.02, reason: 'Because.' },
  });
  const judgedAt = (places: Readonly<Record<number, UseSignal['verdict']>>) => (n: number) =>
    n in places ? use(places[n]!) : {};
  const falling = [10, 9, 8, 7, 6, 5];
  expect(decide(run(falling), recipe).best).toBe(600);
  for (const verdict of ['worse', 'refused'] as const) {
    expect(decide(run(falling, judgedAt({ 3: verdict })), recipe).best).toBe(300);
    // A later judgment may take it back.
    expect(decide(run(falling, judgedAt({ 2: verdict, 4: 'no different' })), recipe).best).toBe(600);
  }
  expect(decide(run(falling, judgedAt({ 1: 'better', 3: 'no different' })), recipe).best).toBe(600);
  // Where all are, the closest is still the best of them.
  expect(decide(run(falling, judgedAt({ 0: 'worse' })), recipe).best).toBe(600);
});

test('a look at which nothing has changed yet is the best only where none has an effect', () => {
  // The distances and changes of a run in which digits are moved, whose last pictures look right.
  const rising = [9.3, 53, 62, 37, 21, 17];
  const moved = [0.0012, 0.0076, 0.014, 0.019, 0.021, 0.024];
  expect(
    decide(
      run(rising, (n) => ({ moved: moved[n]! })),
      recipe,
    ).best,
  ).toBe(600);
  expect(
    decide(
      run(rising, () => ({ moved: 0.001 })),
      recipe,
    ).best,
  ).toBe(100);
  // Where a target asks for less, a tenth of it is an effect.
  expect(
    decide(
      run(rising, (n) => ({ moved: n === 0 ? 0.0009 : 0.002 })),
      { ...recipe, lambda: { start: 5, target: 0.01 } },
    ).best,
  ).toBe(600);
  // A refused look has an effect, and a bad one.
  const refused: Partial<Signals> = {
    use: { verdict: 'refused', score: 0.5, raw: 0.6, noise: 0.02, reason: 'Because.' },
  };
  expect(
    decide(
      run(rising, (n) => ({ moved: moved[n]!, ...(n === 1 && refused) })),
      recipe,
    ).best,
  ).toBe(100);
});
