import { createImage, type RealImage } from '@simgan/core';
import { expect, test } from 'vitest';
import { reservoir } from './reservoir.ts';

const count = (end: number) => Array.from({ length: end }, (_, i) => i);

async function kept<Item>(
  stream: AsyncIterable<Item> | Iterable<Item>,
  size: number,
  seed: number,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of await reservoir(stream, size, seed)) items.push(item);
  return items;
}

/** Pearson's statistic of counts that should all be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, one) => sum + one, 0) / counts.length;
  return counts.reduce((sum, one) => sum + (one - expected) ** 2 / expected, 0);
}

test('every item is kept as often as any other, and every pair', async () => {
  const length = 8;
  const items = new Array<number>(length).fill(0);
  const pairs = new Map<string, number>();
  const repeats = 3000;
  for (let seed = 0; seed < repeats; seed++) {
    const sample = (await kept(count(length), 2, seed)).sort((a, b) => a - b);
    for (const item of sample) items[item]!++;
    pairs.set(String(sample), (pairs.get(String(sample)) ?? 0) + 1);
  }
  expect(pairs.size).toBe((length * (length - 1)) / 2);
  // Upper 0.1 % points of chi-square with 7 and 27 degrees of freedom. Both members of a sample share its draw, so the
  // counts of items vary less than independent ones would.
  expect(chiSquare(items)).toBeLessThan(24.3);
  expect(chiSquare([...pairs.values()])).toBeLessThan(55.5);
});

test('the same stream and seed give the same sample, other seeds others', async () => {
  const sample = await kept(count(1000), 10, 3);
  expect(sample).toHaveLength(10);
  expect(new Set(sample).size).toBe(10);
  expect(await kept(count(1000), 10, 3)).toEqual(sample);
  expect(await kept(count(1000), 10, 4)).not.toEqual(sample);
});

test('a stream that is no longer than the sample is kept whole, in its order', async () => {
  expect(await kept(count(5), 5, 1)).toEqual(count(5));
  expect(await kept(count(3), 5, 1)).toEqual(count(3));
  expect(await kept([], 5, 1)).toEqual([]);
});

test('the images of a camera become a dataset with their ids', async () => {
  let read = 0;
  async function* camera(): AsyncGenerator<RealImage> {
    for (; read < 200; read++) {
      yield { id: `frame-${read}`, image: createImage({ width: 2, height: 2, channels: 1, bits: 8 }) };
    }
  }
  const sample = await reservoir(camera(), 7, 1);
  expect([read, sample.length]).toEqual([200, 7]);
  for (let i = 0; i < 7; i++) expect(sample.id(i)).toBe((await sample.at(i)).id);
});

test('what the stream throws is thrown, and a size that is none is refused', async () => {
  async function* broken() {
    yield 1;
    throw new Error('The camera was unplugged.');
  }
  await expect(reservoir(broken(), 3, 1)).rejects.toThrow('unplugged');
  for (const size of [0, -1, 1.5, Number.NaN]) {
    await expect(reservoir([1], size, 1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  }
});
