import { type Dataset, halve, spreadItems } from '../dataset.ts';
import type { ImageForm } from '../image.ts';
import type { RealImage } from '../sample.ts';
import { mean, std } from '../statistics.ts';
import { imageFeatures } from './image-features.ts';

/** Features are clipped at this many stds of the real set from its mean, so that no outlier dominates. */
const CLIP = 4;

/** Distances of sets of pictures to the real ones. */
export interface KernelDistances {
  /** The distance of each set, by name. */
  readonly sets: Readonly<Record<string, number>>;
  /** The distance between real pictures and other real ones: that of a perfect set, about 0; may be slightly negative. */
  readonly control: number;
}

/**
 * The distance of sets of pictures to real ones in the manner of KID (Bińkowski et al., "Demystifying MMD GANs",
 * 2018): the unbiased squared maximum mean discrepancy under the cubic kernel, but on {@link imageFeatures}
 * instead of a trained network's features. Features are standardized on one half of the real pictures, drawn by
 * `seed`, and clipped; the sets and the other half, the control, are compared with that half. If there are other real
 * pictures, such as those that a refiner was trained on, pass them as `control`, and nothing is halved. At most
 * `limit` pictures of each set are used, spread over it. Default: 500.
 */
export async function measureKernelDistances(
  sets: Readonly<Record<string, Dataset<RealImage>>>,
  real: Dataset<RealImage>,
  {
    image,
    seed,
    limit = 500,
    control,
  }: { image: ImageForm; seed: number; limit?: number; control?: Dataset<RealImage> },
): Promise<KernelDistances> {
  const [reference, others] = await Promise.all(
    (control ? [real, control] : halve(real, seed)).map((part) => featuresOf(part, image, limit)),
  );
  const distances: [string, number][] = [];
  for (const [name, set] of Object.entries(sets)) {
    distances.push([name, kernelDistance(await featuresOf(set, image, limit), reference!)]);
  }
  return { sets: Object.fromEntries(distances), control: kernelDistance(others!, reference!) };
}

async function featuresOf(
  dataset: Dataset<RealImage>,
  image: ImageForm,
  limit: number,
): Promise<Float64Array[]> {
  const features: Float64Array[] = [];
  for await (const picture of spreadItems(dataset, limit)) features.push(imageFeatures(picture.image, image));
  return features;
}

/**
 * The unbiased squared maximum mean discrepancy of two sets of feature vectors under the kernel
 * `(x · y / d + 1)³`, both standardized on `reference` and clipped. 0 on average for sets of one distribution;
 * `NaN` if a set has fewer than two members.
 */
export function kernelDistance(set: readonly Float64Array[], reference: readonly Float64Array[]): number {
  if (set.length < 2 || reference.length < 2) return Number.NaN;
  const standardize = standardizerOf(reference);
  const a = set.map(standardize);
  const b = reference.map(standardize);
  return meanKernel(a) + meanKernel(b) - 2 * meanKernel(a, b);
}

/** Standardizes a feature vector on a set: mean 0 and std 1 in each feature, clipped at four stds. */
export function standardizerOf(reference: readonly Float64Array[]): (features: Float64Array) => Float64Array {
  const column = (i: number) => reference.map((one) => one[i]!);
  const means = reference[0]!.map((_, i) => mean(column(i)));
  const stds = reference[0]!.map((_, i) => std(column(i)));
  // A feature that is constant in all real pictures only tells whether it has the same value; it is not amplified.
  const floor = 1e-3;
  return (features) =>
    features.map((value, i) =>
      Math.min(CLIP, Math.max(-CLIP, (value - means[i]!) / Math.max(floor, stds[i]!))),
    );
}

/** The kernel of every member of one set with every member of another, one row for each of the first. */
export function kernelMatrix(
  rows: readonly Float64Array[],
  columns: readonly Float64Array[],
): Float64Array[] {
  return rows.map((x) => Float64Array.from(columns, (y) => kernel(x, y)));
}

function kernel(x: Float64Array, y: Float64Array): number {
  let product = 0;
  for (let k = 0; k < x.length; k++) product += x[k]! * y[k]!;
  return (product / x.length + 1) ** 3;
}

/** The mean of the kernel over the pairs of two sets, or over the pairs of different members of one. */
function meanKernel(a: readonly Float64Array[], b?: readonly Float64Array[]): number {
  let sum = 0;
  let pairs = 0;
  for (const [i, x] of a.entries()) {
    const others = b ?? a.slice(i + 1);
    for (const y of others) {
      sum += kernel(x, y);
      pairs += 1;
    }
  }
  return sum / pairs;
}
