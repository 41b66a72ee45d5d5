import { expect, test } from 'vitest';
import { blobs } from '../test/blobs.ts';
import { datasetOf } from './dataset.ts';
import { definePlugin } from './plugin.ts';

test('a format of real pictures must be one that the plugin reads', () => {
  const parts = { ...blobs(), readers: { depth: async () => ({ samples: datasetOf([]), rejects: [] }) } };
  expect(() => definePlugin({ ...parts, realFormat: 'dept' })).toThrow(
    'realFormat is "dept", which is not one of its readers',
  );
  expect(definePlugin({ ...parts, realFormat: 'depth' }).realFormat).toBe('depth');
});
