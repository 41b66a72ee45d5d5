import { type Dataset, datasetOf, type ImageRefiner, mapDataset, type Sample } from '@simgan/core';
import { applyTreatments, type Treatment } from '@simgan/core/treating';
import type { JudgedTask } from './judged-task.ts';
import type { RungName } from './rungs.ts';

/**
 * What is done to synthetic pictures, ready to be done. In the order of its fields: content is framed before anything
 * is learned from it and before a ground is put behind it, a refiner brings its own corrections of light, and pictures
 * are randomized when they are done.
 */
export interface Stack {
  readonly framing?: Treatment;
  readonly grounds?: Treatment;
  /** Without a refiner, which has its own. */
  readonly light?: Treatment;
  readonly refiner?: Pick<ImageRefiner, 'refine' | 'matcher' | 'network'>;
  readonly randomization?: Treatment;
  /** The rungs that it consists of. */
  readonly names: readonly RungName[];
}

/** Nothing is done. */
export const rawStack: Stack = { names: [] };

/** Applies a stack to samples, in their order. */
export async function* applyStack(
  { framing, grounds, light, refiner, randomization }: Stack,
  samples: Dataset<Sample<unknown>>,
): AsyncGenerator<Sample<unknown>, void, void> {
  const before = applyTreatments(
    [framing, grounds, light].filter((one) => one !== undefined),
    samples,
  );
  for await (const sample of refiner ? refiner.refine(before) : before) {
    yield randomization ? randomization.apply(sample) : sample;
  }
}

/** What a stack makes of samples, in memory. */
export async function treatedBy(
  stack: Stack,
  samples: Dataset<Sample<unknown>>,
): Promise<Dataset<Sample<unknown>>> {
  if (stack.names.length === 0) return samples;
  const treated: Sample<unknown>[] = [];
  for await (const sample of applyStack(stack, samples)) treated.push(sample);
  return datasetOf(treated);
}

/** Bytes of pictures of any size that are kept to be looked at. */
const SHOWN_BYTES = 256 * 2 ** 20;

/**
 * What a stack makes of samples: as networks that judge see them, all of them, and as they are, as many of the first
 * ones as memory has place for.
 *
 * @param times - how many copies of each sample are judged. What a stack draws at random for a picture, such as its
 * ground, is drawn anew for each copy; all copies have the id of their sample. Default: 1.
 */
export async function treatedFor(
  { fit }: JudgedTask,
  stack: Stack,
  samples: Dataset<Sample<unknown>>,
  times = 1,
): Promise<{ readonly judged: Dataset<Sample<unknown>>; readonly shown: Dataset<Sample<unknown>> }> {
  const judged: Sample<unknown>[] = [];
  const shown: Sample<unknown>[] = [];
  let bytes = 0;
  for (let time = 0; time < times; time++) {
    const named =
      time === 0 ? samples : mapDataset(samples, (sample) => ({ ...sample, id: `${sample.id}-${time}` }));
    let index = 0;
    for await (const sample of applyStack(stack, named)) {
      judged.push({ ...fit(sample), id: samples.id(index) });
      index += 1;
      if (time > 0) continue;
      bytes += sample.image.data.byteLength;
      if (bytes <= SHOWN_BYTES) shown.push(sample);
    }
  }
  return { judged: datasetOf(judged), shown: datasetOf(shown) };
}

/**
 * A stack without what changes its content in place: where its pictures are framed, put on grounds and randomized, and
 * nothing else. Its labels are those of the whole stack, so that what refinement moved shows against it.
 */
export function placedOnly({ framing, grounds, randomization }: Stack): Stack {
  return {
    names: ['framed'],
    ...(framing && { framing }),
    ...(grounds && { grounds }),
    ...(randomization && { randomization }),
  };
}

/** A stack whose pictures are not randomized: for networks that learn from copies which vary by themselves. */
export function withoutRandomization({ randomization: _, ...stack }: Stack): Stack {
  return { ...stack, names: stack.names.filter((name) => name !== 'randomized') };
}
