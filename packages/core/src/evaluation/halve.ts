import { createDataset, type Dataset } from '../dataset.ts';
import { createRng } from '../rng.ts';

/** Two halves of a dataset, drawn at random, that share no item. */
export function halve<Item>(dataset: Dataset<Item>, seed: number): [Dataset<Item>, Dataset<Item>] {
  const rng = createRng(seed).fork('halve');
  const order = Array.from({ length: dataset.length }, (_, index) => ({ index, key: rng.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ index }) => index);
  const middle = Math.floor(order.length / 2);
  return [select(dataset, order.slice(0, middle)), select(dataset, order.slice(middle))];
}

function select<Item>(dataset: Dataset<Item>, indices: readonly number[]): Dataset<Item> {
  return createDataset(indices.length, (index) => dataset.at(indices[index]!));
}
