import type { Image } from '../image.ts';

/**
 * Measures in the pixels what the annotation says, so that one can tell whether refinement moved a label.
 * It is made for one form of images.
 */
export interface LabelProbe<Annotation = unknown> {
  /** What it measures, by name: `pupilCenter`, `silhouette` … The first is the one that is told where there is room for one. */
  readonly quantities: Readonly<Record<string, Quantity>>;
  /**
   * What it finds in a picture. A quantity that it does not dare to tell is left out: it abstains.
   *
   * @param annotation What the picture shows, if that is known: where a probe may look, and never what it finds there.
   */
  measure(image: Image, annotation?: Annotation): Readonly<Record<string, Measurement>>;
  /** What the annotation says of the same quantities, as `measure` would put it; those that it does not speak of are left out. */
  expected(annotation: Annotation): Readonly<Record<string, Values>>;
}

/** What a quantity's values say and in which order is the probe's own affair; `distance` compares them. */
export type Values = ArrayLike<number>;

/** Something that a probe measures. */
export interface Quantity {
  /** Of the distance: `px`, `mm`, `share`. */
  readonly unit: string;
  /** How far two values are apart, at least 0. */
  distance(a: Values, b: Values): number;
}

/** One thing found in a picture. */
export interface Measurement {
  readonly values: Values;
  /** From 0, a guess, to 1, plain to see. */
  readonly confidence: number;
}
