import type { Image } from '../image.ts';

/**
 * Measures in the pixels what the annotation says, to find out whether refinement moved a label. A probe is built
 * for one image form.
 */
export interface LabelProbe<Annotation = unknown> {
  /** The measured quantities, by name: `pupilCenter`, `silhouette` … The first is reported where there is room for one. */
  readonly quantities: Readonly<Record<string, Quantity>>;
  /**
   * Measures the quantities in a picture. The probe abstains where it is not sure: the quantity is then absent.
   *
   * @param annotation - the picture's annotation, if known. A probe may use it to decide where to look, never for the
   * values it returns.
   */
  measure(image: Image, annotation?: Annotation): Readonly<Record<string, Measurement>>;
  /** The ground truth of the same quantities, in the format of `measure`; those that the annotation lacks are absent. */
  expected(annotation: Annotation): Readonly<Record<string, Values>>;
}

/** The values of a quantity. Their meaning and order are up to the probe; `distance` compares them. */
export type Values = ArrayLike<number>;

/** A quantity that a probe measures. */
export interface Quantity {
  /** The unit of the distance: `px`, `mm`, `share`. */
  readonly unit: string;
  /** The distance between two values, at least 0. */
  distance(a: Values, b: Values): number;
}

/** One quantity measured in a picture. */
export interface Measurement {
  readonly values: Values;
  /** From 0, a guess, to 1, clearly visible. */
  readonly confidence: number;
}
