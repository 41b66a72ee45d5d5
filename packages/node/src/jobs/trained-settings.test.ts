import { expect, test } from 'vitest';
import { blobs } from '../../test/blobs.ts';
import { measuredFor } from './trained-settings.ts';

test('a training decides on the engine only where there may be one', () => {
  const plugin = blobs();
  const training = { plugin, recipe: plugin.recipes.quick! };
  expect(measuredFor({}, training)).toBe(training);
  expect(measuredFor({ treat: ['refined'] }, training)).toBe(training);
  expect(measuredFor({ treat: ['randomized'] }, training)).toBeUndefined();
  expect(measuredFor({ treat: 'raw' }, training)).toBeUndefined();
  // As for its shards, whose pictures must be the same.
  expect(measuredFor({ refiner: 'run' }, training)).toBeUndefined();
});
