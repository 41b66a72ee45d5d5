import type { Dataset, Sample } from '@simgan/core';
import {
  accuracyOf,
  type ClassAnnotation,
  classImage,
  tenClasses,
  thoroughTenClasses,
} from './class-task.ts';
import type { Task } from './task.ts';
import { unlabeled } from './unlabeled.ts';

type Labeled = Dataset<Sample<ClassAnnotation>>;

/** A task of ten classes in 28x28 gray. */
export function tenClassTask({
  target,
  test,
  length,
  raw,
  ...named
}: Pick<Task<ClassAnnotation>, 'name' | 'title' | 'plugin' | 'length'> & {
  /** Real pictures; their labels are for the upper bound alone. */
  readonly target: Labeled;
  /** Others, with which networks are tested. */
  readonly test: Labeled;
  raw(seed: number, length: number): Labeled;
}): Task<ClassAnnotation> {
  return {
    ...named,
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
    raw: async (seed, count = length) => raw(seed, count),
    score: (network, engine) =>
      accuracyOf(network, engine, { estimator: tenClasses, image: classImage, test }),
  };
}
