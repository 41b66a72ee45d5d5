import { fitColumns } from './least-squares.ts';
import { laplacian, middleOf, type Patch, SMOOTHING, shiftPatch } from './patch.ts';

/** A direction in the picture, of length 1. */
export type Direction = readonly [x: number, y: number];

/** The radius of what is compared, and the std of the weights within it, pixels. */
export const RADIUS = 10;
const WEIGHT = 5;

const SIDE = 2 * RADIUS + 1;

/** Weights of what is compared, row by row: the middle counts most. */
export const bell = Float64Array.from({ length: SIDE * SIDE }, (_, i) => {
  const [x, y] = [(i % SIDE) - RADIUS, Math.floor(i / SIDE) - RADIUS];
  return Math.exp(-(x * x + y * y) / (2 * WEIGHT ** 2));
});
const ones = new Float64Array(bell.length).fill(1);
const rampX = ones.map((_, i) => (i % SIDE) / RADIUS - 1);
const rampY = ones.map((_, i) => Math.floor(i / SIDE) / RADIUS - 1);
const TOTAL = bell.reduce((sum, weight) => sum + weight, 0);

/** Smoothing makes the noise of so many pixels alike (the area of the smoothing's autocorrelation). */
const ALIKE = 4 * Math.PI * SMOOTHING ** 2;

/** Less contrast than this part of the other patch's is none. */
const LEAST_CONTRAST = 0.05;
const MOST_STEPS = 12;
/** A step of fewer pixels ends the search. */
const STILL = 1e-3;
/** Farther from where it started it is another place, pixels. */
const ASTRAY = 1.5;
/** Keeps motion that nothing determines, such as along an edge, from becoming anything: as slopes of rounding do. */
const RIDGE = 1e-6 * TOTAL;

/** Where one patch lies in another. */
export interface Registration {
  readonly shift: readonly [number, number];
  /** The direction that is measured best. */
  readonly axis: Direction;
  /** The std of the error along that direction and across it, pixels. Along one axis, both are the same. */
  readonly deviations: readonly [small: number, large: number];
}

/**
 * Finds where a patch lies in another, near `start`.
 *
 * @param axis - the only direction to move along. Default: any.
 * @param leastNoise - std of the noise that the patches have at least, before smoothing.
 * @returns `undefined` if the equations have no solution, or lead elsewhere.
 */
export function register(
  from: Patch,
  to: Patch,
  start: readonly [number, number],
  axis: Direction | undefined,
  leastNoise: number,
): Registration | undefined {
  const goal = middleOf(from, RADIUS);
  const edges = laplacian(to);
  let [dx, dy] = start;
  for (let step = 1; step <= MOST_STEPS; step++) {
    const { values, slopesX, slopesY } = shiftPatch(to, dx, dy, RADIUS);
    const motions = axis
      ? [slopesX.map((slope, i) => axis[0] * slope + axis[1] * slopesY[i]!)]
      : [slopesX, slopesY];
    // Another contrast, another sharpness, and another brightness that may slope.
    const columns = [...motions, values, shiftPatch(edges, dx, dy, RADIUS).values, ones, rampX, rampY];
    const ridges = columns.map((_, i) => (i < motions.length ? RIDGE : 1e-9 * TOTAL));
    const fit = fitColumns(columns, goal, bell, ridges);
    const contrast = fit?.solution[motions.length] ?? 0;
    if (!fit || contrast < LEAST_CONTRAST) return undefined;
    const [x, y] = axis
      ? [(fit.solution[0]! / contrast) * axis[0], (fit.solution[0]! / contrast) * axis[1]]
      : [fit.solution[0]! / contrast, fit.solution[1]! / contrast];
    const length = Math.hypot(x, y);
    // Slopes say nothing of what is more than a pixel away.
    dx += x / Math.max(1, length);
    dy += y / Math.max(1, length);
    if (Math.hypot(dx - start[0], dy - start[1]) > ASTRAY) return undefined;
    if (length > STILL && step < MOST_STEPS) continue;
    const count = TOTAL / ALIKE;
    const noise = Math.max(
      (fit.squares / TOTAL) * (count / Math.max(1, count - columns.length)),
      leastNoise ** 2 / ALIKE,
    );
    const covariance = (i: number, j: number) =>
      (noise * ALIKE * fit.inverse[i * columns.length + j]!) / contrast ** 2;
    if (axis) {
      const deviation = Math.sqrt(covariance(0, 0));
      return { shift: [dx, dy], axis, deviations: [deviation, deviation] };
    }
    return { shift: [dx, dy], ...axesOf(covariance(0, 0), covariance(0, 1), covariance(1, 1)) };
  }
  return undefined;
}

/** The axes of a symmetric 2x2 covariance. */
function axesOf(xx: number, xy: number, yy: number): Pick<Registration, 'axis' | 'deviations'> {
  const middle = (xx + yy) / 2;
  const half = Math.hypot((xx - yy) / 2, xy);
  const angle = Math.atan2(2 * xy, xx - yy) / 2;
  return {
    // Across the direction of the largest variance.
    axis: [-Math.sin(angle), Math.cos(angle)],
    deviations: [Math.sqrt(Math.max(0, middle - half)), Math.sqrt(middle + half)],
  };
}
