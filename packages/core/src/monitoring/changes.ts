/** @file What refinement changes in pictures, in figures that tell a working refiner from a failing one. */
import type { Image, ImageForm } from '../image.ts';
import { grayOf } from '../measures/gray.ts';
import { mean } from '../statistics.ts';

/** How refined pictures differ from the synthetic ones they were made of. Values are gray levels in [0, 1]. */
export interface Changes {
  /** The mean absolute change of a value, in [0, 1]. */
  readonly moved: number;
  /**
   * The correlation of brightness gradients before and after, in [-1, 1], the mean over pictures. Near 1: edges are
   * where they were. Below about 0.6, content was redrawn or inverted.
   */
  readonly gradientCorrelation: number;
  /**
   * The share of the fine change that is the same in all pictures, in [0, 1]: the energy of the mean high-pass change
   * over the mean energy, less the 1 / n that n independent changes have. Near 0 in a working refiner.
   */
  readonly fixedPattern: number;
  /** The mean change in the outermost ring of 2 px, relative to that inside. Above about 2 it is a frame. */
  readonly border: number;
  /** The mean distance between two refined pictures, relative to that of the same two synthetic ones. */
  readonly diversity: number;
  /** The fine detail (variance of the high-pass) of refined pictures, relative to that of the synthetic ones. */
  readonly detail: number;
}

/** Pairs of pictures whose distances are compared; more change no digit that anyone looks at. */
const PAIRS = 512;
const RING = 2;
/** A fiftieth of a gray level of 8 bits: where the inside does not change at all, a frame is one nevertheless. */
const LEAST_CHANGE = 1e-4;

/**
 * Measures the changes. The pictures of both lists have one size, and the same order.
 *
 * @throws RangeError if there are fewer than two pictures, or the lists differ in length.
 */
export function measureChanges(
  synthetic: readonly Image[],
  refined: readonly Image[],
  form: Pick<ImageForm, 'bits' | 'channels' | 'range'>,
): Changes {
  const count = synthetic.length;
  if (count < 2 || refined.length !== count) {
    throw new RangeError(
      `Changes need two lists of at least two pictures, not ${count} and ${refined.length}.`,
    );
  }
  const { width, height } = synthetic[0]!;
  const grays = (images: readonly Image[]) => images.map((image) => grayOf(image, form as ImageForm));
  const [before, after] = [grays(synthetic), grays(refined)];
  const ring = { sum: 0, count: 0 };
  const inside = { sum: 0, count: 0 };
  const correlations: number[] = [];
  const pattern = new Float64Array(width * height);
  let [energy, fineBefore, fineAfter] = [0, 0, 0];
  for (let n = 0; n < count; n++) {
    const [a, b] = [before[n]!, after[n]!];
    const change = a.map((value, i) => b[i]! - value);
    for (const [i, value] of change.entries()) {
      const [x, y] = [i % width, Math.floor(i / width)];
      const isRing = Math.min(x, y, width - 1 - x, height - 1 - y) < RING;
      const part = isRing ? ring : inside;
      part.sum += Math.abs(value);
      part.count += 1;
    }
    const fine = highPass(change, width, height);
    for (const [i, value] of fine.entries()) pattern[i]! += value / count;
    energy += squares(fine) / count;
    fineBefore += squares(highPass(a, width, height));
    fineAfter += squares(highPass(b, width, height));
    const correlation = gradientCorrelation(a, b, width, height);
    if (correlation !== undefined) correlations.push(correlation);
  }
  const same = energy > 0 ? (squares(pattern) / energy - 1 / count) / (1 - 1 / count) : 0;
  const inner = inside.count > 0 ? inside.sum / inside.count : 0;
  return {
    moved: (ring.sum + inside.sum) / (ring.count + inside.count),
    gradientCorrelation: correlations.length > 0 ? mean(correlations) : 1,
    fixedPattern: Math.max(0, same),
    border: ring.count > 0 ? (ring.sum / ring.count + LEAST_CHANGE) / (inner + LEAST_CHANGE) : 1,
    diversity: ratio(meanDistance(after), meanDistance(before)),
    detail: ratio(fineAfter, fineBefore),
  };
}

/** A value less the mean of its four neighbors; edges are replicated. */
function highPass(values: Float64Array, width: number, height: number): Float64Array {
  return values.map((value, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const left = values[x > 0 ? i - 1 : i]!;
    const right = values[x < width - 1 ? i + 1 : i]!;
    const above = values[y > 0 ? i - width : i]!;
    const below = values[y < height - 1 ? i + width : i]!;
    return value - (left + right + above + below) / 4;
  });
}

/** The correlation of both pictures' horizontal and vertical differences; `undefined` for a flat picture. */
function gradientCorrelation(
  a: Float64Array,
  b: Float64Array,
  width: number,
  height: number,
): number | undefined {
  let [ab, aa, bb] = [0, 0, 0];
  for (let y = 0; y < height - 1; y++) {
    for (let x = 0; x < width - 1; x++) {
      const i = y * width + x;
      for (const step of [1, width]) {
        const [da, db] = [a[i + step]! - a[i]!, b[i + step]! - b[i]!];
        ab += da * db;
        aa += da * da;
        bb += db * db;
      }
    }
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : undefined;
}

function squares(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}

/** The mean distance between pictures, over neighbors in the list at growing strides. */
function meanDistance(pictures: readonly Float64Array[]): number {
  const distances: number[] = [];
  for (let stride = 1; stride < pictures.length && distances.length < PAIRS; stride++) {
    for (let n = 0; n + stride < pictures.length && distances.length < PAIRS; n++) {
      const [a, b] = [pictures[n]!, pictures[n + stride]!];
      let sum = 0;
      for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
      distances.push(Math.sqrt(sum / a.length));
    }
  }
  return mean(distances);
}

function ratio(value: number, reference: number): number {
  return reference > 0 ? value / reference : 1;
}
