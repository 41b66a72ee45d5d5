/** @file Statistics of numbers, shared by everything that measures. */

/** The arithmetic mean; 0 if there are no values. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return values.length === 0 ? 0 : sum / values.length;
}

/**
 * The standard deviation about the mean; 0 if there are no values.
 *
 * @param degreesOfFreedom - 0 for a whole population, 1 (Bessel's correction) for a sample of it.
 */
export function std(values: ArrayLike<number>, degreesOfFreedom: 0 | 1 = 0): number {
  const center = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - center) ** 2;
  return Math.sqrt(squares / Math.max(1, values.length - degreesOfFreedom));
}

/** The value below which a share of all values is, interpolated linearly between neighbors. `NaN` if there are none. */
export function quantile(values: ArrayLike<number>, share: number): number {
  return values.length === 0 ? Number.NaN : quantileOfSorted(sorted(values), share);
}

function sorted(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).sort();
}

function quantileOfSorted(values: ArrayLike<number>, share: number): number {
  const place = share * (values.length - 1);
  const below = values[Math.floor(place)]!;
  const above = values[Math.ceil(place)]!;
  return below + (place - Math.floor(place)) * (above - below);
}

/** A summary of some numbers. All 0 if there are none. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly mean: number;
  /** The standard deviation of the population. */
  readonly std: number;
  /** The 95th percentile. */
  readonly p95: number;
}

/** Median, mean and spread of some numbers. */
export function summarize(values: readonly number[]): Summary {
  const count = values.length;
  if (count === 0) return { count, median: 0, mean: 0, std: 0, p95: 0 };
  const ordered = sorted(values);
  return {
    count,
    median: quantileOfSorted(ordered, 0.5),
    mean: mean(ordered),
    std: std(ordered),
    p95: quantileOfSorted(ordered, 0.95),
  };
}

/** The middle value; the mean of the two middle ones if there is an even number. `NaN` if there are none. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}
