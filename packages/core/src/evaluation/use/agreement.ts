import { mean } from '../../statistics.ts';
import type { Answers, ClassAnswers, PlaceAnswers } from './answers.ts';

/**
 * How well two sets of answers to the same pictures agree beyond chance: 1 if they are the same, about 0 if they have
 * nothing to do with each other or if one answer is given to all pictures, below 0 if they contradict each other.
 *
 * For classes Cohen's kappa (1960); for values and points the concordance correlation coefficient (Lin, 1989), which
 * is the kappa with quadratic weights for numbers, averaged over the values or points of an answer.
 *
 * @throws RangeError if the answers are of different kinds or numbers of pictures.
 */
export function agreement(a: Answers, b: Answers): number {
  if (a.kind === 'class' && b.kind === 'class') return cohenKappa(a, b);
  if (a.kind === 'places' && b.kind === 'places') return meanConcordance(a, b);
  throw new RangeError('Answers of different kinds cannot agree.');
}

/**
 * How right answers are, from 0 to 1: the share of right classes; for values and points the concordance correlation
 * coefficient with the truth.
 */
export function correctness(answers: Answers, truths: Answers): number {
  if (answers.kind === 'class' && truths.kind === 'class') return shareEqual(answers, truths);
  return Math.max(0, agreement(answers, truths));
}

function cohenKappa(a: ClassAnswers, b: ClassAnswers): number {
  const expected = shares(a).reduce((sum, share, index) => sum + share * shares(b)[index]!, 0);
  return expected === 1 ? 0 : (shareEqual(a, b) - expected) / (1 - expected);
}

/** The share of each class among the answers. */
function shares({ chosen, classes }: ClassAnswers): number[] {
  const counts = Array.from({ length: classes }, () => 0);
  for (const index of chosen) counts[index]! += 1;
  return counts.map((count) => count / chosen.length);
}

function shareEqual(a: ClassAnswers, b: ClassAnswers): number {
  checkCounts(a.chosen, b.chosen);
  return a.chosen.filter((index, n) => index === b.chosen[n]).length / a.chosen.length;
}

function meanConcordance(a: PlaceAnswers, b: PlaceAnswers): number {
  checkCounts(a.numbers, b.numbers);
  return mean(Array.from({ length: a.places }, (_, place) => concordance(a, b, place)));
}

/** Of one place: squared distances between the answers, relative to what two independent networks would have. */
function concordance(a: PlaceAnswers, b: PlaceAnswers, place: number): number {
  const { dimensions } = a;
  let [apart, independent] = [0, 0];
  for (let axis = 0; axis < dimensions; axis++) {
    const column = place * dimensions + axis;
    const [ofA, ofB] = [a, b].map(({ numbers }) => numbers.map((row) => row[column]!)) as [
      number[],
      number[],
    ];
    const [meanA, meanB] = [mean(ofA), mean(ofB)];
    for (const [n, value] of ofA.entries()) {
      apart += (value - ofB[n]!) ** 2;
      independent += (value - meanA) ** 2 + (ofB[n]! - meanB) ** 2 + (meanA - meanB) ** 2;
    }
  }
  return independent === 0 ? 0 : 1 - apart / independent;
}

function checkCounts(a: readonly unknown[], b: readonly unknown[]): void {
  if (a.length !== b.length) {
    throw new RangeError(`Answers to ${a.length} and to ${b.length} pictures cannot be compared.`);
  }
}
