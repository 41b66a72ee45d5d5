import { expect, test } from 'vitest';
import { createRng } from '../rng.ts';
import { certificateText, certifyLabels } from './label-certificate.ts';

const about = { quantity: 'pupilCenter', unit: 'px', limit: 1 };

test('a certificate counts what moved, what was lost and what was not seen', () => {
  const shifts = [
    ...Array<number>(90).fill(0.2),
    ...Array<number>(4).fill(1),
    2,
    'lost',
    'lost',
    'abstained',
    'abstained',
    'abstained',
  ] as const;
  const certificate = certifyLabels(shifts, about);
  expect(certificate).toMatchObject({ sampled: 100, within: 90, lost: 2, abstained: 3, confidence: 0.99 });
  expect(certificate.atLeast).toBeCloseTo(0.80867, 5);
  expect(certificateText(certificate)).toBe(
    'With 99% confidence, at least 80.8% of labels (pupilCenter) moved less than 1 px (100 random pictures).',
  );
  expect(certifyLabels([], about).atLeast).toBe(0);
  expect(certifyLabels(['abstained'], about).atLeast).toBe(0);
});

test('the statement holds: of many samples, at most one in a hundred claims more than is true', () => {
  const rng = createRng(1);
  const truth = 0.9;
  let wrong = 0;
  for (let run = 0; run < 2000; run++) {
    const shifts = Array.from({ length: 60 }, () => (rng.next() < truth ? 0 : 5));
    if (certifyLabels(shifts, about).atLeast > truth) wrong += 1;
  }
  expect(wrong).toBeLessThan(35);
});
