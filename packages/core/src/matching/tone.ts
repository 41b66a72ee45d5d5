/** @file A monotone curve that gives a picture another histogram without amplifying its grain. */

import { imageRange, type SizedForm } from '../image.ts';
import { residualNoise } from '../measures/light-measures.ts';
import { intensitiesOf, type Light } from './light.ts';

/** The maximum gain of detail as weak as grain, however much contrast increases. */
const MOST_GAIN_OF_DETAIL = 2.5;

/** The radius in pixels of the squares that separate fine detail from coarse. */
const RADIUS = 2;

/** The number of steps of {@link Quantiles}. */
export const STEPS = 128;

/** A histogram as quantiles: the values below which 0, 1/128, 2/128, … 1 of all pixels are. */
export type Quantiles = Float64Array;

/** The quantiles of some values. */
export function quantilesOf(values: Float64Array): Quantiles {
  const sorted = values.toSorted();
  return Float64Array.from(
    { length: STEPS + 1 },
    // Rounded to what a file of 32-bit floats keeps, so that a matcher that was saved gives the same bytes.
    (_, i) => Math.fround(sorted[Math.round((i * (sorted.length - 1)) / STEPS)]!),
  );
}

/** The quantiles of a uniform histogram. */
export function evenQuantiles(image: SizedForm): Quantiles {
  const [low, high] = imageRange(image);
  return Float64Array.from({ length: STEPS + 1 }, (_, i) => low + (i / STEPS) * (high - low));
}

/**
 * The change of each pixel's intensity, in stored values, that moves a picture `share` of the way to other quantiles.
 * Pixels keep their order of brightness; detail that is finer than a few pixels and as weak as grain is preserved and
 * amplified only a little. A flat ground keeps its value, since its pixels share one rank: the mean over their ranks
 * would lift black to gray. Other flat areas stay flat.
 */
export function changeTone(light: Light, image: SizedForm, to: Quantiles, share: number): Float64Array {
  const intensities = intensitiesOf(light, image);
  const grain = grainOf(intensities, image);
  const base = withoutGrain(intensities, image, grain);
  const flats = flatValues(intensities, image);
  const curve = curveTo(to, base, grain);
  pinCurve(curve, flats);
  const { start, step, values } = curve;
  const changes = new Float64Array(base.length);
  for (let pixel = 0; pixel < base.length; pixel++) {
    const at = (base[pixel]! - start) / step;
    const left = Math.min(BINS - 1, Math.max(0, Math.floor(at)));
    const rise = values[left + 1]! - values[left]!;
    const detail = intensities[pixel]! - base[pixel]!;
    const target = values[left]! + (at - left) * rise + Math.min(MOST_GAIN_OF_DETAIL, rise / step) * detail;
    changes[pixel] = flats.includes(intensities[pixel]!) ? 0 : share * (target - intensities[pixel]!);
  }
  return changes;
}

/** A value is that of a flat ground if at least this share of all pixels has it, and so have all their neighbors. */
const GROUND = 0.2;

/** The values of flat grounds: of pixels that equal all eight around them. */
function flatValues(intensities: Float64Array, { width, height }: SizedForm): number[] {
  const counts = new Map<number, number>();
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const value = intensities[at]!;
      const isFlat = [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1].every(
        (offset) => intensities[at + offset] === value,
      );
      if (isFlat) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
  }
  return [...counts].filter(([, count]) => count >= GROUND * intensities.length).map(([value]) => value);
}

/** Bends a curve so that some values stay where they are, and darker and brighter ones on their side of them. */
function pinCurve({ start, step, values }: Curve, pinned: readonly number[]): void {
  for (const value of pinned) {
    for (let edge = 0; edge < values.length; edge++) {
      const at = start + edge * step;
      values[edge] = at < value ? Math.min(value, values[edge]!) : Math.max(value, values[edge]!);
    }
  }
}

/** The number of pieces of a tone curve. */
const BINS = 512;

/** A monotone, piecewise linear curve through equidistant points. */
interface Curve {
  readonly start: number;
  readonly step: number;
  readonly values: Float64Array;
}

