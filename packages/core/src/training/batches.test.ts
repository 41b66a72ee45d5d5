import { expect, test } from 'vitest';
import { datasetOf } from '../dataset.ts';
import { imageOf, type SizedForm } from '../image.ts';
import { createRng } from '../rng.ts';
import { batchesAhead, randomCrop, shuffledBatches, shuffledItems } from './batches.ts';

const form: SizedForm = { width: 1, height: 1, channels: 1, bits: 8 };
const items = datasetOf(
  Array.from({ length: 10 }, (_, i) => ({ id: String(i), image: imageOf(Uint8Array.of(i), form) })),
);

async function draw(count: number, batchSize: number, seed: number): Promise<number[]> {
  const batches = shuffledBatches(items, { form, batchSize, rng: createRng(seed) });
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
  const batches = shuffledBatches(items, { form, batchSize: 4, rng: createRng(2) });
  const late = await batches.at(9);
  await batches.at(0);
  expect((await batches.at(9)).data).toEqual(late.data);
  expect(await draw(5, 4, 2)).not.toEqual(await draw(5, 4, 3));
});

/** An image in which each value tells its place. */
const large = {
  id: 'large',
  image: imageOf(
    Uint8Array.from({ length: 35 }, (_, i) => i),
    { ...form, width: 7, height: 5 },
  ),
};

test('larger pictures are cropped at random places, each of which comes up', async () => {
  const crop = { ...form, width: 3, height: 4 };
  const batches = shuffledBatches(datasetOf([large]), { form: crop, batchSize: 8, rng: createRng(3) });
  const corners = new Set<number>();
  for (let number = 0; number < 12; number++) {
    const { data, shape } = await batches.at(number);
    expect(shape).toEqual([8, 4, 3, 1]);
    for (let i = 0; i < 8; i++) {
      const values = Array.from(data.subarray(12 * i, 12 * i + 12), (value) =>
        Math.round((value + 1) * 127.5),
      );
      expect(values).toEqual([0, 7, 14, 21].flatMap((row) => [0, 1, 2].map((x) => values[0]! + row + x)));
      corners.add(values[0]!);
    }
  }
  // Five places across, two down.
  expect([...corners].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 7, 8, 9, 10, 11]);
  expect((await batches.at(5)).data).toEqual((await batches.at(5)).data);
});

test('a picture of the size asked for is taken as it is, a smaller one is refused', () => {
  const exact = { ...form, width: 7, height: 5 };
  expect(randomCrop(large, exact, createRng(1))).toBe(large.image);
  for (const size of [{ width: 8 }, { height: 6 }]) {
    expect(() => randomCrop(large, { ...exact, ...size }, createRng(1))).toThrow(
      'The image large is 7 x 5, smaller',
    );
  }
});

test('the next batch is prefetched while one is in use, the same as without', async () => {
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
