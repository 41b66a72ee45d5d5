import { createRng, type Rng } from './rng.ts';

/**
 * A sequence of items that are produced on request: what simulators make, folders hold, refiners read and writers
 * consume. Item `i` is always the same, and items may be requested in any order and concurrently. Ids are a property
 * of the dataset: they are known without producing the items.
 */
export interface Dataset<Item> extends AsyncIterable<Item> {
  readonly length: number;
  /** The item at `index`, an integer in [0, length). */
  at(index: number): Promise<Item>;
  /** The id of the item at `index`; equal to the item's own `id` if it has one. Unique within the dataset. */
  id(index: number): string;
}

/**
 * A dataset of `length` items, each produced on request. Indices out of range throw a `RangeError`.
 *
 * @param id - the id of an item. Default: {@link indexId}.
 * @example
 * const squares = createDataset(10, (index) => ({ id: String(index), square: index ** 2 }), String);
 */
export function createDataset<Item>(
  length: number,
  at: (index: number) => Item | Promise<Item>,
  id: (index: number) => string = indexId,
): Dataset<Item> {
  const check = (index: number) => {
    if (Number.isInteger(index) && index >= 0 && index < length) return;
    throw new RangeError(`There is no item ${index}: the dataset has ${length}, counted from 0.`);
  };
  const itemAt = async (index: number): Promise<Item> => {
    check(index);
    return at(index);
  };
  return {
    length,
    at: itemAt,
    id(index) {
      check(index);
      return id(index);
    },
    async *[Symbol.asyncIterator]() {
      for (let index = 0; index < length; index++) yield await itemAt(index);
    },
  };
}

/** The index as seven digits, so that names sort in numeric order. */
export function indexId(index: number): string {
  return String(index).padStart(7, '0');
}

/** The items of an array as a dataset. Ids are the items' own; items without one get {@link indexId}. */
export function datasetOf<Item>(items: readonly Item[]): Dataset<Item> {
  const id = (index: number) => (items[index] as { readonly id?: string } | undefined)?.id ?? indexId(index);
  return createDataset(items.length, (index) => items[index]!, id);
}

/** Maps every item of a dataset. Ids stay the same. */
export function mapDataset<From, To>(
  dataset: Dataset<From>,
  map: (item: From, index: number) => To | Promise<To>,
): Dataset<To> {
  return {
    ...createDataset(
      dataset.length,
      async (index) => map(await dataset.at(index), index),
      (index) => dataset.id(index),
    ),
    async *[Symbol.asyncIterator]() {
      let index = 0;
      for await (const item of dataset) yield await map(item, index++);
    },
  };
}

/** The items of a dataset at the given indices, in that order. */
export function selectItems<Item>(dataset: Dataset<Item>, indices: ArrayLike<number>): Dataset<Item> {
  return createDataset(
    indices.length,
    (n) => dataset.at(indices[n]!),
    (n) => dataset.id(indices[n]!),
  );
}

/**
 * A subsample of at most `limit` items, the same ones every time: one of each equal part of the dataset, at a random place
 * within it, so that sets which are sorted by class are sampled as well as those in which classes take turns.
 */
export function spreadItems<Item>(dataset: Dataset<Item>, limit: number): Dataset<Item> {
  const { length } = dataset;
  const count = Math.min(limit, length);
  const rng = createRng(0).fork('spread items');
  const startOf = (part: number) => Math.floor((part * length) / count);
  return selectItems(
    dataset,
    Array.from({ length: count }, (_, part) => startOf(part) + rng.int(startOf(part + 1) - startOf(part))),
  );
}

/** All items, in their order. They are in memory at once. */
export async function itemsOf<Item>(dataset: Dataset<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of dataset) items.push(item);
  return items;
}

/** The first `length` items, or all if there are fewer. */
export function takeFrom<Item>(dataset: Dataset<Item>, length: number): Dataset<Item> {
  return createDataset(
    Math.min(length, dataset.length),
    (index) => dataset.at(index),
    (index) => dataset.id(index),
  );
}

/**
 * One dataset after the other.
 *
 * @param idOfSecond - the id of an item of the second, where its own may be one of the first. Default: its own.
 */
export function joinDatasets<Item>(
  first: Dataset<Item>,
  second: Dataset<Item>,
  idOfSecond: (id: string) => string = (id) => id,
): Dataset<Item> {
  const isFirst = (index: number) => index < first.length;
  return createDataset(
    first.length + second.length,
    (index) => (isFirst(index) ? first.at(index) : second.at(index - first.length)),
    (index) => (isFirst(index) ? first.id(index) : idOfSecond(second.id(index - first.length))),
  );
}

/** The numbers from 0 to `length` - 1 in a random order. */
export function shuffledIndices(length: number, rng: Rng): number[] {
  return Array.from({ length }, (_, index) => ({ index, key: rng.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ index }) => index);
}

/** Splits a dataset at random into two halves that share no item. */
export function halve<Item>(dataset: Dataset<Item>, seed: number): [Dataset<Item>, Dataset<Item>] {
  const order = shuffledIndices(dataset.length, createRng(seed).fork('halve'));
  const middle = Math.floor(order.length / 2);
  return [selectItems(dataset, order.slice(0, middle)), selectItems(dataset, order.slice(middle))];
}

/**
 * Prefetches items: iterating in order requests the next `ahead` items in advance. This pays off where items are
 * produced elsewhere, by other threads or by the disk.
 */
export function prefetch<Item>(dataset: Dataset<Item>, ahead: number): Dataset<Item> {
  return {
    length: dataset.length,
    at: (index) => dataset.at(index),
    id: (index) => dataset.id(index),
    async *[Symbol.asyncIterator]() {
      const pending: Promise<Item>[] = [];
      for (let index = 0; index < dataset.length; index++) {
        while (pending.length <= ahead && index + pending.length < dataset.length) {
          const item = dataset.at(index + pending.length);
          // Thrown when its turn comes, or never if iteration stops before it.
          item.catch(() => {});
          pending.push(item);
        }
        yield await pending.shift()!;
      }
    },
  };
}

/**
 * Caches items in memory as they are produced, until `budget` units are used up (`sizeOf` is the size of an item in
 * those units); items beyond the budget are produced again each time. Training draws each picture many times.
 */
export function cacheItems<Item>(
  dataset: Dataset<Item>,
  { budget, sizeOf }: { budget: number; sizeOf: (item: Item) => number },
): Dataset<Item> {
  const kept = new Map<number, Item>();
  let used = 0;
  return createDataset(
    dataset.length,
    async (index) => {
      const known = kept.get(index);
      if (known !== undefined) return known;
      const item = await dataset.at(index);
      const size = sizeOf(item);
      if (!kept.has(index) && used + size <= budget) {
        kept.set(index, item);
        used += size;
      }
      return item;
    },
    (index) => dataset.id(index),
  );
}
