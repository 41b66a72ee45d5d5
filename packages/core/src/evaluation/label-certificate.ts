import { shareAtLeast } from '../binomial.ts';

/** What a random sample says about all labels of a dataset, with a stated confidence. */
export interface LabelCertificate {
  /** What was measured: the probe's quantity. */
  readonly quantity: string;
  /** The most that a label may move to count, in `unit`. */
  readonly limit: number;
  readonly unit: string;
  /** Randomly chosen pictures that were looked at. */
  readonly sampled: number;
  /** How many of them have a label that moved by less than the limit. */
  readonly within: number;
  /** Labels that are found before refinement and not after it, and labels that are not found before. Both count against. */
  readonly lost: number;
  readonly abstained: number;
  /** In [0, 1): with this confidence, at least the share `atLeast` of all labels moved less than the limit. */
  readonly confidence: number;
  readonly atLeast: number;
}

/** Options for {@link certifyLabels}. */
export interface CertifyOptions {
  readonly quantity: string;
  readonly unit: string;
  readonly limit: number;
  /** Default: 0.99. */
  readonly confidence?: number;
}

/**
 * A label certificate from a random sample: how far the label of each picture moved; `undefined` where it was not found
 * afterward (`lost`) or beforehand (`abstained`). A label that nobody measured is counted as one that moved, so the
 * statement holds whatever the probe could not see.
 *
 * The bound is that of Clopper and Pearson (1934): exact for every sample size, and valid for random samples only.
 */
export function certifyLabels(
  shifts: readonly (number | 'lost' | 'abstained')[],
  { quantity, unit, limit, confidence = 0.99 }: CertifyOptions,
): LabelCertificate {
  const count = (wanted: (shift: number | 'lost' | 'abstained') => boolean) => shifts.filter(wanted).length;
  const within = count((shift) => typeof shift === 'number' && shift < limit);
  return {
    quantity,
    limit,
    unit,
    sampled: shifts.length,
    within,
    lost: count((shift) => shift === 'lost'),
    abstained: count((shift) => shift === 'abstained'),
    confidence,
    atLeast: shareAtLeast(within, shifts.length, confidence),
  };
}

/** The certificate as a sentence. */
export function certificateText({
  confidence,
  atLeast,
  limit,
  unit,
  sampled,
  quantity,
}: LabelCertificate): string {
  // Rounded down: the statement must stay true.
  const share = Math.floor(1000 * atLeast) / 10;
  return `With ${100 * confidence}% confidence, at least ${share.toFixed(1)}% of labels (${quantity}) moved less than ${limit} ${unit} (${sampled} random pictures).`;
}
