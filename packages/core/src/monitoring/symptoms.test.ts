import { expect, test } from 'vitest';
import type { Signals } from './signals.ts';
import { symptomsOf } from './symptoms.ts';

/** A run that goes well. */
const healthy: Signals = {
  step: 650,
  moved: 0.03,
  gradientCorrelation: 0.9,
  fixedPattern: 0.01,
  border: 1.1,
  diversity: 0.95,
  detail: 1.2,
  distance: 5,
  distanceBefore: 40,
  distanceControl: 0.1,
  lambda: 4,
  regularization: 0.06,
  discriminatorLoss: 0.5,
  accuracyOnRefined: 0.75,
  accuracyOnReal: 0.78,
  accuracyOnHeldOut: 0.74,
  labels: { unit: 'px', median: 0.3, p95: 1, lost: 0.01, found: 90 },
};
const recipe = { lambda: { start: 5, target: 0.06 }, warmup: { refiner: 0, discriminator: 50 } };
const namesOf = (changes: Partial<Signals>, looks = 1) =>
  symptomsOf(
    Array.from({ length: looks }, () => ({ ...healthy, ...changes })),
    recipe,
  ).map(({ name }) => name);

test('a healthy run has no symptom, and a beginning has none either', () => {
  expect(namesOf({}, 5)).toEqual([]);
  expect(symptomsOf([], recipe)).toEqual([]);
  expect(namesOf({ step: 200, moved: 0, diversity: 0 })).toEqual([]);
});

test('pictures that do not change are named so, after the cause if the discriminator shows one', () => {
  const moved = 0.001;
  expect(namesOf({ moved })).toEqual(['no effect']);
  const won = { accuracyOnRefined: 0.98, accuracyOnReal: 0.99, accuracyOnHeldOut: 0.98 };
  expect(namesOf({ moved, ...won })).toEqual(['discriminator won', 'no effect']);
  expect(namesOf({ moved, discriminatorLoss: 0.69 })).toEqual(['discriminator learns nothing', 'no effect']);
  // A discriminator that is right, or guesses, while pictures change is none.
  expect(namesOf(won)).toEqual([]);
  expect(namesOf({ discriminatorLoss: 0.69 })).toEqual([]);
});

test.each<[string, Partial<Signals>]>([
  ['collapse', { diversity: 0.4 }],
  ['content redrawn', { gradientCorrelation: 0.3 }],
  ['fixed pattern', { fixedPattern: 0.5 }],
  ['frame', { border: 3 }],
  ['labels move', { labels: { ...healthy.labels!, median: 1.1 } }],
  ['labels lost', { labels: { ...healthy.labels!, lost: 0.33 } }],
  ['real pictures memorized', { accuracyOnReal: 0.95, accuracyOnHeldOut: 0.6 }],
  ['farther from real', { distance: 80 }],
  ['less useful', { use: { verdict: 'worse', score: 0.5, raw: 0.6, noise: 0.02, reason: 'Because.' } }],
])('%s', (name, changes) => {
  expect(namesOf(changes)).toEqual([name]);
});

test('a target is out of reach once lambda has been at its floor, or weightless, for three looks', () => {
  const floor = { lambda: 0.03, regularization: 0.02 };
  expect(namesOf(floor, 2)).toEqual([]);
  expect(namesOf(floor, 3)).toEqual(['target out of reach']);
  expect(namesOf({ lambda: 0.2, regularization: 0.02 }, 3)).toEqual([]);
  expect(namesOf({ lambda: 0.03 }, 3)).toEqual([]);
});

test('pictures that do not change are not called farther from real ones', () => {
  expect(namesOf({ moved: 0.003, distance: 80 })).toEqual(['no effect']);
});

test('a label that was hardly found anywhere says nothing', () => {
  expect(namesOf({ labels: { unit: 'px', median: 5, p95: 9, lost: 0.8, found: 4 } })).toEqual([]);
});

test('findings have their figures, and advice', () => {
  const [symptom] = symptomsOf([{ ...healthy, labels: { ...healthy.labels!, lost: 0.33 } }], recipe);
  expect(symptom!.finding).toContain('33%');
  expect(symptom!.advice).toMatch(/target/);
});
