import { expect, test } from 'vitest';
import { recommendedSet, type UseGate, type UseScore, useVerdict } from './verdict.ts';

const raw: UseScore = {
  score: 0.5,
  agreement: 0.7,
  stability: 0.71,
  readsRaw: 0.9,
  readable: 0.8,
  information: 2,
};
const noiseOf = (score: number, factors = score) => ({ score, agreement: factors, stability: factors });
const verdictOf = (changed: Partial<UseScore>, kind: 'class' | 'values' = 'class', noise = noiseOf(0)) =>
  useVerdict({ ...raw, ...changed }, raw, { kind, noise });

test('a gain of four hundredths is one, less is none', () => {
  expect(verdictOf({ score: 0.541 })).toMatchObject({ verdict: 'better', failed: [] });
  expect(verdictOf({ score: 0.539 }).verdict).toBe('no different');
  expect(verdictOf({ score: 0.461 }).verdict).toBe('no different');
  expect(verdictOf({ score: 0.459 }).verdict).toBe('worse');
  expect(verdictOf({ score: 0.6 }).reason).toContain('more consistently');
  expect(verdictOf({ score: 0.4 }).reason).toContain('less consistently');
});

test.each<[UseGate, number]>([
  ['readsRaw', 0.81],
  ['readable', 0.72],
  ['information', 1.8],
])('the gate %s holds from nine tenths of raw', (gate, limit) => {
  expect(verdictOf({ score: 0.9, [gate]: limit + 1e-9 }).failed).toEqual([]);
  expect(verdictOf({ score: 0.9, [gate]: limit - 0.01 })).toMatchObject({
    verdict: 'refused',
    failed: [gate],
  });
  expect(verdictOf({ score: 0.9, [gate]: Number.NaN }).verdict).toBe('refused');
});

test('what differs less than twice as much as the seeds alone make it is no different', () => {
  expect(verdictOf({ score: 0.619 }, 'class', noiseOf(0.06)).verdict).toBe('no different');
  expect(verdictOf({ score: 0.621 }, 'class', noiseOf(0.06)).verdict).toBe('better');
  expect(verdictOf({ score: 0.381 }, 'class', noiseOf(0.06)).verdict).toBe('no different');
  expect(verdictOf({ score: 0.379 }, 'class', noiseOf(0.06)).verdict).toBe('worse');
});

test('of values and points, a gain or loss counts from three times the noise', () => {
  expect(verdictOf({ score: 0.559 }, 'values').verdict).toBe('no different');
  expect(verdictOf({ score: 0.561 }, 'values').verdict).toBe('better');
  expect(verdictOf({ score: 0.679 }, 'values', noiseOf(0.06)).verdict).toBe('no different');
  expect(verdictOf({ score: 0.681 }, 'values', noiseOf(0.06))).toMatchObject({
    verdict: 'better',
    reason: expect.stringContaining('differences below 0.180 are noise'),
  });
  expect(verdictOf({ score: 0.321 }, 'values', noiseOf(0.06)).verdict).toBe('no different');
  expect(verdictOf({ score: 0.319 }, 'values', noiseOf(0.06)).verdict).toBe('worse');
});

test('a gain that is paid for by one of its factors is none', () => {
  const gained = { score: 0.58, agreement: 0.92, stability: 0.63 };
  expect(verdictOf(gained)).toMatchObject({
    verdict: 'no different',
    reason: expect.stringMatching(/stability 0.630; raw: 0.710/),
  });
  expect(verdictOf({ ...gained, stability: 0.7 }).verdict).toBe('better');
  expect(verdictOf({ ...gained, agreement: 0.6, stability: 0.95 }).reason).toContain('agreement 0.600');
  // A factor falls by more than its own noise, or it does not fall.
  expect(verdictOf(gained, 'class', noiseOf(0, 0.09)).verdict).toBe('better');
  expect(verdictOf(gained, 'class', noiseOf(0.07, 0)).verdict).toBe('no different');
});

test('of classes, a gain of networks whose answers say less is none', () => {
  const gained = { score: 0.58, information: 1.97 };
  expect(verdictOf(gained)).toMatchObject({
    verdict: 'no different',
    failed: [],
    reason: expect.stringContaining('say less (1.970 bits; raw: 2.000)'),
  });
  expect(verdictOf({ ...gained, information: 1.99 }).verdict).toBe('better');
  // The spread of values shrinks with honest doubt.
  expect(verdictOf(gained, 'values').verdict).toBe('better');
});

test('of classes, small losses of several gates fail together', () => {
  const a = { score: 0.9, readsRaw: 0.93 * raw.readsRaw, information: 0.96 * raw.information };
  expect(verdictOf({ ...a, information: 0.97 * raw.information }).failed).toEqual([]);
  expect(verdictOf(a)).toMatchObject({ verdict: 'refused', failed: ['readsRaw', 'information'] });
  // Guesses about real pictures are not read as well as rendered ones; each gate has to hold for them, too.
  const guesses = { kind: 'class', noise: noiseOf(0), labels: 'guessed' } as const;
  expect(useVerdict({ ...raw, ...a }, raw, guesses).failed).toEqual([]);
  // What moves by what pictures show gives no label away.
  expect(useVerdict({ ...raw, ...a }, raw, { ...guesses, labels: 'carried' }).failed).toEqual([]);
  expect(useVerdict({ ...raw, ...a, readable: 0.8 * raw.readable }, raw, guesses).failed).toEqual([
    'readable',
  ]);
  // What is gained by one makes up for nothing.
  expect(verdictOf({ ...a, readable: 1 }).verdict).toBe('refused');
});

test('values and points must keep eight tenths, and half of their spread', () => {
  expect(verdictOf({ score: 0.9, information: 1.01 }, 'values').verdict).toBe('better');
  expect(verdictOf({ score: 0.9, information: 0.99 }, 'values').failed).toEqual(['information']);
  expect(verdictOf({ score: 0.9, readable: 0.65, readsRaw: 0.73 }, 'values').verdict).toBe('better');
  expect(verdictOf({ score: 0.9, readable: 0.63, readsRaw: 0.71 }, 'values').failed).toEqual([
    'readsRaw',
    'readable',
  ]);
});

test('the highest of the better ones is recommended, never a refused one, and raw if none is better', () => {
  const better = verdictOf({ score: 0.6 });
  const best = verdictOf({ score: 0.7 });
  const refused = verdictOf({ score: 0.9, readable: 0.1 });
  const same = verdictOf({ score: 0.51 });
  expect(recommendedSet({ same, better, best, refused })).toBe('best');
  expect(recommendedSet({ same, refused })).toBe('raw');
  expect(recommendedSet({})).toBe('raw');
});

test('where networks agree on little, a gain says nothing', () => {
  expect(verdictOf({ score: 0.63, agreement: 0.65 }, 'class', noiseOf(0.06)).verdict).toBe('better');
  const low = { ...raw, agreement: 0.4, score: 0.2 };
  const ofAgreement = (agreement: number, noise: number) =>
    useVerdict({ ...low, score: 0.3, agreement }, low, { kind: 'class', noise: noiseOf(noise) });
  for (const [agreement, noise] of [
    [0.57, 0],
    [0.56, 0.03],
  ] as const) {
    expect(ofAgreement(agreement, noise)).toMatchObject({
      verdict: 'no different',
      reason: expect.stringContaining('hardly agree'),
    });
  }
  // Within noise of what is needed.
  expect(ofAgreement(0.581, 0).verdict).toBe('better');
  expect(ofAgreement(0.571, 0.03).verdict).toBe('better');
});
