import { createRng } from './rng.ts';

/**
 * The noun of every arrow: a simulator makes one, a folder is one, refinement streams one, a writer drains
 * one. Item `i` is always the same, and items may be asked for in any order and at the same time. Ids are a property
 * of the dataset: they are known without making the items.
 */
export interface Dataset<Item> extends AsyncIterable<Item> {
  readonly length: number;
  /** The item at `index`, an integer in [0, length). */
  at(index: number): Promise<Item>;
  /** The id of the item at `index`; where items have an `id`, the same. Unique within the dataset. */
  id(index: number): string;
}

/**
 * A dataset of `length` items, each made when it is asked for.
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

/** An index in seven digits, so that names sort as numbers do. */
export function indexId(index: number): string {
  return String(index).padStart(7, '0');
}

/** The items of an array as a dataset. Ids are the items' own; items without one get {@link indexId}. */
export function datasetOf<Item>(items: readonly Item[]): Dataset<Item> {
  const id = (index: number) => (items[index] as { readonly id?: string } | undefined)?.id ?? indexId(index);
  return createDataset(items.length, (index) => items[index]!, id);
}

/** A dataset whose every item is made from the item of another at the same index. Ids stay. */
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

/** The items of a dataset at some indices, in that order. */
export function selectItems<Item>(dataset: Dataset<Item>, indices: ArrayLike<number>): Dataset<Item> {
  return createDataset(
    indices.length,
    (n) => dataset.at(indices[n]!),
    (n) => dataset.id(indices[n]!),
  );
}

/** At most `limit` of the items, spread evenly over all of them: the same ones every time. */
export function spreadItems<Item>(dataset: Dataset<Item>, limit: number): Dataset<Item> {
  const count = Math.min(limit, dataset.length);
  return selectItems(
    dataset,
    Array.from({ length: count }, (_, n) => Math.floor((n * dataset.length) / count)),
  );
}

/** The first `length` items, or all if there are fewer. */
export function takeFrom<Item>(dataset: Dataset<Item>, length: number): Dataset<Item> {
  return createDataset(
    Math.min(length, dataset.length),
    (index) => dataset.at(index),
    (index) => dataset.id(index),
  );
}

/** Two halves of a dataset, drawn at random, that share no item. */
export function halve<Item>(dataset: Dataset<Item>, seed: number): [Dataset<Item>, Dataset<Item>] {
  const rng = createRng(seed).fork('halve');
  const order = Array.from({ length: dataset.length }, (_, index) => ({ index, key: rng.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ index }) => index);
  const middle = Math.floor(order.length / 2);
  return [selectItems(dataset, order.slice(0, middle)), selectItems(dataset, order.slice(middle))];
}

/**
 * The same items, prefetched: iterating in order has the next `ahead` items made meanwhile, which pays where they are
 * made elsewhere, by other threads or by the disk.
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
          // Thrown when its turn comes, or never if nobody asks that far.
          item.catch(() => {});
          pending.push(item);
        }
        yield await pending.shift()!;
      }
    },
  };
}

/**
 * Caches items in memory once they were made, until `budget` units are used up (`sizeOf` says how many an item
 * takes); later items are made anew each time. Training draws each picture many times.
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
