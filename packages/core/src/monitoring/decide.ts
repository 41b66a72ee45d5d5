/** @file Which of a run's refiners is the best, and whether the run should go on. */

import { median } from '../statistics.ts';
import type { TrainingRecipe } from '../training/recipe.ts';
import type { Steering } from '../training/steering.ts';
import type { Signals } from './signals.ts';
import { LABEL_SHIFT, leastChange, thresholds } from './symptoms.ts';

/** What looks at a run so far say. */
export interface Decision {
  /** The step of the best look so far; `undefined` while no look is valid. */
  readonly best: number | undefined;
  /** Why the run should end now; `undefined` to go on. */
  readonly end: string | undefined;
}

/** A recipe that says how its training is steered. */
export type SteeredRecipe = Pick<TrainingRecipe, 'lambda' | 'warmup'> & { readonly steering: Steering };

/** A gain below this share of the best distance is none. */
const GAIN = 0.05;
/** Distances of neighboring looks differ by chance up to a factor of two: a median of these many is compared. */
const SMOOTHED = 3;

/**
 * Decides from all looks of a run, the earliest first. A look is valid if labels hold and content was not redrawn; the
 * best is the valid one with the lowest distance to real pictures, smoothed over neighboring looks. Where use was judged,
 * looks that were found worse than the raw pictures come after all others, and so do those up to the next judgment: a
 * quick judgment is sure enough to turn something down, not to rank what it does not. Looks at which nothing has changed
 * yet come after those with an effect: where distances rise before they fall, such a refiner is the closest.
 */
export function decide(looks: readonly Signals[], recipe: SteeredRecipe): Decision {
  const { steering, lambda } = recipe;
  const { patience = 5, least = 6 * steering.every } = steering;
  const warmup = recipe.warmup.refiner + recipe.warmup.discriminator;
  const distances = looks.map((_, n) => smoothed(looks, n));
  const isRefused = refusals(looks);
  const rank = (n: number) => (isRefused[n] ? 2 : looks[n]!.moved < leastChange(lambda) ? 1 : 0);
  let best: number | undefined;
  let lastGain = 0;
  for (const [n, look] of looks.entries()) {
    if (!isValid(look, steering)) continue;
    const order = best === undefined ? -1 : rank(n) - rank(best);
    const gain =
      best === undefined || order < 0 ? Number.POSITIVE_INFINITY : distances[best]! - distances[n]!;
    if (order > 0 || !(gain > 0)) continue;
    if (best === undefined || gain > GAIN * Math.abs(distances[best]!)) lastGain = n;
    best = n;
  }
  const step = best === undefined ? undefined : looks[best]!.step;
  const last = looks.at(-1);
  if (!last || last.step - warmup < least) return { best: step, end: undefined };
  const limit = steering.labelShift ?? LABEL_SHIFT;
  const drifted = looks.slice(-2).filter(({ labels }) => labels && labels.median > limit);
  if (looks.length >= 2 && drifted.length === 2) {
    const shift = drifted[1]!.labels!;
    return {
      best: step,
      end: `labels have moved by more than ${limit} ${shift.unit} in two looks in a row (${shift.median.toFixed(2)})`,
    };
  }
  if (best !== undefined && looks.length - 1 - lastGain >= patience) {
    return { best: step, end: `the distance to real pictures has not fallen by 5% in ${patience} looks` };
  }
  return { best: step, end: undefined };
}

/** Whether the refiner of a look may be used at all. */
export function isValid(look: Signals, { labelShift = LABEL_SHIFT }: Pick<Steering, 'labelShift'>): boolean {
  const { labels, gradientCorrelation, distance } = look;
  if (!Number.isFinite(distance)) return false;
  if (gradientCorrelation < thresholds.gradientCorrelation) return false;
  return !labels || (labels.median <= labelShift && labels.lost <= thresholds.lost);
}

/** For each look whether the last judgment of use, at it or before it, was against it. */
function refusals(looks: readonly Signals[]): boolean[] {
  let isRefused = false;
  return looks.map(({ use }) => {
    if (use) isRefused = use.verdict === 'worse' || use.verdict === 'refused';
    return isRefused;
  });
}

function smoothed(looks: readonly Signals[], n: number): number {
  return median(looks.slice(Math.max(0, n - SMOOTHED + 1), n + 1).map(({ distance }) => distance));
}
