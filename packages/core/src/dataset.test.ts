import { expect, test } from 'vitest';
import { createDataset, datasetOf, mapDataset, rememberItems, takeFrom } from './dataset.ts';

const collect = async <Item>(items: AsyncIterable<Item>) => {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
};

test('a dataset is walked in order and asked at random', async () => {
  const squares = mapDataset(datasetOf([1, 2, 3]), (item, index) => item * item + index);
  expect(await collect(squares)).toEqual([1, 5, 11]);
  expect(await squares.at(2)).toBe(11);
  expect(await collect(takeFrom(squares, 2))).toEqual([1, 5]);
  expect(takeFrom(squares, 9).length).toBe(3);
});

test.each([-1, 3, 0.5])('there is no item %s of three', async (index) => {
  await expect(datasetOf([1, 2, 3]).at(index)).rejects.toThrow(RangeError);
});

test('remembered items are made once, those beyond the budget every time', async () => {
  const made: number[] = [];
  const source = createDataset(3, (index) => {
    made.push(index);
    return 'x'.repeat(4);
  });
  const remembered = rememberItems(source, { budget: 8, sizeOf: (item) => item.length });
  for (let round = 0; round < 2; round++) await collect(remembered);
  expect(made).toEqual([0, 1, 2, 2]);
});
