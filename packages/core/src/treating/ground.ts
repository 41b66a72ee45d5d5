import type { Size } from '../image.ts';
import { quantile } from '../statistics.ts';

const BINS = 64;

/** Pixels this close to the ground, as a share of the range, belong to it. */
export const NEAR = 0.12;

/** Pixels this close to it are plain ground: where fewer are, the ground is a texture, or none. */
const PLAIN = 0.03;

/** A ground covers this share of all pixels, and is plain at this share of the edge of most pictures. */
const LEAST = { everywhere: 0.25, edge: 0.4 } as const;

/** What most pictures are: one in five may be filled by its content. */
const MOST = 0.8;

/**
 * The brightness of the plain ground that the content of a set stands on, 0 to 1; `undefined` if there is none, as in
 * photographs of rooms or skin, or where grounds are textures of about one brightness.
 *
 * @param pictures - gray, `[height, width]`, 0 to 1.
 */
export function groundOf(pictures: readonly Float64Array[], size: Size): number | undefined {
  const ground = densestLevel(pictures);
  let total = 0;
  let near = 0;
  const edges: number[] = [];
  for (const picture of pictures) {
    const edge = { length: 0, plain: 0 };
    for (const [pixel, value] of picture.entries()) {
      const distance = Math.abs(value - ground);
      total += 1;
      if (distance <= NEAR) near += 1;
      if (!isAtEdge(pixel, size)) continue;
      edge.length += 1;
      if (distance <= PLAIN) edge.plain += 1;
    }
    edges.push(edge.plain / edge.length);
  }
  // Each of most pictures: a brightness of skin is that of many edges in some pictures, and of few in others.
  const isFound = near >= LEAST.everywhere * total && quantile(edges, 1 - MOST) >= LEAST.edge;
  return isFound ? ground : undefined;
}

/** The brightness about which most pixels are. */
function densestLevel(pictures: readonly Float64Array[]): number {
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
  return sumAt(levels, densest) / Math.max(1, sumAt(counts, densest));
}

/** Whether a pixel, counted by rows, is one of the outermost. */
export function isAtEdge(pixel: number, { width, height }: Size): boolean {
  const [x, y] = [pixel % width, Math.floor(pixel / width)];
  return x === 0 || y === 0 || x === width - 1 || y === height - 1;
}

/** How much each pixel belongs to the content and not to the ground: its distance beyond that of the ground's grain. */
export function contentOf(picture: Float64Array, ground: number): Float64Array {
  return picture.map((value) => Math.max(0, Math.abs(value - ground) - NEAR));
}
