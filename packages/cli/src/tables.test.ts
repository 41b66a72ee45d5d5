import { expect, test } from 'vitest';
import { labelLines } from './tables.ts';

test('labels are counted by the places that were looked at, of which a picture may have many', () => {
  const shift = { count: 604, mean: 0.02, std: 0.01, median: 0.013, p95: 0.045, min: 0, max: 1 };
  const quantity = { unit: 'px', shift, lost: 1, abstained: 451 };
  const preservation = { pairs: 24, quantities: { boxes: quantity } } as unknown as Parameters<
    typeof labelLines
  >[0];
  expect(labelLines(preservation)).toEqual([
    'boxes        moved 0.02 ± 0.01 px, median 0.01, 95% within 0.04; lost in 1 of 605, not measured in 451',
  ]);
  const unseen = { ...quantity, shift: { ...shift, count: 0 }, lost: 0 };
  expect(
    labelLines({ ...preservation, quantities: { boxes: unseen } } as unknown as typeof preservation),
  ).toEqual(['boxes        cannot be made out in any of 24 pictures']);
});
