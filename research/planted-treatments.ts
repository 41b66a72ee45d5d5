/** @file Treatments whose labels or pictures lie. A judge must accept none of them. */
import { type Dataset, imageRange, joinDatasets, mapDataset, type Rng, type Sample } from '@simgan/core';
import type { EstimatorAnswer } from '@simgan/core/evaluation';
import type { Task } from './tasks/task.ts';

/** Pixels along a side of the mark that tells the label. */
const MARK = 4;
/** Pictures to which `collapsed` maps all. */
const MODES = 4;

/** Planted sets by name. */
export async function plantedTreatments<Annotation>(
  { image, estimator, real }: Task<Annotation>,
  raw: Dataset<Sample<Annotation>>,
  rng: Rng,
): Promise<Readonly<Record<string, Dataset<Sample<Annotation>>>>> {
  const answer = estimator.answer!;
  const [low, high] = imageRange(image);
  const annotations: Annotation[] = [];
  for await (const { annotation } of raw) annotations.push(annotation);
  const withImage = (change: (sample: Sample<Annotation>, index: number) => ArrayLike<number>) =>
    mapDataset(raw, (sample, index) => {
      const data = sample.image.data.slice();
      data.set(Array.from(change(sample, index), Math.round));
      return { ...sample, image: { ...sample.image, data } };
    });
  const inverted = withImage(({ image }) =>
    image.data.map((value) => high + low - Math.min(high, Math.max(low, value))),
  );
  const relabeled = (set: typeof raw, other: (index: number) => number) =>
    mapDataset(set, (sample, index) => ({ ...sample, annotation: annotations[other(index)]! }));
  const marks = markValues(answer, annotations);
  return {
    inverted,
    'permuted labels': relabeled(raw, (index) => rng.fork('permuted').fork(index).int(raw.length)),
    'swapped labels': relabeled(raw, (index) => swappedWith(answer, annotations, index)),
    'raw, and inverted with swapped labels': joinDatasets(
      raw,
      relabeled(inverted, (index) => swappedWith(answer, annotations, index)),
      // Ids that the raw set does not know; the second half is made of the same raw samples as the first.
      (id) => `${id}-second`,
    ),
    'leaked label': withImage(({ image: { data, width, channels } }, index) =>
      data.map((value, i) => {
        const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
        return x < MARK && y < MARK
          ? low + marks[index]![Math.floor((x * marks[index]!.length) / MARK)]! * (high - low)
          : value;
      }),
    ),
    collapsed: mapDataset(raw, async (sample, index) => ({
      ...sample,
      image: (await raw.at(rng.fork('collapsed').fork(index).int(MODES))).image,
    })),
    'noise alone': withImage(({ image: { data } }, index) => {
      const draw = rng.fork('noise').fork(index);
      return data.map(() => low + draw.next() * (high - low));
    }),
    'real pictures, labels of others': mapDataset(raw, async (sample, index) => ({
      ...sample,
      image: (await real.at(rng.fork('copied').fork(index).int(real.length))).image,
    })),
  };
}

/** For each picture the shares of the range that its mark shows: its class, or up to two of its numbers. */
function markValues<Annotation>(
  answer: EstimatorAnswer<Annotation>,
  annotations: readonly Annotation[],
): (readonly number[])[] {
  const truths = annotations.map((annotation) => {
    const truth = answer.truth(annotation) ?? 0;
    return typeof truth === 'number' ? [truth] : Array.from(truth).slice(0, 2);
  });
  const extents = truths[0]!.map((_, axis) => {
    const values = truths.map((truth) => truth[axis]!);
    return [Math.min(...values), Math.max(...values)] as const;
  });
  return truths.map((truth) =>
    truth.map((value, axis) => (value - extents[axis]![0]) / (extents[axis]![1] - extents[axis]![0] || 1)),
  );
}

/** The index of a sample whose label is wrong here, in the same way for all pictures of a class: the next class. */
function swappedWith<Annotation>(
  answer: EstimatorAnswer<Annotation>,
  annotations: readonly Annotation[],
  index: number,
): number {
  if (answer.kind !== 'class') return (index + Math.floor(annotations.length / 2)) % annotations.length;
  const wanted = (answer.truth(annotations[index]!)! + 1) % answer.classes.length;
  return annotations.findIndex((annotation) => answer.truth(annotation) === wanted);
}
