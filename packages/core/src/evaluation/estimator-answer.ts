/**
 * What an estimator's output says, in a form in which the answers of several networks to the same picture can be
 * compared without labels: one of some classes, some values, or the places of some points.
 */
export type EstimatorAnswer<Annotation = unknown> =
  | ClassAnswer<Annotation>
  | ValuesAnswer<Annotation>
  | PointsAnswer<Annotation>;

/** The picture is of one of some classes: a digit, an open or a closed eye. */
export interface ClassAnswer<Annotation = unknown> {
  readonly kind: 'class';
  /** The names of the classes, at least two. */
  readonly classes: readonly string[];
  /**
   * The probability of each class, in the order of `classes`, with the sum 1.
   *
   * @param output - of the estimator's `outputShape`, row-major.
   */
  probabilities(output: Float32Array): ArrayLike<number>;
  /** The index of the true class; `undefined` if the annotation does not say. */
  truth(annotation: Annotation): number | undefined;
  /**
   * The whole annotation of a picture of which no more is known than its class, by the index of the class: what
   * `pseudoLabel` gives to real pictures. Default: annotations say more than the class, and real pictures get none.
   */
  annotation?(index: number): Annotation;
}

/** Some quantities that are measured independently of each other: pitch and yaw. */
export interface ValuesAnswer<Annotation = unknown> {
  readonly kind: 'values';
  /** The names of the quantities, at least one. */
  readonly names: readonly string[];
  /**
   * The values, in the order of `names`, each in a unit of its own.
   *
   * @param output - of the estimator's `outputShape`, row-major.
   */
  values(output: Float32Array): ArrayLike<number>;
  /** The true values; `undefined` if the annotation lacks one. */
  truth(annotation: Annotation): ArrayLike<number> | undefined;
}

/** The places of some points: joints, landmarks. */
export interface PointsAnswer<Annotation = unknown> {
  readonly kind: 'points';
  /** The number of points, at least one. */
  readonly count: number;
  /** Coordinates of a point. All have one unit: a distance between two answers adds them up. */
  readonly dimensions: 2 | 3;
  /**
   * The points one after the other, `[count, dimensions]`, row-major.
   *
   * @param output - of the estimator's `outputShape`, row-major.
   */
  points(output: Float32Array): ArrayLike<number>;
  /** The true points; `undefined` if the annotation lacks one. */
  truth(annotation: Annotation): ArrayLike<number> | undefined;
}

/** Probabilities of classes from logits (softmax). */
export function classProbabilities(logits: ArrayLike<number>): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i]!);
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
