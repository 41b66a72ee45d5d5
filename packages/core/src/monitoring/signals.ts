import type { UseVerdict } from '../evaluation/use/verdict.ts';
import type { Changes } from './changes.ts';

/** What a look at a run in progress found, on held-out pictures, with the averaged weights of the refiner. */
export interface Signals extends Changes {
  /** Steps done, warm-up included. */
  readonly step: number;
  /** The kernel distance of refined pictures to real ones. */
  readonly distance: number;
  /** The same for the synthetic pictures, and for held-out real ones: the start, and what a perfect refiner would get. */
  readonly distanceBefore: number;
  readonly distanceControl: number;
  /** The weight of the regularizer, and its value in the last update. */
  readonly lambda: number;
  readonly regularization: number;
  /** The discriminator in the last update: its mean loss, and its accuracies in [0, 1]. */
  readonly discriminatorLoss: number;
  readonly accuracyOnRefined: number;
  readonly accuracyOnReal: number;
  /** The discriminator's accuracy on real pictures that it never saw; absent without held-out ones. */
  readonly accuracyOnHeldOut?: number | undefined;
  /** How far labels moved, by the probe's first quantity; absent without a probe. */
  readonly labels?: LabelSignal | undefined;
  /** What networks learn from the refined pictures; absent where it was not judged at this look. */
  readonly use?: UseSignal | undefined;
}

/** What refined pictures are worth to the task, by a quick form of `judgeUse`. */
export interface UseSignal {
  readonly verdict: UseVerdict['verdict'];
  /** How consistently networks that learned from refined pictures answer real ones, and those of raw pictures. */
  readonly score: number;
  readonly raw: number;
  /** How far scores of raw pictures differ with the seeds alone: a standard deviation. */
  readonly noise: number;
  /** The verdict as a sentence. */
  readonly reason: string;
}

/** How refinement treats labels. */
export interface LabelSignal {
  readonly unit: string;
  /** The median and the 95th percentile of the shifts. */
  readonly median: number;
  readonly p95: number;
  /** The share of the labels found before refinement that are no longer found after it, in [0, 1]. */
  readonly lost: number;
  /** The number of pictures in which the label was found before. */
  readonly found: number;
}
