import { middleOf, type Patch, shiftPatch } from './patch.ts';
import { bell, type Direction, RADIUS } from './register.ts';

/** How far a patch is looked for, pixels. */
export const RANGE = 4;

/** Two places that are farther apart than this are not one peak, pixels. */
const APART = 2;

/** The shift at which patches look most alike, to half a pixel or a pixel. */
export interface FoundShift {
  readonly shift: readonly [number, number];
  /** From -1 to 1. */
  readonly correlation: number;
  /** Whether another place looks nearly as much alike. */
  readonly isAmbiguous: boolean;
}

/** Looks for a patch in another, in whole pixels, or along one direction in half pixels. */
export function searchShift(from: Patch, to: Patch, axis: Direction | undefined): FoundShift {
  const shifts = axis
    ? Array.from({ length: 4 * RANGE + 1 }, (_, i) => i / 2 - RANGE).map(
        (along) => [along * axis[0], along * axis[1]] as const,
      )
    : wholeShifts;
  const goal = middleOf(from, RADIUS);
  const found = shifts.map((shift) => {
    const { values } = shiftPatch(to, ...shift, RADIUS);
    return { shift, correlation: correlation(goal, values) };
  });
  const best = found.reduce((one, other) => (other.correlation > one.correlation ? other : one));
  const rival = found.reduce((most, { shift, correlation }) => {
    const isApart = Math.hypot(shift[0] - best.shift[0], shift[1] - best.shift[1]) > APART;
    return isApart ? Math.max(most, correlation) : most;
  }, -1);
  // The better the best is, the less another may differ from it.
  return { ...best, isAmbiguous: 1 - rival < 1.5 * (1 - best.correlation) + 0.01 };
}

const wholeShifts = Array.from(
  { length: (2 * RANGE + 1) ** 2 },
  (_, i) => [(i % (2 * RANGE + 1)) - RANGE, Math.floor(i / (2 * RANGE + 1)) - RANGE] as const,
);

/** How much alike two patches look at a shift, from -1 to 1. */
export function correlationAt(from: Patch, to: Patch, [dx, dy]: readonly [number, number]): number {
  return correlation(middleOf(from, RADIUS), shiftPatch(to, dx, dy, RADIUS).values);
}

/** The weighted correlation of two patches. */
function correlation(one: Float64Array, other: Float64Array): number {
  let [total, a, b, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < bell.length; i++) {
    const [weight, x, y] = [bell[i]!, one[i]!, other[i]!];
    total += weight;
    a += weight * x;
    b += weight * y;
    aa += weight * x * x;
    bb += weight * y * y;
    ab += weight * x * y;
  }
  const covariance = ab / total - (a / total) * (b / total);
  const variances = (aa / total - (a / total) ** 2) * (bb / total - (b / total) ** 2);
  return variances > 0 ? covariance / Math.sqrt(variances) : 0;
}
