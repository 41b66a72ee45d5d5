import { expect, test } from 'vitest';
import { certifyLabels } from './label-certificate.ts';
import type { LooksComparison } from './looks.ts';
import { refinementVerdict } from './refinement-verdict.ts';

const interval = (value: number) => ({ value, low: value - 0.1, high: value + 0.1 });
const looks = (verdict: LooksComparison['verdict'], closed: number): LooksComparison => ({
  synthetic: interval(40),
  refined: interval(40 * (1 - closed)),
  control: 0.05,
  closed: interval(closed),
  verdict,
});
const labels = (within: number, moved: number, abstained = 0) =>
  certifyLabels(
    [
      ...Array<number>(within).fill(0),
      ...Array<number>(moved).fill(9),
      ...Array<'abstained'>(abstained).fill('abstained'),
    ],
    { quantity: 'pupilCenter', unit: 'px', limit: 1 },
  );
const use = (verdict: 'better' | 'no different' | 'worse' | 'refused') => ({ verdict, reason: 'as found.' });

test('use decides, whatever the looks', () => {
  const closer = looks('closer', 0.8);
  expect(refinementVerdict({ looks: closer, use: use('better') }).verdict).toBe('better');
  expect(refinementVerdict({ looks: closer, use: use('no different') }).verdict).toBe('no different');
  expect(refinementVerdict({ looks: closer, use: use('refused') })).toMatchObject({
    verdict: 'worse',
    use: 'worse',
  });
  expect(refinementVerdict({ looks: looks('farther', -0.5), use: use('better') }).verdict).toBe('better');
});

test('labels that moved make everything worse', () => {
  const found = { looks: looks('closer', 0.8), use: use('better'), labels: labels(70, 30) };
  expect(refinementVerdict(found)).toMatchObject({ verdict: 'worse', labels: 'moved' });
  expect(refinementVerdict({ ...found, labels: labels(97, 3) })).toMatchObject({
    verdict: 'better',
    labels: 'hold',
  });
  // A probe that hardly sees any label does not know.
  expect(refinementVerdict({ ...found, labels: labels(3, 2, 95) }).labels).toBe('not measured');
});

test('without a judgment of use, looks may make it worse and never better, and it is said that use is not known', () => {
  for (const [verdict, word] of [
    ['closer', 'unknown'],
    ['no different', 'no different'],
    ['farther', 'worse'],
  ] as const) {
    const found = refinementVerdict({ looks: looks(verdict, 0.3) });
    expect(found).toMatchObject({ verdict: word, use: 'not judged', labels: 'not measured' });
    expect(found.reasons[2]).toContain('nobody knows');
  }
  expect(refinementVerdict({})).toMatchObject({ verdict: 'unknown', looks: 'not measured' });
});

test('reasons have figures and intervals', () => {
  const { reasons } = refinementVerdict({ looks: looks('closer', 0.8), labels: labels(99, 1) });
  expect(reasons[0]).toBe(
    'Looks: refinement closed 80% (95% interval 70% to 90%) of the gap to real pictures (kernel distance 40.0 before, 8.00 after, 0.0500 between real pictures).',
  );
  expect(reasons[1]).toMatch(/^With 99% confidence, at least 93\.\d% of labels/);
});
