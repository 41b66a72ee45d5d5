import type { Ellipse } from './ellipse.ts';
import { type Plane, riseAt, type Slopes } from './plane.ts';

/** The gap of a wide open eye: 0.36 of the typical eye width of 29 mm, in iris radii of 5.85 mm. */
const WIDE_OPEN = (0.36 * 29) / 5.85;

/** The columns that are searched, in radii from the iris' middle. */
const columns = [-0.5, -0.3, -0.1, 0.1, 0.3, 0.5] as const;

/** The lids above and below the iris, where its dark borders on brighter skin. */
export interface LidGap {
  /** Where the upper lid or the iris' own border is over the iris' middle; pixels. */
  readonly upper: number;
  readonly lower: number;
  /** As in annotations: the gap over that of a wide open eye, 0 to 1. */
  readonly openness: number;
  /** The mean gradient at the weaker of the two borders, standard deviations per pixel. */
  readonly plainness: number;
}

/** Finds the lids above and below an iris. */
export function measureLidGap(iris: Ellipse, plane: Plane, slopes: Slopes): LidGap {
  const upper = border(iris, plane, slopes, -1);
  const lower = border(iris, plane, slopes, 1);
  const gap = Math.max(0, lower.y - upper.y);
  return {
    upper: upper.y,
    lower: lower.y,
    openness: Math.min(1, gap / (WIDE_OPEN * iris.major)),
    plainness: Math.min(upper.rise, lower.rise),
  };
}

/** The line above (-1) or below (1) the iris' middle at which brightness rises most. */
function border(iris: Ellipse, { height }: Plane, slopes: Slopes, way: -1 | 1): { y: number; rise: number } {
  let best = { y: iris.y, rise: 0 };
  let bestValue = 0;
  const step = 0.25;
  for (let distance = -0.25 * iris.major; distance < 1.35 * iris.major; distance += step) {
    const y = iris.y + way * distance;
    if (y < 0.5 || y > height - 0.5) continue;
    let rise = 0;
    for (const share of columns) {
      // Lids and the iris' own border both bend away from its middle.
      const bend = 0.35 * share * share * iris.major;
      rise += riseAt(slopes, iris.x + share * iris.major, y - way * bend, 0, way);
    }
    rise /= columns.length;
    // Borders near the middle are mostly the pupil's, and count less.
    const value = rise * (0.6 + 0.4 * Math.min(1, Math.max(0, distance / (0.6 * iris.major))));
    if (value > bestValue) {
      bestValue = value;
      best = { y, rise };
    }
  }
  return best;
}
