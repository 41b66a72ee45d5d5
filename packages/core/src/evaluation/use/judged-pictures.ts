import { cacheItems, createDataset, type Dataset, selectItems, spreadItems } from '../../dataset.ts';
import type { Rng } from '../../rng.ts';
import { type RealImage, type Sample, withoutCompanions } from '../../sample.ts';
import type { EstimatorAnswer } from '../estimator-answer.ts';
import { type Answers, truthsFrom } from './answers.ts';
import type { Variation } from './variation.ts';

/** Bytes of pictures that are kept in memory for each set. */
const CACHE = 256 * 2 ** 20;

/** Keeps pictures in memory: training draws each of them many times. */
export function remembered<Item extends RealImage>(dataset: Dataset<Item>): Dataset<Item> {
  return cacheItems(withoutCompanions(dataset), {
    budget: CACHE,
    sizeOf: ({ image }) => image.data.byteLength,
  });
}

/** Splits a set into the samples to learn from and a fifth, at most `limit`, spread over it, that no network sees. */
export function holdOut<Item>(
  dataset: Dataset<Item>,
  limit: number,
): [learned: Dataset<Item>, heldOut: Dataset<Item>] {
  const heldOut = spreadItems(dataset, Math.min(limit, Math.ceil(dataset.length / 5)));
  return [without(dataset, heldOut), heldOut];
}

/** The items of a dataset whose ids are not in another. */
export function without<Item>(dataset: Dataset<Item>, other: Dataset<unknown>): Dataset<Item> {
  const ids = new Set(Array.from({ length: other.length }, (_, index) => other.id(index)));
  const indices = Array.from({ length: dataset.length }, (_, index) => index);
  return selectItems(
    dataset,
    indices.filter((index) => !ids.has(dataset.id(index))),
  );
}

/** `times` variations of each item, one after the other. */
export function variedCopies<Item extends RealImage>(
  dataset: Dataset<Item>,
  times: number,
  vary: Variation,
  rng: Rng,
): Dataset<Item> {
  const { length } = dataset;
  return createDataset(
    times * length,
    async (index) => vary(await dataset.at(index % length), rng.fork(index)),
    (index) => `${dataset.id(index % length)}-${Math.floor(index / length)}`,
  );
}

/** The samples whose true answers are known, with these. */
export async function withTruths<Annotation>(
  dataset: Dataset<Sample<Annotation>>,
  answer: EstimatorAnswer<Annotation>,
): Promise<{ readonly pictures: Dataset<RealImage>; readonly truths: Answers }> {
  const annotations: Annotation[] = [];
  for await (const { annotation } of dataset) annotations.push(annotation);
  const { known, truths } = truthsFrom(answer, annotations);
  return { pictures: selectItems(dataset, known), truths };
}
