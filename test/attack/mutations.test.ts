/** @file Every kind of input, damaged in many ways: it is read, rejected with a reason, or refused with a sentence. */
import { expect, test } from 'vitest';
import { attemptsAt, mutationKinds } from './mutations.ts';

/** `npm run attack` makes ten times as many and more, of all kinds. */
const ATTEMPTS = 100;

// Promises of a damaged file that nobody looked at ended the process; an id that is an object was shown as such.
test.each([
  ['format parquet', 157],
  ['format parquet', 640],
  ['format parquet', 721],
  ['format coco', 564],
])('damage that was found once: %s, attempt %i of seed 1', async (name, index) => {
  const kind = mutationKinds.find((one) => one.name === name)!;
  for await (const attempt of attemptsAt(kind, { seed: 1, from: index, to: index + 1 }))
    expect(attempt).toMatchObject({ outcome: expect.any(String) });
});

test.each(mutationKinds.map((kind) => [kind.name, kind] as const))('damage to %s', async (_, kind) => {
  const failures: string[] = [];
  const outcomes = new Map<string, number>();
  const to = Math.ceil(ATTEMPTS * kind.share);
  for await (const attempt of attemptsAt(kind, { seed: 1, to })) {
    if ('failure' in attempt) failures.push(`${attempt.index}: ${attempt.failure}`);
    else outcomes.set(attempt.outcome, (outcomes.get(attempt.outcome) ?? 0) + 1);
  }
  expect(failures).toEqual([]);
  // Damage that never shows would test nothing.
  const shown = (outcomes.get('rejected') ?? 0) + (outcomes.get('sentence') ?? 0);
  if (!kind.isTolerant) expect(shown).toBeGreaterThan(to / 10);
});
