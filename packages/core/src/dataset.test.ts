import { expect, test } from 'vitest';
import { createDataset, datasetOf, mapDataset, readAhead, rememberItems, takeFrom } from './dataset.ts';

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

test('reading ahead asks for the next items while one is looked at, and gives the same', async () => {
  const asked: number[] = [];
  const source = createDataset(6, (index) => {
    asked.push(index);
    return index * index;
  });
  const squares = mapDataset(readAhead(source, 2), (item) => -item);
  const seen: string[] = [];
  for await (const item of squares) seen.push(`${item} of ${asked.length}`);
  expect(seen).toEqual(['0 of 3', '-1 of 4', '-4 of 5', '-9 of 6', '-16 of 6', '-25 of 6']);
  expect(await readAhead(source, 2).at(5)).toBe(25);
  expect(await collect(readAhead(datasetOf([7]), 4))).toEqual([7]);
});

test('what fails ahead is thrown in its turn, and not at all if nobody comes so far', async () => {
  const source = createDataset(4, (index) => {
    if (index === 2) throw new Error('a broken item');
    return index;
  });
  const seen: number[] = [];
  await expect(
    (async () => {
      for await (const item of readAhead(source, 3)) seen.push(item);
    })(),
  ).rejects.toThrow('a broken item');
  expect(seen).toEqual([0, 1]);
  for await (const item of readAhead(source, 3)) {
    if (item === 1) break;
  }
});
