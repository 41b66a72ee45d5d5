/** @file Sets with real pictures that carry the labels of networks. */
import { type Dataset, datasetOf, type Engine, type RealImage, type Sample, selectItems } from '@simgan/core';
import { pseudoLabel, type TreatedSet } from '@simgan/core/evaluation';
import type { AnyTask } from './tasks/index.ts';

/** Real pictures that judge, at most. */
const JUDGING = 1000;
/** Real pictures that are labeled, at most. */
const LABELED = 2000;

/** Every other picture judges, at most 1,000; of the rest at most 2,000 are labeled. */
export function splitReal(
  real: Dataset<RealImage>,
): [judged: Dataset<RealImage>, labeled: Dataset<RealImage>] {
  const indices = Array.from({ length: Math.floor(real.length / 2) }, (_, index) => 2 * index);
  return [
    selectItems(real, indices.slice(0, JUDGING)),
    selectItems(
      real,
      indices.slice(0, LABELED).map((index) => index + 1),
    ),
  ];
}

/** A set, and real pictures with the labels that networks which learned from it gave them: others for each network. */
export function withPseudoLabels(
  { estimator, image }: AnyTask,
  samples: Dataset<Sample<unknown>>,
  means: {
    readonly engine: Engine;
    readonly steps: number;
    readonly real: Dataset<RealImage>;
    readonly seed: number;
  },
): TreatedSet<unknown> {
  const { engine, steps, real, seed } = means;
  const recipe = { ...estimator.recipe, steps };
  return async (repeat) => {
    const found = await pseudoLabel({
      ...{ estimator: { ...estimator, recipe }, image, engine, samples, real, rounds: 1 },
      seed: seed + 1000 * (repeat + 1),
    });
    return datasetOf([...(await allOf(samples)), ...(await allOf(found.samples))]);
  };
}

async function allOf<Item>(dataset: Dataset<Item>): Promise<Item[]> {
  return Promise.all(Array.from({ length: dataset.length }, (_, index) => dataset.at(index)));
}
