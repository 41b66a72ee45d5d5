/** @file Noise, sharpness and shading of pictures, which differ between cameras. Intensities are in [0, 1]. */
import type { SizedForm } from '../image.ts';

/** The mean distance of the k-th smallest value from its value in a uniform histogram, in [0, 0.5]. */
export function unevennessOf(gray: Float64Array): number {
  const sorted = gray.toSorted();
  const uniform = (rank: number) => (rank + 0.5) / sorted.length;
  return sorted.reduce((sum, value, rank) => sum + Math.abs(value - uniform(rank)), 0) / sorted.length;
}

/** The std of normal noise is its median absolute value divided by this. */
const NORMAL_MEDIAN = 0.6744897501960817;

/**
 * A robust estimate of a picture's noise: the median absolute residual of Immerkaer's mask ("Fast noise variance
 * estimation", 1996), which ignores ramps. The median ignores edges, and clipped pixels are excluded.
 *
 * @returns the std as a share of the range; unbiased for white noise on a smooth background.
 */
export function residualNoise(gray: Float64Array, { width, height }: SizedForm): number {
  const residuals = new Float64Array(Math.max(0, (width - 2) * (height - 2)));
  let count = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const value = gray[at]!;
      if (value <= 0 || value >= 1) continue;
      const corners =
        gray[at - width - 1]! + gray[at - width + 1]! + gray[at + width - 1]! + gray[at + width + 1]!;
      const sides = gray[at - width]! + gray[at + width]! + gray[at - 1]! + gray[at + 1]!;
      residuals[count++] = Math.abs(corners - 2 * sides + 4 * value);
    }
  }
  if (count === 0) return 0;
  // The squares of the mask's weights sum to 36.
  return middleOf(residuals, count) / NORMAL_MEDIAN / 6;
}

/** The median of the first `count` values, which are reordered (Hoare, "Algorithm 65: Find", 1961). */
function middleOf(values: Float64Array, count: number): number {
  const middle = count >> 1;
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1]!;
    let left = low;
    let right = high;
    while (left <= right) {
      while (values[left]! < pivot) left++;
      while (values[right]! > pivot) right--;
      if (left <= right) {
        const value = values[left]!;
        values[left++] = values[right]!;
        values[right--] = value;
      }
    }
    if (middle <= right) high = right;
    else if (middle >= left) low = left;
    else break;
  }
  return values[middle]!;
}

/**
 * The strength of a picture's edges as a share of its contrast: the root mean square of the gradient, without the
 * contribution of noise. It falls with blur; noise hardly changes it.
 */
export function sharpnessOf(gray: Float64Array, image: SizedForm): number {
  const { width, height } = image;
  let mean = 0;
  let squares = 0;
  for (const value of gray) {
    mean += value;
    squares += value * value;
  }
  mean /= gray.length;
  const variance = squares / gray.length - mean * mean;
  let sum = 0;
  for (let y = 0; y < height - 1; y++) {
    for (let x = 0; x < width - 1; x++) {
      const at = y * width + x;
      sum += (gray[at + 1]! - gray[at]!) ** 2 + (gray[at + width]! - gray[at]!) ** 2;
    }
  }
  const noise = residualNoise(gray, image) ** 2;
  // Each of the two differences contains the noise of two pixels.
  const edges = sum / Math.max(1, (width - 1) * (height - 1)) - 4 * noise;
  return Math.sqrt(Math.max(0, edges) / Math.max(variance - noise, 1e-9));
}

/**
 * The smooth part of a picture's light: its coefficients in {@link smoothFields}, as shares of its brightness.
 */
export function smoothLight(gray: Float64Array, image: SizedForm): Float64Array {
  const mean = gray.reduce((a, b) => a + b, 0) / gray.length;
  return Float64Array.from(smoothFields(image), (field) => {
    let product = 0;
    for (let i = 0; i < gray.length; i++) product += gray[i]! * field[i]!;
    // A share of the light of a nearly black picture would be meaningless.
    return product / gray.length / Math.max(mean, 0.02);
  });
}

/** How much the smooth light differs between pictures: its std as a share of the brightness. */
export function shadingOf(lights: readonly Float64Array[]): number {
  if (lights.length === 0) return 0;
  const variances = lights[0]!.map((_, k) => {
    const mean = lights.reduce((sum, light) => sum + light[k]!, 0) / lights.length;
    return lights.reduce((sum, light) => sum + (light[k]! - mean) ** 2, 0) / lights.length;
  });
  return Math.sqrt(variances.reduce((a, b) => a + b, 0));
}

/**
 * The tilts and curvatures that make up smooth light: the Legendre polynomials up to the second degree without the
 * constant. Over the pixels, each has approximately mean 0 and mean square 1, and any two are nearly orthogonal.
 */
export function smoothFields({ width, height }: SizedForm): readonly Float64Array[] {
  const key = `${width}x${height}`;
  const known = fieldsBySize.get(key);
  if (known) return known;
  const along = (length: number, i: number) => (2 * i + 1) / length - 1;
  const tilt = (t: number) => Math.sqrt(3) * t;
  const curve = (t: number) => (Math.sqrt(5) / 2) * (3 * t * t - 1);
  const field = (at: (x: number, y: number) => number) =>
    Float64Array.from({ length: width * height }, (_, pixel) =>
      at(along(width, pixel % width), along(height, Math.floor(pixel / width))),
    );
  const fields = [
    field((x) => tilt(x)),
    field((_, y) => tilt(y)),
    field((x) => curve(x)),
    field((_, y) => curve(y)),
    field((x, y) => tilt(x) * tilt(y)),
  ];
  fieldsBySize.set(key, fields);
  return fields;
}

/** A cache: the fields are the same for all pictures of a size, and needed for each. */
const fieldsBySize = new Map<string, readonly Float64Array[]>();
