type Point = readonly [x: number, y: number];

/** An outline's points lie so far apart, pixels. */
const SPACING = 4;
/** What is shorter has no direction. */
const SHORTEST = 4 * SPACING;

/**
 * The border that an outline along edges of pixels stands for: its steps averaged over four pixels of its length, so that
 * its direction is that of the border and not of a pixel's side.
 *
 * @param outline - along edges of pixels, as `traceMask` gives it.
 * @returns `undefined` if it is shorter than 16 pixels.
 */
export function smoothOutline(outline: readonly Point[]): Point[] | undefined {
  const steps = outline.flatMap(([x, y], index) => {
    const [nextX, nextY] = outline[(index + 1) % outline.length]!;
    const length = Math.abs(nextX - x) + Math.abs(nextY - y);
    return Array.from({ length }, (_, n): Point => {
      const share = (n + 0.5) / length;
      return [x + share * (nextX - x), y + share * (nextY - y)];
    });
  });
  if (steps.length < SHORTEST) return undefined;
  const count = Math.floor(steps.length / SPACING);
  return Array.from({ length: count }, (_, n): Point => {
    const first = Math.round((n * steps.length) / count);
    const near = Array.from({ length: SPACING }, (_, k) => steps[(first + k) % steps.length]!);
    return [mean(near.map(([x]) => x)), mean(near.map(([, y]) => y))];
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
