import { expect, expectTypeOf, test } from 'vitest';
import { type BlobAnnotation, blobs } from '../test/blobs.ts';
import type { Dataset } from './dataset.ts';
import type { Sample } from './sample.ts';
import { simulate, simulateAt } from './simulate.ts';

test('sample i of seed s is always the same, in any order and at any length', async () => {
  const { simulator } = blobs();
  const short = simulate(simulator, { seed: 5, length: 3 });
  const long = simulate(simulator, { seed: 5, length: 50 });
  expectTypeOf(short).toEqualTypeOf<Dataset<Sample<BlobAnnotation>>>();
  const last = await long.at(2);
  expect(await short.at(2)).toEqual(last);
  expect(last.id).toBe('0000002');
  expect(await simulate(simulator, { seed: 6, length: 3 }).at(2)).not.toEqual(last);
});

test('another process makes the same sample from seed and index alone', async () => {
  const { simulator } = blobs();
  const { image, annotation, id } = await simulate(simulator, { seed: 5, length: 9 }).at(7);
  expect(await simulateAt(simulator, 5, 7)).toEqual({ image, annotation });
  expect(simulate(simulator, { seed: 5, length: 9 }).id(7)).toBe(id);
  expect(await simulateAt(simulator, 5, 8)).not.toEqual({ image, annotation });
});
