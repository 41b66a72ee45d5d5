import { type Dataset, halve, shuffledIndices, spreadItems } from '../dataset.ts';
import { SimganError } from '../errors.ts';
import type { SizedForm } from '../image.ts';
import { imageFeatures } from '../measures/image-features.ts';
import { kernelMatrix, standardizerOf } from '../measures/kernel-distance.ts';
import { createRng, type Rng } from '../rng.ts';
import type { RealImage } from '../sample.ts';
import { std } from '../statistics.ts';

/** A figure with its 95 % interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** How refined pictures look beside synthetic and real ones. */
export interface LooksComparison {
  /** Kernel distances to real pictures; `control` is that of other real pictures, which a perfect refiner would get. */
  readonly synthetic: Interval;
  readonly refined: Interval;
  readonly control: number;
  /** The share of the gap between synthetic and real pictures that refinement closed: 1 is all, below 0 it grew. */
  readonly closed: Interval;
  readonly verdict: 'closer' | 'no different' | 'farther';
}

/** Options for {@link compareLooks}. */
export interface LooksOptions {
  readonly image: SizedForm;
  readonly seed: number;
  /** Most pictures of each set. Default: 300. */
  readonly limit?: number;
}

/** Random halves whose spread is that of the distances. */
const HALVES = 100;
/** Changes of less than this share of the gap are none. */
const LEAST = 0.05;

/**
 * Compares the looks of synthetic and refined pictures by their kernel distance to real ones
 * (`measureKernelDistances`), with intervals from random halves of all sets (a delete-half jackknife: Shao and Wu,
 * 1989). All sets have the size of `image`.
 *
 * @throws SimganError NOT_ENOUGH_DATA if a set has fewer than eight pictures.
 * @example
 * const refined = mapDataset(synthetic, (sample) => refiner.refine(sample));
 * const { verdict, closed } = await compareLooks({ synthetic, refined, real }, { image: training.form, seed: 1 });
 */
export async function compareLooks(
  sets: Readonly<Record<'synthetic' | 'refined' | 'real', Dataset<RealImage>>>,
  { image, seed, limit = 300 }: LooksOptions,
): Promise<LooksComparison> {
  const features: Record<string, Float64Array[]> = {};
  const [reference, control] = halve(sets.real, seed);
  for (const [name, set] of Object.entries({
    synthetic: sets.synthetic,
    refined: sets.refined,
    reference,
    control,
  })) {
    const found: Float64Array[] = [];
    for await (const picture of spreadItems(set, limit)) found.push(imageFeatures(picture.image, image));
    if (found.length < 4) {
      throw new SimganError(
        'NOT_ENOUGH_DATA',
        `Looks cannot be compared: there are ${set.length} ${name} pictures. Use at least eight of each set.`,
      );
    }
    features[name] = found;
  }
  const standardize = standardizerOf(features.reference!);
  const vectors = Object.fromEntries(
    Object.entries(features).map(([name, list]) => [name, list.map(standardize)] as const),
  );
  const real = vectors.reference!;
  const inReal = kernelMatrix(real, real);
  const matrices = (set: readonly Float64Array[]) => ({
    own: kernelMatrix(set, set),
    cross: kernelMatrix(set, real),
  });
  const [synthetic, refined, other] = [
    matrices(vectors.synthetic!),
    matrices(vectors.refined!),
    matrices(vectors.control!),
  ];
  const all = (matrix: readonly Float64Array[]) => Array.from(matrix, (_, i) => i);
  const distance = (
    { own, cross }: ReturnType<typeof matrices>,
    mine = all(own),
    theirs = all(inReal),
  ): number => pairsMean(own, mine) + pairsMean(inReal, theirs) - 2 * crossMean(cross, mine, theirs);
  const whole = { synthetic: distance(synthetic), refined: distance(refined), control: distance(other) };
  const gap = whole.synthetic - whole.control;
  const rng = createRng(seed).fork('looks');
  const halves = Array.from({ length: HALVES }, (_, n) => {
    const draw = rng.fork(n);
    const theirs = halfOf(inReal.length, draw.fork('real'));
    const ofSynthetic = distance(synthetic, halfOf(synthetic.own.length, draw.fork('synthetic')), theirs);
    const ofRefined = distance(refined, halfOf(refined.own.length, draw.fork('refined')), theirs);
    return { synthetic: ofSynthetic, refined: ofRefined, gain: ofSynthetic - ofRefined };
  });
  const interval = (value: number, spread: readonly number[], unit = 1): Interval => {
    const margin = (1.96 * std(spread, 1)) / unit;
    return { value: value / unit, low: value / unit - margin, high: value / unit + margin };
  };
  const gain = interval(
    whole.synthetic - whole.refined,
    halves.map((half) => half.gain),
  );
  // Without a gap there is nothing to close; a hundredth of a standardized feature keeps the share finite.
  const unit = Math.max(gap, 0.01);
  const closed = { value: gain.value / unit, low: gain.low / unit, high: gain.high / unit };
  const verdict =
    closed.low > 0 && closed.value > LEAST
      ? 'closer'
      : closed.high < 0 && closed.value < -LEAST
        ? 'farther'
        : 'no different';
  return {
    synthetic: interval(
      whole.synthetic,
      halves.map((half) => half.synthetic),
    ),
    refined: interval(
      whole.refined,
      halves.map((half) => half.refined),
    ),
    control: whole.control,
    closed,
    verdict,
  };
}

function halfOf(length: number, rng: Rng): number[] {
  return shuffledIndices(length, rng).slice(0, Math.max(2, Math.floor(length / 2)));
}

function pairsMean(matrix: readonly Float64Array[], chosen: readonly number[]): number {
  let sum = 0;
  for (const [n, i] of chosen.entries()) {
    for (let m = n + 1; m < chosen.length; m++) sum += matrix[i]![chosen[m]!]!;
  }
  return sum / ((chosen.length * (chosen.length - 1)) / 2);
}

function crossMean(
  matrix: readonly Float64Array[],
  rows: readonly number[],
  columns: readonly number[],
): number {
  let sum = 0;
  for (const i of rows) for (const j of columns) sum += matrix[i]![j]!;
  return sum / (rows.length * columns.length);
}
