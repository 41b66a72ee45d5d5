import { expect, test } from 'vitest';
import {
  cacheItems,
  createDataset,
  type Dataset,
  datasetOf,
  halve,
  indexId,
  joinDatasets,
  mapDataset,
  prefetch,
  selectItems,
  spreadItems,
  takeFrom,
} from './dataset.ts';

const collect = async <Item>(items: AsyncIterable<Item>) => {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
};

test('a dataset is iterated in order and accessed by index', async () => {
  const squares = mapDataset(datasetOf([1, 2, 3]), (item, index) => item * item + index);
  expect(await collect(squares)).toEqual([1, 5, 11]);
  expect(await squares.at(2)).toBe(11);
  expect(await collect(takeFrom(squares, 2))).toEqual([1, 5]);
  expect(takeFrom(squares, 9).length).toBe(3);
  expect(await collect(selectItems(squares, [2, 0, 2]))).toEqual([11, 1, 11]);
  expect(await collect(selectItems(squares, Uint32Array.of(1)))).toEqual([5]);
});

test.each([-1, 3, 0.5])('there is no item %s of three', async (index) => {
  const three = datasetOf([1, 2, 3]);
  await expect(three.at(index)).rejects.toThrow(
    new RangeError(`There is no item ${index}: the dataset has 3, counted from 0.`),
  );
  expect(() => three.id(index)).toThrow(RangeError);
  await expect(mapDataset(three, String).at(index)).rejects.toThrow(RangeError);
  await expect(takeFrom(three, 3).at(index)).rejects.toThrow(RangeError);
});

test('items are spread over the whole dataset, the same ones every time', async () => {
  const ten = datasetOf([...Array(10).keys()]);
  const some = await collect(spreadItems(ten, 4));
  expect(some.map((item) => [0, 2, 5, 7].filter((start) => start <= item).length)).toEqual([1, 2, 3, 4]);
  expect(await collect(spreadItems(ten, 4))).toEqual(some);
  expect(await collect(spreadItems(ten, 99))).toEqual([...Array(10).keys()]);
  expect(await collect(spreadItems(ten, 0))).toEqual([]);
});

test.each([
  ['sorted', (index: number) => Math.floor(index / 100)],
  ['taking turns', (index: number) => index % 10],
])('every class is among what is spread, classes %s', async (_, classOf) => {
  const classes = datasetOf(Array.from({ length: 1000 }, (_, index) => classOf(index)));
  const counts = new Map<number, number>();
  for (const one of await collect(spreadItems(classes, 200))) counts.set(one, (counts.get(one) ?? 0) + 1);
  expect(counts.size).toBe(10);
  expect(Math.min(...counts.values())).toBeGreaterThan(8);
});

/** Ten items with ids of their own, and how often each was made. */
function counted() {
  const made: number[] = [];
  const dataset = createDataset(
    10,
    (index) => {
      made.push(index);
      return { id: `item-${index * index}`, value: index };
    },
    (index) => `item-${index * index}`,
  );
  return { dataset, made };
}
type Item = { readonly id: string; readonly value: number };

test.each<[string, (dataset: Dataset<Item>) => readonly Dataset<Item>[]]>([
  ['itself', (dataset) => [dataset]],
  ['map', (dataset) => [mapDataset(dataset, (item) => ({ ...item, value: -item.value }))]],
  ['select', (dataset) => [selectItems(dataset, [7, 0, 7, 3])]],
  ['spread', (dataset) => [spreadItems(dataset, 4)]],
  ['take', (dataset) => [takeFrom(dataset, 6)]],
  ['prefetch', (dataset) => [prefetch(dataset, 3)]],
  ['cache', (dataset) => [cacheItems(dataset, { budget: 5, sizeOf: () => 1 })]],
  ['halve', (dataset) => halve(dataset, 1)],
  [
    'all of them in a chain',
    (dataset) =>
      halve(
        cacheItems(
          prefetch(
            takeFrom(
              spreadItems(
                mapDataset(dataset, (item) => item),
                9,
              ),
              8,
            ),
            2,
          ),
          {
            budget: 3,
            sizeOf: () => 1,
          },
        ),
        2,
      ),
  ],
])('ids are known without making items: %s', async (_, derive) => {
  const { dataset, made } = counted();
  for (const derived of derive(dataset)) {
    const before = made.length;
    const ids = Array.from({ length: derived.length }, (_, index) => derived.id(index));
    expect(made.length).toBe(before);
    expect((await collect(derived)).map(({ id }) => id)).toEqual(ids);
    for (const [index, id] of ids.entries()) expect((await derived.at(index)).id).toBe(id);
    expect(ids.length).toBeGreaterThan(1);
  }
});

