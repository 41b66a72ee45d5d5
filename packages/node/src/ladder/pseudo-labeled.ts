/** @file Real pictures with the labels that networks read from them, as samples beside the synthetic ones. */
import {
  createDataset,
  createRng,
  type Dataset,
  type Engine,
  type Plugin,
  type RealImage,
  type Rng,
  type Sample,
  selectItems,
  shuffledIndices,
} from '@simgan/core';
import { type PseudoLabeled, pseudoLabel } from '@simgan/core/evaluation';
import { randomize } from '@simgan/core/treating';
import { fitAll } from './common-form.ts';
import type { JudgedTask } from './judged-task.ts';

/** Labeled pictures are told from synthetic ones by their ids. */
const PREFIX = 'real-';

/** What labeling needs. */
export interface LabelingMeans {
  readonly plugin: Plugin;
  readonly task: JudgedTask;
  readonly engine: Engine;
  readonly seed: number;
  /** Training steps of a network that learns from pictures as they are; from varied ones it learns longer. */
  readonly steps: number;
  /** What they learn from. */
  readonly samples: Dataset<Sample<unknown>>;
  /** The pictures to label. */
  readonly real: Dataset<RealImage>;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: (done: number, total: number) => void;
}

/** Networks whose answers are averaged, and how often pictures are labeled: see `pseudoLabel`. */
const NETWORKS = 2;
const ROUNDS = 5;
/** How much longer networks learn from pictures that vary. */
const LONGER = 4;

/** Labels the most certain half of each class; the pictures keep their size. */
export async function labelReal(means: LabelingMeans): Promise<PseudoLabeled<unknown>> {
  const { task, engine, seed, samples, real, signal, onStep } = means;
  const { estimator, image } = task;
  const steps = LONGER * means.steps;
  const recipe = { ...estimator.recipe, steps };
  const found = await pseudoLabel({
    ...{
      estimator: { ...estimator, recipe },
      image,
      engine,
      seed,
      signal,
      networks: NETWORKS,
      rounds: ROUNDS,
    },
    samples: fitAll(task, samples),
    real: fitAll(task, real),
    vary: classicVariation(means),
    onStep: ({ step }, network) => onStep?.(network * steps + step, ROUNDS * NETWORKS * steps),
  });
  const indices = Array.from({ length: real.length }, (_, index) => index).filter((index) =>
    found.confidence.has(real.id(index)),
  );
  const pictures = selectItems(real, indices);
  const labeled = createDataset(
    pictures.length,
    async (index) => {
      const { image: picture, source } = await pictures.at(index);
      const { annotation } = await found.samples.at(index);
      const id = `${PREFIX}${pictures.id(index)}`;
      return { id, image: picture, annotation, ...(source && { source }) };
    },
    (index) => `${PREFIX}${pictures.id(index)}`,
  );
  const confidence = new Map([...found.confidence].map(([id, value]) => [`${PREFIX}${id}`, value]));
  return { samples: labeled, confidence };
}

/** Classic augmentation, which leaves a class as it is wherever its picture moves. */
function classicVariation({ plugin, task, seed }: LabelingMeans) {
  const classic = randomize(
    { image: task.image, annotation: { geometry: {} } },
    { ...plugin.randomization, seed },
  );
  return ({ id, image, annotation }: Sample<unknown>, rng: Rng): Sample<unknown> => {
    const varied = classic.apply({ id: String(rng.int(2 ** 31)), image, annotation: {} });
    return { id, image: varied.image, annotation };
  };
}

/** Pictures that judge a set with labeled real pictures, and others that are labeled: none is both. */
export function partReal(
  real: Dataset<RealImage>,
  most: { readonly judged: number; readonly labeled: number },
  seed: number,
): { readonly judged: Dataset<RealImage>; readonly labeled: Dataset<RealImage> } {
  const order = shuffledIndices(real.length, createRng(seed).fork('pseudo-labels'));
  const half = Math.floor(real.length / 2);
  const judged = Math.min(most.judged, half);
  return {
    judged: selectItems(real, order.slice(0, judged)),
    labeled: selectItems(real, order.slice(judged, judged + most.labeled)),
  };
}
