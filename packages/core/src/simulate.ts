import { createDataset, type Dataset, indexId } from './dataset.ts';
import type { Image } from './image.ts';
import { createRng, type Rng } from './rng.ts';
import type { Sample } from './sample.ts';

/**
 * A function from random numbers to an annotated image. It draws from `rng` alone, so the same seed and
 * index give the same sample in any process.
 */
export type Simulator<Annotation> = (rng: Rng) => Simulated<Annotation> | Promise<Simulated<Annotation>>;

/** The output of a simulator: a picture and its exact ground truth. */
export interface Simulated<Annotation> {
  readonly image: Image;
  readonly annotation: Annotation;
}

/**
 * A simulator as a dataset. Sample `i` depends on `seed` and `i` alone: a longer dataset of the same seed
 * begins with the shorter one.
 */
export function simulate<Annotation>(
  simulator: Simulator<Annotation>,
  { seed, length }: { seed: number; length: number },
): Dataset<Sample<Annotation>> {
  const rng = sourceOf(seed);
  return createDataset(length, async (index) => {
    const { image, annotation } = await simulator(rng.fork(index));
    return { id: indexId(index), image, annotation };
  });
}

/** Sample `index` of {@link simulate} for a seed: the same in any thread or process. */
export async function simulateAt<Annotation>(
  simulator: Simulator<Annotation>,
  seed: number,
  index: number,
): Promise<Simulated<Annotation>> {
  return simulator(sourceOf(seed).fork(index));
}

function sourceOf(seed: number): Rng {
  return createRng(seed).fork('simulate');
}
