import type { Size } from '../image.ts';
import { quantile } from '../statistics.ts';

const BINS = 64;

/** Pixels this close to the ground, as a share of the range, belong to it. */
export const NEAR = 0.12;

/** Half of the pixels of a ground are this close to it: one that is no plainer is a texture. */
const PLAIN = 0.04;

/** A ground covers at least this share of all pixels, and of those at the edges of pictures. */
const LEAST = { everywhere: 0.25, edges: 0.4 } as const;

/**
 * The brightness of the plain ground that the content of a set stands on, 0 to 1; `undefined` if there is none, as in
 * photographs of rooms or skin, or where grounds are textures of about one brightness.
 *
 * @param pictures - gray, `[height, width]`, 0 to 1.
 */
export function groundOf(pictures: readonly Float64Array[], { width, height }: Size): number | undefined {
  const counts = new Float64Array(BINS);
  const levels = new Float64Array(BINS);
  for (const picture of pictures) {
    for (const value of picture) {
      const bin = Math.min(BINS - 1, Math.max(0, Math.floor(value * BINS)));
      counts[bin]! += 1;
      levels[bin]! += value;
    }
  }
  // The densest three bins side by side: a ground with grain is wider than one.
  const sumAt = (values: Float64Array, bin: number) =>
    (values[bin - 1] ?? 0) + values[bin]! + (values[bin + 1] ?? 0);
  const densest = counts.reduce((best, _, bin) => (sumAt(counts, bin) > sumAt(counts, best) ? bin : best), 0);
  const ground = sumAt(levels, densest) / Math.max(1, sumAt(counts, densest));
  const isEdge = (pixel: number) => {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  };
  const total = { everywhere: 0, edges: 0 };
  const near = { everywhere: 0, edges: 0 };
  const grains: number[] = [];
  for (const picture of pictures) {
    for (const [pixel, value] of picture.entries()) {
      const isNear = Math.abs(value - ground) <= NEAR;
      for (const part of isEdge(pixel) ? (['everywhere', 'edges'] as const) : (['everywhere'] as const)) {
        total[part] += 1;
        if (isNear) near[part] += 1;
        if (isNear && part === 'edges') grains.push(Math.abs(value - ground));
      }
    }
  }
  const covers = (part: 'everywhere' | 'edges') => near[part] >= LEAST[part] * total[part];
  const isPlain = () => quantile(grains, 0.5) <= PLAIN;
  return total.everywhere > 0 && covers('everywhere') && covers('edges') && isPlain() ? ground : undefined;
}

/** How much each pixel belongs to the content and not to the ground: its distance beyond that of the ground's grain. */
export function contentOf(picture: Float64Array, ground: number): Float64Array {
  return picture.map((value) => Math.max(0, Math.abs(value - ground) - NEAR));
}
