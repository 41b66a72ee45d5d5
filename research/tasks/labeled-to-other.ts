import { createRng, type Dataset, type Sample, selectItems, shuffledIndices } from '@simgan/core';
import { type ClassAnnotation, classPlugin } from './class-task.ts';
import type { Task } from './task.ts';
import { tenClassTask } from './ten-class-task.ts';

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
  return tenClassTask({
    ...{ name, title, length, target, test },
    plugin: classPlugin(name, async (rng) => {
      const { image, annotation } = await source.at(rng.int(source.length));
      return { image, annotation };
    }),
    raw: (seed, count) => someOf(source, seed, count),
  });
}

/** `count` items at random, each at most once. */
export function someOf<Item>(set: Dataset<Item>, seed: number, count: number): Dataset<Item> {
  const order = shuffledIndices(set.length, createRng(seed).fork('some of a set'));
  return selectItems(set, order.slice(0, count));
}
