/** @file What the updates of the two players report. */

/** The report of a refiner update: means, and `…Sum` as the paper writes it. */
export interface RefinerLosses {
  readonly loss: number;
  readonly adversarial: number;
  readonly adversarialSum: number;
  readonly regularization: number;
  readonly lambda: number;
  /** Of refiners that move things: the mean square of the displacement, px², and its weight. */
  readonly displacement?: number | undefined;
  readonly displacementLambda?: number | undefined;
}

/** The report of a discriminator update; accuracies are in [0, 1]. */
export interface DiscriminatorLosses {
  readonly loss: number;
  readonly lossSum: number;
  readonly accuracyOnRefined: number;
  readonly accuracyOnReal: number;
}
