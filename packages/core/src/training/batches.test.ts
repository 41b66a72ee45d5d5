import { expect, test } from 'vitest';
import { datasetOf } from '../dataset.ts';
import type { ImageSpec } from '../image.ts';
import { createRng } from '../rng.ts';
import { batchesAhead, noiseBatch, shuffledBatches, shuffledItems } from './batches.ts';

const image: ImageSpec = { width: 1, height: 1, channels: 1, bits: 8 };
const items = datasetOf(Array.from({ length: 10 }, (_, i) => ({ id: String(i), image: Uint8Array.of(i) })));

async function draw(count: number, batchSize: number, seed: number): Promise<number[]> {
  const batches = shuffledBatches(items, { image, batchSize, rng: createRng(seed) });
  const drawn: number[] = [];
  for (let number = 0; number < count; number++) {
    const { data } = await batches.at(number);
    drawn.push(...Array.from(data, (value) => Math.round(((value + 1) / 2) * 255)));
  }
  return drawn;
}

test('every picture comes once before any comes again, each round in a new order', async () => {
  const drawn = await draw(10, 3, 1);
  const rounds = [drawn.slice(0, 10), drawn.slice(10, 20), drawn.slice(20, 30)];
  for (const round of rounds)
    expect([...round].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(rounds[0]).not.toEqual(rounds[1]);
  expect(rounds[0]).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a batch is found by its number, and a seed has its own order', async () => {
  const batches = shuffledBatches(items, { image, batchSize: 4, rng: createRng(2) });
  const late = await batches.at(9);
  await batches.at(0);
  expect((await batches.at(9)).data).toEqual(late.data);
  expect(await draw(5, 4, 2)).not.toEqual(await draw(5, 4, 3));
});

test('noise has the shape asked for, deviation 1, and belongs to its source', () => {
  const wide: ImageSpec = { ...image, width: 60, height: 50 };
  const sources = () => [createRng(1), createRng(2)];
  const { data, shape } = noiseBatch(sources(), wide, 2);
  expect(shape).toEqual([2, 50, 60, 2]);
  const deviation = Math.sqrt(data.reduce((sum, value) => sum + value ** 2, 0) / data.length);
  expect(deviation).toBeCloseTo(1, 1);
  const swapped = noiseBatch(sources().reverse(), wide, 2);
  expect(swapped.data.slice(0, 6000)).toEqual(data.slice(6000));
});

test('the next batch is made while one is in use, the same as without', async () => {
  const plain = shuffledItems(items, { batchSize: 3, rng: createRng(4) });
  const made: number[] = [];
  const ahead = batchesAhead({
    at(number) {
      made.push(number);
      return plain.at(number);
    },
  });
  for (const number of [5, 6, 7]) {
    expect(await ahead.at(number)).toEqual(await plain.at(number));
    expect(made.at(-1)).toBe(number);
    while (made.at(-1) !== number + 1) await new Promise((resolve) => setTimeout(resolve));
  }
  expect(made).toEqual([5, 6, 7, 8]);
  expect(await ahead.at(2)).toEqual(await plain.at(2));
});
