import { type Dataset, datasetOf } from '@simgan/core';

/** A stream as a dataset in memory. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Dataset<Item>> {
  const kept: Item[] = [];
  for await (const item of items) kept.push(item);
  return datasetOf(kept);
}
