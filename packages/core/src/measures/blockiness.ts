import type { Size } from '../image.ts';

/** JPEG's blocks, pixels. */
const SIDE = 8;

/** How many steps of average height every place is assumed to have beside its own. */
const PRIOR = 20;

/** Steps above this, as a share of the range, are edges of the content and not of blocks. */
const MOST_STEP = 0.12;

/**
 * How much more often a step between two pixels is higher than both steps beside it where blocks of 8 pixels meet than
 * elsewhere, in [0, 1]: near 0 for pictures that were never compressed, and growing with JPEG's loss. The grid of blocks
 * may begin anywhere, as in a crop: of the eight places along each axis the one with most such steps counts, against the
 * mean of the others. Small pictures have a little of it by chance; compare sets of one size.
 *
 * @param gray - `[height, width]`, 0 to 1.
 */
export function blockinessOf(gray: Float64Array, { width, height }: Size): number {
  return (
    (alongAxis(gray, { lines: height, length: width, step: 1, leap: width }) +
      alongAxis(gray, { lines: width, length: height, step: width, leap: 1 })) /
    2
  );
}

function alongAxis(
  gray: Float64Array,
  { lines, length, step, leap }: { lines: number; length: number; step: number; leap: number },
): number {
  const sums = new Float64Array(SIDE);
  const counts = new Float64Array(SIDE);
  for (let line = 0; line < lines; line++) {
    const jump = (i: number) => Math.abs(gray[line * leap + (i + 1) * step]! - gray[line * leap + i * step]!);
    for (let i = 1; i + 2 < length; i++) {
      const [before, here, after] = [jump(i - 1), jump(i), jump(i + 1)];
      const highest = Math.max(before, here, after);
      if (highest === 0 || highest > MOST_STEP) continue;
      counts[i % SIDE]! += 1;
      if (here > before && here > after) sums[i % SIDE]! += 1;
    }
  }
  // A few places say nothing yet: shares are drawn to the overall one.
  const count = counts.reduce((a, b) => a + b, 0);
  if (count === 0) return 0;
  const overall = sums.reduce((a, b) => a + b, 0) / count;
  const shares = sums.map((sum, place) => (sum + PRIOR * overall) / (counts[place]! + PRIOR));
  const highest = Math.max(...shares);
  return highest - (shares.reduce((a, b) => a + b, 0) - highest) / (SIDE - 1);
}
