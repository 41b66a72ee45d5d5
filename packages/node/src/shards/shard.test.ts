import fc from 'fast-check';
import { expect, test } from 'vitest';
import { endOf, formatShard, placeShard, shardFolder, shardName, shardNamed } from './shard.ts';
import { shardOf } from './shard-option.ts';

test('shards are contiguous, leave nothing out, share nothing, and are of equal size within one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e7 }), fc.integer({ min: 1, max: 300 }), (total, count) => {
      const shards = Array.from({ length: count }, (_, index) => placeShard({ index, count }, total));
      expect(shards[0]!.start).toBe(0);
      expect(endOf(shards.at(-1)!)).toBe(total);
      for (const [index, shard] of shards.entries()) {
        expect(shard).toMatchObject({ index, count, total });
        expect(shard.start).toBe(Math.floor((index * total) / count));
        if (index > 0) expect(shard.start).toBe(endOf(shards[index - 1]!));
        const size = endOf(shard) - shard.start;
        expect([Math.floor(total / count), Math.ceil(total / count)]).toContain(size);
      }
    }),
    { numRuns: 50 },
  );
});

test('a shard is read from a text or taken as it is', () => {
  expect(shardOf('3/8')).toEqual({ index: 3, count: 8 });
  expect(shardOf('0/1')).toEqual({ index: 0, count: 1 });
  expect(shardOf({ index: 7, count: 8 })).toEqual({ index: 7, count: 8 });
  expect(shardOf('auto', { CLOUD_RUN_TASK_INDEX: '2', CLOUD_RUN_TASK_COUNT: '5' })).toEqual({
    index: 2,
    count: 5,
  });
  expect(formatShard({ index: 3, count: 8 })).toBe('3/8');
});

test.each(['8/8', '9/8', '-1/8', '1.5/8', '0/0', '3', '3/', '/8', '3/8/1', '', ' 3/8', '3/1e3', 'AUTO'])(
  'no shard: %j',
  (text) => {
    expect(() => shardOf(text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(`but is ${JSON.stringify(text)}`),
      }),
    );
  },
);

test.each([
  { index: 8, count: 8 },
  { index: -1, count: 8 },
  { index: 0.5, count: 8 },
  { index: 0, count: 0 },
  { index: 0, count: 2.5 },
  { index: 0, count: Number.NaN },
  { index: 0, count: Number.POSITIVE_INFINITY },
])('no shard: %j as an object', (shard) => {
  expect(() => shardOf(shard)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

test('folders are named so that names sort as shards do, and names are read back', () => {
  expect(shardFolder('out', { index: 3, count: 8 })).toBe('out/shards/0003-of-0008');
  expect(shardName({ index: 12_345, count: 20_000 })).toBe('12345-of-20000');
  for (const shard of [
    { index: 0, count: 1 },
    { index: 9999, count: 10_000 },
  ]) {
    expect(shardNamed(shardName(shard))).toEqual(shard);
  }
  for (const name of ['3-of-8', '00003-of-00008', '0003-of-0008 ', 'x0003-of-0008', '.DS_Store', '0003']) {
    expect(shardNamed(name), name).toBeUndefined();
  }
});
