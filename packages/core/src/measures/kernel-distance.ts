import { type Dataset, halve, spreadItems } from '../dataset.ts';
import type { ImageForm } from '../image.ts';
import type { RealImage } from '../sample.ts';
import { mean, std } from '../statistics.ts';
import { imageFeatures } from './image-features.ts';

/** Values further from the real mean than this many real deviations count as that far: one odd feature is not everything. */
const CLIP = 4;

/** How far sets of pictures are from the real ones. */
export interface KernelDistances {
  /** By the sets' names. */
  readonly sets: Readonly<Record<string, number>>;
  /** Between real pictures and other real ones: what a perfect set would get, about 0; may be slightly negative. */
  readonly control: number;
}

/**
 * The distance of sets of pictures to real ones in the manner of KID (Bińkowski et al., "Demystifying MMD GANs",
 * 2018): the unbiased squared maximum mean discrepancy under the cubic kernel, but on {@link imageFeatures}
 * in place of a trained network's. Features are standardized on one half of the real pictures, drawn by `seed`,
 * and clipped; sets and the other half, the control, are compared with that half. Where there are other real
 * pictures, such as those that a refiner was trained with, they may be the control, and nothing is halved.
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
 * not a number if a set has less than two members.
 */
export function kernelDistance(set: readonly Float64Array[], reference: readonly Float64Array[]): number {
  if (set.length < 2 || reference.length < 2) return Number.NaN;
  const standardize = standardizerOf(reference);
  const a = set.map(standardize);
  const b = reference.map(standardize);
  return meanKernel(a) + meanKernel(b) - 2 * meanKernel(a, b);
}

function standardizerOf(reference: readonly Float64Array[]): (features: Float64Array) => Float64Array {
  const column = (i: number) => reference.map((one) => one[i]!);
  const means = reference[0]!.map((_, i) => mean(column(i)));
  const deviations = reference[0]!.map((_, i) => std(column(i)));
  // A feature that is the same in all real pictures tells nothing but whether it is the same; it is not blown up.
  const floor = 1e-3;
  return (features) =>
    features.map((value, i) =>
      Math.min(CLIP, Math.max(-CLIP, (value - means[i]!) / Math.max(floor, deviations[i]!))),
    );
}

/** The mean of the kernel over the pairs of two sets, or over the pairs of different members of one. */
function meanKernel(a: readonly Float64Array[], b?: readonly Float64Array[]): number {
  let sum = 0;
  let pairs = 0;
  for (const [i, x] of a.entries()) {
    const others = b ?? a.slice(i + 1);
    for (const y of others) {
      let product = 0;
      for (let k = 0; k < x.length; k++) product += x[k]! * y[k]!;
      sum += (product / x.length + 1) ** 3;
      pairs += 1;
    }
  }
  return sum / pairs;
}
