import { mean, std } from '../statistics.ts';

/** An area under the ROC curve, and the interval in which it lies with 95% confidence. */
export interface ClusteredAuc {
  readonly auc: number;
  readonly interval: { readonly low: number; readonly high: number };
}

const Z = 1.96;

/**
 * The area under the ROC curve of scores that come in clusters, such as those of several crops of a picture: the
 * probability that a score of the first set is higher than one of the second; ties count half.
 *
 * The interval takes each cluster as one observation (Obuchowski, 1997, for clusters that lie in one set each), so that
 * more crops of a picture do not make it narrower than more pictures would. It is Wilson's (1927), for as many trials as
 * would have that variance and at most as many as there are clusters: it stays within [0, 1], and sets that are told
 * apart without an error still have one.
 *
 * @param positive - for each cluster of the first set its scores, at least one.
 * @param negative - the same of the second set.
 * @throws RangeError if a set has fewer than two clusters.
 */
export function clusteredAuc(
  positive: readonly (readonly number[])[],
  negative: readonly (readonly number[])[],
): ClusteredAuc {
  if (Math.min(positive.length, negative.length) < 2) {
    throw new RangeError(
      `An interval needs two pictures of each set, not ${positive.length} and ${negative.length}.`,
    );
  }
  const [above, below] = [placements(positive, negative), placements(negative, positive)];
  const auc = mean(above.flat());
  const variance = clusterVariance(above, auc) + clusterVariance(below, 1 - auc);
  const clusters = positive.length + negative.length;
  const trials = Math.min(clusters, variance > 0 ? (auc * (1 - auc)) / variance : clusters);
  const middle = (auc + Z ** 2 / (2 * trials)) / (1 + Z ** 2 / trials);
  const half =
    (Z / (1 + Z ** 2 / trials)) * Math.sqrt((auc * (1 - auc)) / trials + Z ** 2 / (4 * trials ** 2));
  return { auc, interval: { low: Math.max(0, middle - half), high: Math.min(1, middle + half) } };
}

/** For each score of a set the share of the other set's scores that it exceeds; equal ones count half. */
function placements(own: readonly (readonly number[])[], other: readonly (readonly number[])[]): number[][] {
  const sorted = Float64Array.from(other.flat()).sort();
  return own.map((scores) =>
    scores.map(
      (score) => (firstIndex(sorted, score, false) + firstIndex(sorted, score, true)) / (2 * sorted.length),
    ),
  );
}

/** The index of the first value that is at least `score`, or beyond it. */
function firstIndex(sorted: Float64Array, score: number, isBeyond: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < score || (isBeyond && sorted[middle] === score)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What one set's clusters add to the variance of the area: the spread of their sums about what they would be at `center`. */
function clusterVariance(placed: readonly (readonly number[])[], center: number): number {
  const total = placed.reduce((sum, scores) => sum + scores.length, 0);
  const sums = placed.map((scores) => scores.reduce((sum, place) => sum + place - center, 0));
  return (placed.length * std(sums, 1) ** 2) / total ** 2;
}
