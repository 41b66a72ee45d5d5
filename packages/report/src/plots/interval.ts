import { html, type Markup } from '../html.ts';

/** A figure and the interval in which it lies with 95 % confidence. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A bar for a table's cell: a dot for the figure and a line for its interval, on an axis that all rows share. */
export function intervalBar({ value, low, high }: Interval, [from, to]: readonly [number, number]): Markup {
  const place = (figure: number) =>
    (100 * Math.min(1, Math.max(0, (figure - from) / (to - from)))).toFixed(1);
  return html`<svg class="interval" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true"><line class="grid" x1="0" x2="100" y1="6" y2="6"/><line class="line" x1="${place(low)}" x2="${place(high)}" y1="6" y2="6"/><line class="value" x1="${place(value)}" x2="${place(value)}" y1="1" y2="11"/></svg>`;
}

/** The interval of a share of so many trials, by Wilson (1927). */
export function shareInterval(share: number, trials: number): Interval {
  const z = 1.96;
  const middle = (share + z ** 2 / (2 * trials)) / (1 + z ** 2 / trials);
  const half =
    (z / (1 + z ** 2 / trials)) * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2));
  return { value: share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** Student's t for 95 % on both sides, by degrees of freedom. */
const studentT = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13];

/** The interval of a mean of repeated trainings, by Student's t; `undefined` of a single one. */
export function meanInterval(values: readonly number[]): Interval | undefined {
  if (values.length < 2) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const half = (studentT[values.length - 2] ?? 2) * Math.sqrt(variance / values.length);
  return { value: mean, low: mean - half, high: mean + half };
}
