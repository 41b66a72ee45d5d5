/** @file Exact statements about shares, from the binomial distribution. */

/** The probability of at least `successes` out of `trials`, each with probability `share` in [0, 1]. */
export function binomialTail(successes: number, trials: number, share: number): number {
  if (successes <= 0) return 1;
  if (successes > trials || share <= 0) return 0;
  if (share >= 1) return 1;
  // Terms by their logarithms: factorials overflow at 171.
  const [log, logOther] = [Math.log(share), Math.log1p(-share)];
  let logTerm = trials * logOther;
  let sum = 0;
  for (let k = 0; k <= trials; k++) {
    if (k > 0) logTerm += Math.log((trials - k + 1) / k) + log - logOther;
    if (k >= successes) sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}

/**
 * The lower bound of a share at a confidence: the largest share under which `successes` or more out of `trials` have at
 * most the probability 1 - confidence (Clopper and Pearson, 1934; one-sided). 0 without successes.
 */
export function shareAtLeast(successes: number, trials: number, confidence: number): number {
  if (successes <= 0 || trials <= 0) return 0;
  let [low, high] = [0, 1];
  // 50 halvings leave an error below 1e-15.
  for (let n = 0; n < 50; n++) {
    const middle = (low + high) / 2;
    if (binomialTail(successes, trials, middle) > 1 - confidence) high = middle;
    else low = middle;
  }
  return low;
}
