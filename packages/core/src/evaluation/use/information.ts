import { mean, std } from '../../statistics.ts';
import type { Answers, ClassAnswers, PlaceAnswers } from './answers.ts';

/**
 * How much the answers to real pictures say, to find answers that have collapsed.
 *
 * For classes the mutual information of picture and answer in bits, at most log2 of the number of classes: the entropy
 * of the mean of the probabilities less the mean of their entropies (Bridle, Heading and MacKay, 1991). It is 0 if all
 * pictures get the same probabilities and if every picture gets all classes alike.
 *
 * For values and points the spread of the answers relative to the spread of the labels in the training set, at most 1,
 * averaged over the values or points: wilder answers than the labels say no more.
 *
 * @param labels - the true answers of the set that the network was trained on.
 */
export function information(answers: Answers, labels: Answers): number {
  if (answers.kind === 'class') return mutualInformation(answers);
  if (labels.kind === 'places') return relativeSpread(answers, labels);
  throw new RangeError('Answers and labels of different kinds cannot be compared.');
}

function mutualInformation({ probabilities, classes }: ClassAnswers): number {
  const middle = Array.from({ length: classes }, (_, index) => mean(probabilities.map((row) => row[index]!)));
  return entropy(middle) - mean(probabilities.map(entropy));
}

/** Bits. */
function entropy(probabilities: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const share = probabilities[i]!;
    if (share > 0) sum -= share * Math.log2(share);
  }
  return sum;
}

function relativeSpread(answers: PlaceAnswers, labels: PlaceAnswers): number {
  const ratios = Array.from({ length: answers.places }, (_, place) => {
    const range = spread(labels, place);
    return range === 0 ? 0 : Math.min(1, spread(answers, place) / range);
  });
  return mean(ratios);
}

/** The standard deviation of one value, or of a point about its mean place. */
function spread({ numbers, dimensions }: PlaceAnswers, place: number): number {
  return Math.hypot(
    ...Array.from({ length: dimensions }, (_, axis) =>
      std(numbers.map((row) => row[place * dimensions + axis]!)),
    ),
  );
}
