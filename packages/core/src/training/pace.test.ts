import { expect, test } from 'vitest';
import { type AdaptiveUpdates, adaptiveProblems, initialPace, nextPace, type Pace } from './pace.ts';

const turn = (accuracy: number, loss: number) => ({
  accuracyOnRefined: accuracy,
  accuracyOnReal: accuracy,
  loss,
  lossSum: loss,
});

function after(
  turns: number,
  updates: number | AdaptiveUpdates,
  accuracy: number,
  loss: number,
  from?: Pace,
) {
  let pace = from ?? initialPace(updates);
  for (let n = 0; n < turns; n++) pace = nextPace(updates, pace, turn(accuracy, loss));
  return pace;
}

test('a fixed number of refiner steps stays', () => {
  expect(after(200, 50, 1, 0).refinerUpdates).toBe(50);
  expect(initialPace(2).refinerUpdates).toBe(2);
});

test('the refiner gets more steps while the discriminator wins, up to the bound, and fewer while it guesses', () => {
  expect(initialPace({}).refinerUpdates).toBe(1);
  const won = after(60, {}, 0.97, 0.1);
  expect(won.refinerUpdates).toBeGreaterThan(2);
  expect(after(1000, { range: [1, 6] }, 0.97, 0.1).refinerUpdates).toBe(6);
  const guessing = after(1000, {}, 0.5, 0.69, won);
  expect(guessing.refinerUpdates).toBe(1);
});

test('within the band, and where accuracy and loss disagree, nothing changes', () => {
  expect(after(500, { start: 7 }, 0.7, 0.5).refinerUpdates).toBe(7);
  expect(after(500, { start: 7 }, 0.95, 0.6).refinerUpdates).toBe(7);
});

test('two changes are at least `hold` turns apart', () => {
  const changes: number[] = [];
  let pace = initialPace({ hold: 25 });
  for (let n = 0; n < 200; n++) {
    const next = nextPace({ hold: 25 }, pace, turn(1, 0));
    if (next.refinerUpdates !== pace.refinerUpdates) changes.push(n);
    pace = next;
  }
  expect(changes.length).toBeGreaterThan(3);
  for (const [i, change] of changes.slice(1).entries())
    expect(change - changes[i]!).toBeGreaterThanOrEqual(25);
});

test('every wrong number is named', () => {
  expect(adaptiveProblems({})).toEqual([]);
  const problems = adaptiveProblems({ range: [3, 2], accuracy: [0.9, 0.2], loss: 0, hold: 0 });
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
    'refinerUpdates.range',
    'refinerUpdates.accuracy',
    'refinerUpdates.loss',
    'refinerUpdates.hold',
  ]);
  expect(adaptiveProblems({ start: 9, range: [1, 5] })[0]).toContain('within [1,5], not 9');
});
