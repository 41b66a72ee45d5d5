import {
  createRng,
  type Dataset,
  mapDataset,
  type RealImage,
  type Sample,
  selectItems,
  shuffledIndices,
} from '@simgan/core';
import {
  accuracyOf,
  type ClassAnnotation,
  classImage,
  classPlugin,
  tenClasses,
  thoroughTenClasses,
} from './class-task.ts';
import type { Task } from './task.ts';

type Labeled = Dataset<Sample<ClassAnnotation>>;

/** A task from a labeled set to another set of the same ten classes. */
export function labeledToOther(sets: {
  readonly name: string;
  readonly title: string;
  /** Samples in a training set. */
  readonly length: number;
  /** Labeled pictures, in the place of simulated ones. */
  readonly source: Labeled;
  /** Pictures of the other set; their labels are for the upper bound alone. */
  readonly target: Labeled;
  readonly test: Labeled;
}): Task<ClassAnnotation> {
  const { name, title, length, source, target, test } = sets;
  return {
    name,
    title,
    plugin: classPlugin(name, async (rng) => {
      const { image, annotation } = await source.at(rng.int(source.length));
      return { image, annotation };
    }),
    image: classImage,
    estimator: tenClasses,
    tested: thoroughTenClasses,
    length,
    real: unlabeled(target),
    labeled: target,
    unit: 'accuracy, %',
    higherIsBetter: true,
    harm: 2,
    shiftable: true,
    raw: async (seed, count = length) => someOf(source, seed, count),
    score: (network, engine) =>
      accuracyOf(network, engine, { estimator: tenClasses, image: classImage, test }),
  };
}

/** The pictures without their labels. */
export function unlabeled(set: Dataset<RealImage>): Dataset<RealImage> {
  return mapDataset(set, ({ id, image }) => ({ id, image }));
}

/** `count` items at random, each at most once. */
export function someOf<Item>(set: Dataset<Item>, seed: number, count: number): Dataset<Item> {
  const order = shuffledIndices(set.length, createRng(seed).fork('some of a set'));
  return selectItems(set, order.slice(0, count));
}
