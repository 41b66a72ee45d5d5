/** @file How many refiner steps a turn of Algorithm 1 has, where the discriminator's answers decide. */
import type { DiscriminatorLosses } from './update-losses.ts';

/**
 * Raises K_g while the discriminator wins, and lowers it while the discriminator only guesses. K_d stays as it is.
 *
 * The 2017 article of the paper's authors ("Improving the Realism of Synthetic Images", Apple Machine Learning
 * Journal) trains so by hand: one discriminator step per turn, few refiner steps at first, more of them once the
 * discriminator gets better. It gives no thresholds; the defaults are chosen here.
 */
export interface AdaptiveUpdates {
  /** K_g of the first turn. Default: the lower bound. */
  readonly start?: number;
  /** The smallest and the largest K_g. Default: [1, 50]. */
  readonly range?: readonly [least: number, most: number];
  /**
   * The band of the discriminator's accuracy, in [0, 1], in which K_g stays as it is; above it K_g grows, below it K_g
   * shrinks. Default: [0.6, 0.8].
   */
  readonly accuracy?: readonly [low: number, high: number];
  /**
   * The discriminator's mean loss, below which it counts as winning; ln 2 = 0.69 is guessing. K_g grows only if
   * accuracy and loss agree. Default: 0.55.
   */
  readonly loss?: number;
  /** The fewest turns between two changes, so that each takes effect before the next. Default: 10. */
  readonly hold?: number;
}

/** The state of the controller. */
export interface Pace {
  /** K_g of the next turn. */
  readonly refinerUpdates: number;
  /** Moving averages of the discriminator's accuracy on both kinds of pictures, and of its loss. */
  readonly accuracy: number;
  readonly loss: number;
  /** Turns since K_g last changed. */
  readonly turns: number;
}

/** The share of the latest turn in the moving averages. */
const LATEST = 0.1;
/** The factor of one change, at least one step. */
const CHANGE = 1.5;

/** The state before the first turn: K_g is the number that the recipe names, or where its controller starts. */
export function initialPace(refinerUpdates: number | AdaptiveUpdates): Pace {
  const start = typeof refinerUpdates === 'number' ? refinerUpdates : startOf(refinerUpdates);
  return { refinerUpdates: start, accuracy: 0.5, loss: Math.LN2, turns: 0 };
}

/** The state after a turn whose last discriminator update reported `losses`. A fixed K_g stays. */
export function nextPace(
  refinerUpdates: number | AdaptiveUpdates,
  pace: Pace,
  { accuracyOnRefined, accuracyOnReal, loss: latest }: DiscriminatorLosses,
): Pace {
  if (typeof refinerUpdates === 'number') return pace;
  const { range: [least, most] = RANGE, accuracy: [low, high] = BAND, loss: winning = 0.55 } = refinerUpdates;
  const { hold = 10 } = refinerUpdates;
  const accuracy = pace.accuracy + LATEST * ((accuracyOnRefined + accuracyOnReal) / 2 - pace.accuracy);
  const loss = pace.loss + LATEST * (latest - pace.loss);
  const turns = pace.turns + 1;
  const kept = { refinerUpdates: pace.refinerUpdates, accuracy, loss, turns };
  if (turns < hold) return kept;
  const { refinerUpdates: now } = pace;
  const wanted =
    accuracy > high && loss < winning
      ? Math.min(most, Math.ceil(now * CHANGE))
      : accuracy < low
        ? Math.max(least, Math.floor(now / CHANGE))
        : now;
  return wanted === now ? kept : { ...kept, refinerUpdates: wanted, turns: 0 };
}

const RANGE = [1, 50] as const;
const BAND = [0.6, 0.8] as const;

function startOf({ start, range: [least] = RANGE }: AdaptiveUpdates): number {
  return start ?? least;
}

/** Everything that is wrong with a controller's numbers, one clause each. */
export function adaptiveProblems({
  start,
  range = RANGE,
  accuracy = BAND,
  loss = 0.55,
  hold = 10,
}: AdaptiveUpdates): string[] {
  const problems: string[] = [];
  const [least, most] = range;
  if (!(Number.isInteger(least) && Number.isInteger(most) && least >= 1 && least <= most)) {
    problems.push(
      `refinerUpdates.range must be two whole numbers of at least 1, the smaller first, not [${range}]`,
    );
  } else if (start !== undefined && !(Number.isInteger(start) && start >= least && start <= most)) {
    problems.push(`refinerUpdates.start must be a whole number within [${range}], not ${start}`);
  }
  const [low, high] = accuracy;
  if (!(low >= 0 && low < high && high <= 1)) {
    problems.push(`refinerUpdates.accuracy must be an interval within [0, 1], not [${accuracy}]`);
  }
  if (!(loss > 0)) problems.push(`refinerUpdates.loss must be above 0, not ${loss}`);
  if (!(Number.isInteger(hold) && hold >= 1)) {
    problems.push(`refinerUpdates.hold must be a whole number of at least 1, not ${hold}`);
  }
  return problems;
}
