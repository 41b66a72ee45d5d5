import type { EstimatorAnswer } from '../estimator-answer.ts';

/** The answers of one network to some pictures, or the truth about them, ready to be compared. */
export type Answers = ClassAnswers | PlaceAnswers;

/** Answers that name one of some classes. */
export interface ClassAnswers {
  readonly kind: 'class';
  readonly classes: number;
  /** The most probable class of each picture. */
  readonly chosen: readonly number[];
  /** For each picture the probability of each class. */
  readonly probabilities: readonly ArrayLike<number>[];
}

/** Answers with numbers: values, which are points on a line, and points. */
export interface PlaceAnswers {
  readonly kind: 'places';
  /** Number of values or points in an answer. */
  readonly places: number;
  /** Numbers that make one of them: 1 for a value. */
  readonly dimensions: number;
  /** For each picture its numbers, `[places, dimensions]`, row-major. */
  readonly numbers: readonly ArrayLike<number>[];
}

/** The answers that outputs give. */
export function answersFrom<Annotation>(
  answer: EstimatorAnswer<Annotation>,
  outputs: readonly Float32Array[],
): Answers {
  if (answer.kind !== 'class') {
    return placesFrom(
      answer,
      outputs.map((output) => (answer.kind === 'values' ? answer.values(output) : answer.points(output))),
    );
  }
  const probabilities = outputs.map((output) => answer.probabilities(output));
  return { kind: 'class', classes: answer.classes.length, chosen: probabilities.map(largest), probabilities };
}

/** The true answers of annotations, and the indices of those that have one. */
export function truthsFrom<Annotation>(
  answer: EstimatorAnswer<Annotation>,
  annotations: readonly Annotation[],
): { readonly truths: Answers; readonly known: readonly number[] } {
  if (answer.kind !== 'class') {
    const { known, found } = knownTruths(annotations, (annotation) => answer.truth(annotation));
    return { truths: placesFrom(answer, found), known };
  }
  const { known, found } = knownTruths(annotations, (annotation) => answer.truth(annotation));
  const classes = answer.classes.length;
  const probabilities = found.map((truth) =>
    Float64Array.from({ length: classes }, (_, index) => (index === truth ? 1 : 0)),
  );
  return { truths: { kind: 'class', classes, chosen: found, probabilities }, known };
}

/** The answers to some of the pictures, in the order of the indices. */
export function pickAnswers(answers: Answers, indices: readonly number[]): Answers {
  if (answers.kind === 'places') {
    return { ...answers, numbers: indices.map((index) => answers.numbers[index]!) };
  }
  return {
    ...answers,
    chosen: indices.map((index) => answers.chosen[index]!),
    probabilities: indices.map((index) => answers.probabilities[index]!),
  };
}

function placesFrom<Annotation>(
  answer: Exclude<EstimatorAnswer<Annotation>, { readonly kind: 'class' }>,
  numbers: readonly ArrayLike<number>[],
): PlaceAnswers {
  return answer.kind === 'values'
    ? { kind: 'places', places: answer.names.length, dimensions: 1, numbers }
    : { kind: 'places', places: answer.count, dimensions: answer.dimensions, numbers };
}

function knownTruths<Annotation, Truth>(
  annotations: readonly Annotation[],
  truthOf: (annotation: Annotation) => Truth | undefined,
): { readonly known: readonly number[]; readonly found: readonly Truth[] } {
  const known: number[] = [];
  const found: Truth[] = [];
  for (const [index, annotation] of annotations.entries()) {
    const truth = truthOf(annotation);
    if (truth === undefined) continue;
    known.push(index);
    found.push(truth);
  }
  return { known, found };
}

function largest(values: ArrayLike<number>): number {
  let index = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[index]!) index = i;
  return index;
}