/**
 * The curve that gives values other quantiles. Ranks are counted in bins, not sorted; each value maps to the mean
 * target of all values within `width` of it, so that similar values stay similar: a uniform wall in a render does not
 * become a gradient, nor rounding a staircase.
 */
function curveTo(to: Quantiles, from: Float64Array, width: number): Curve {
  let start = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const value of from) {
    if (value < start) start = value;
    if (value > end) end = value;
  }
  const step = Math.max(end - start, 1e-6) / BINS;
  // The number of values below each edge of a bin.
  const below = new Float64Array(BINS + 1);
  for (const value of from) below[Math.min(BINS - 1, Math.floor((value - start) / step)) + 1]! += 1;
  for (let edge = 1; edge <= BINS; edge++) below[edge]! += below[edge - 1]!;
  // Cumulative sums of the targets by rank, for means over ranges of ranks.
  const sums = new Float64Array(STEPS + 1);
  for (let i = 1; i <= STEPS; i++) sums[i] = sums[i - 1]! + (to[i - 1]! + to[i]!) / 2;
  const sumBelow = (rank: number) => {
    const at = (rank / from.length) * STEPS;
    const left = Math.min(STEPS - 1, Math.floor(at));
    const part = at - left;
    return sums[left]! + part * (to[left]! + (part * (to[left + 1]! - to[left]!)) / 2);
  };
  const reach = Math.max(1, Math.min(BINS / 16, Math.round(width / step)));
  const values = Float64Array.from({ length: BINS + 1 }, (_, edge) => {
    const first = below[Math.max(0, edge - reach)]!;
    const last = Math.max(first + 1e-6, below[Math.min(BINS, edge + reach)]!);
    return ((sumBelow(last) - sumBelow(first)) / (last - first) / STEPS) * from.length;
  });
  return { start, step, values };
}

/** The std of a picture's grain in stored values, at least 1: rounding leaves steps of one, which are grain too. */
function grainOf(intensities: Float64Array, image: SizedForm): number {
  const [low, high] = imageRange(image);
  const shares = intensities.map((value) => (value - low) / (high - low));
  return Math.max(1, residualNoise(shares, image) * (high - low));
}

/**
 * Removes grain from intensities and preserves edges: the guided filter (He, Sun and Tang, "Guided image filtering",
 * 2010).
 */
function withoutGrain(intensities: Float64Array, image: SizedForm, grain: number): Float64Array {
  const penalty = (2 * grain) ** 2;
  const mean = boxMean(intensities, image);
  const squares = boxMean(
    intensities.map((value) => value * value),
    image,
  );
  const gains = squares.map((square, i) => {
    const variance = Math.max(0, square - mean[i]! ** 2);
    return variance / (variance + penalty);
  });
  const offsets = gains.map((gain, i) => (1 - gain) * mean[i]!);
  const [gain, offset] = [boxMean(gains, image), boxMean(offsets, image)];
  return intensities.map((value, i) => gain[i]! * value + offset[i]!);
}

/** The mean over squares of {@link RADIUS}, which are clipped at the border. */
function boxMean(values: Float64Array, { width, height }: SizedForm): Float64Array {
  const alongRows = new Float64Array(values.length);
  for (let y = 0; y < height; y++) slideMean(values, alongRows, y * width, width, 1);
  const mean = new Float64Array(values.length);
  for (let x = 0; x < width; x++) slideMean(alongRows, mean, x, height, width);
  return mean;
}

/** The moving average of one line: each sum is updated from the previous one. */
function slideMean(from: Float64Array, to: Float64Array, start: number, length: number, step: number): void {
  let sum = 0;
  let count = 0;
  for (let i = -RADIUS; i < length; i++) {
    if (i + RADIUS < length) {
      sum += from[start + (i + RADIUS) * step]!;
      count += 1;
    }
    if (i > RADIUS) {
      sum -= from[start + (i - RADIUS - 1) * step]!;
      count -= 1;
    }
    if (i >= 0) to[start + i * step] = sum / count;
  }
}