test('items without an id of their own are named by their index', () => {
  expect([indexId(0), indexId(41), indexId(12_345_678)]).toEqual(['0000000', '0000041', '12345678']);
  expect(createDataset(3, (index) => index).id(2)).toBe('0000002');
  expect(datasetOf(['a', 'b']).id(1)).toBe('0000001');
  expect(datasetOf([{ id: 'a' }, { id: 'b' }]).id(1)).toBe('b');
});

test('halves share no item and miss none, in an order of the seed', async () => {
  const [a, b] = halve(datasetOf([...Array(11).keys()]), 3);
  const items = [...(await collect(a)), ...(await collect(b))];
  expect([a.length, b.length]).toEqual([5, 6]);
  expect(items.toSorted((x, y) => x - y)).toEqual([...Array(11).keys()]);
  expect(items).not.toEqual([...Array(11).keys()]);
  expect(await collect(halve(datasetOf([...Array(11).keys()]), 3)[0])).toEqual(await collect(a));
  expect(await collect(halve(datasetOf([...Array(11).keys()]), 4)[0])).not.toEqual(await collect(a));
});

test('cached items are made once, those beyond the budget every time', async () => {
  const made: number[] = [];
  const source = createDataset(3, (index) => {
    made.push(index);
    return 'x'.repeat(4);
  });
  const cached = cacheItems(source, { budget: 8, sizeOf: (item) => item.length });
  for (let round = 0; round < 2; round++) await collect(cached);
  expect(made).toEqual([0, 1, 2, 2]);
});

test('prefetching asks for the next items while one is looked at, and gives the same', async () => {
  const asked: number[] = [];
  const source = createDataset(6, (index) => {
    asked.push(index);
    return index * index;
  });
  const squares = mapDataset(prefetch(source, 2), (item) => -item);
  const seen: string[] = [];
  for await (const item of squares) seen.push(`${item} of ${asked.length}`);
  expect(seen).toEqual(['0 of 3', '-1 of 4', '-4 of 5', '-9 of 6', '-16 of 6', '-25 of 6']);
  expect(await prefetch(source, 2).at(5)).toBe(25);
  expect(await collect(prefetch(datasetOf([7]), 4))).toEqual([7]);
});

test('an error of a prefetched item is thrown in its turn, and not at all if iteration ends before', async () => {
  const source = createDataset(4, (index) => {
    if (index === 2) throw new Error('a broken item');
    return index;
  });
  const seen: number[] = [];
  await expect(
    (async () => {
      for await (const item of prefetch(source, 3)) seen.push(item);
    })(),
  ).rejects.toThrow('a broken item');
  expect(seen).toEqual([0, 1]);
  for await (const item of prefetch(source, 3)) {
    if (item === 1) break;
  }
});

test('one dataset after the other, with ids of its own', async () => {
  const [first, second] = [datasetOf([{ id: 'a' }, { id: 'b' }]), datasetOf([{ id: 'a' }])];
  const both = joinDatasets(first, second, (id) => `${id}-2`);
  expect(await collect(both)).toEqual([{ id: 'a' }, { id: 'b' }, { id: 'a' }]);
  expect([0, 1, 2].map((index) => both.id(index))).toEqual(['a', 'b', 'a-2']);
  expect(joinDatasets(first, second).id(2)).toBe('a');
});
