/**
 * The noun of every arrow: a simulator makes one, a folder is one, refinement streams one, a writer drains
 * one. Item `i` is always the same, and items may be asked for in any order and at the same time.
 */
export interface Dataset<Item> extends AsyncIterable<Item> {
  readonly length: number;
  /** The item at `index`, an integer in [0, length). */
  at(index: number): Promise<Item>;
}

/** A dataset of `length` items, each made when it is asked for. */
export function createDataset<Item>(
  length: number,
  at: (index: number) => Item | Promise<Item>,
): Dataset<Item> {
  const itemAt = async (index: number): Promise<Item> => {
    if (!Number.isInteger(index) || index < 0 || index >= length) {
      throw new RangeError(`There is no item ${index}: the dataset has ${length}, counted from 0.`);
    }
    return at(index);
  };
  return {
    length,
    at: itemAt,
    async *[Symbol.asyncIterator]() {
      for (let index = 0; index < length; index++) yield await itemAt(index);
    },
  };
}

/** The items of an array as a dataset. */
export function datasetOf<Item>(items: readonly Item[]): Dataset<Item> {
  return createDataset(items.length, (index) => items[index]!);
}

/** A dataset whose every item is made from the item of another at the same index. */
export function mapDataset<From, To>(
  dataset: Dataset<From>,
  map: (item: From, index: number) => To | Promise<To>,
): Dataset<To> {
  return {
    ...createDataset(dataset.length, async (index) => map(await dataset.at(index), index)),
    async *[Symbol.asyncIterator]() {
      let index = 0;
      for await (const item of dataset) yield await map(item, index++);
    },
  };
}

/**
 * The same items. Whoever goes through them in order has the next `ahead` of them made meanwhile, which pays
 * where they are made elsewhere: by other threads, or by the disk.
 */
export function readAhead<Item>(dataset: Dataset<Item>, ahead: number): Dataset<Item> {
  return {
    length: dataset.length,
    at: (index) => dataset.at(index),
    async *[Symbol.asyncIterator]() {
      const underWay: Promise<Item>[] = [];
      for (let index = 0; index < dataset.length; index++) {
        while (underWay.length <= ahead && index + underWay.length < dataset.length) {
          const item = dataset.at(index + underWay.length);
          // Told of when its turn comes, or never if nobody asks that far.
          item.catch(() => {});
          underWay.push(item);
        }
        yield await underWay.shift()!;
      }
    },
  };
}

/** At most `limit` of the items, spread evenly over all of them: the same ones every time. */
export function spreadItems<Item>(dataset: Dataset<Item>, limit: number): Dataset<Item> {
  const count = Math.min(limit, dataset.length);
  return createDataset(count, (n) => dataset.at(Math.floor((n * dataset.length) / count)));
}

/** The first `length` items, or all if there are fewer. */
export function takeFrom<Item>(dataset: Dataset<Item>, length: number): Dataset<Item> {
  return createDataset(Math.min(length, dataset.length), (index) => dataset.at(index));
}

/**
 * Keeps items in memory once they were made, until `budget` units are used up (`sizeOf` says how many an
 * item takes); later items are made anew each time. Training draws each picture many times.
 */
export function rememberItems<Item>(
  dataset: Dataset<Item>,
  { budget, sizeOf }: { budget: number; sizeOf: (item: Item) => number },
): Dataset<Item> {
  const kept = new Map<number, Item>();
  let used = 0;
  return createDataset(dataset.length, async (index) => {
    const known = kept.get(index);
    if (known !== undefined) return known;
    const item = await dataset.at(index);
    const size = sizeOf(item);
    if (!kept.has(index) && used + size <= budget) {
      kept.set(index, item);
      used += size;
    }
    return item;
  });
}
