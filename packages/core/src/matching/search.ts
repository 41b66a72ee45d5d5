import type { Correction } from './corrections.ts';
import type { LightFigures, Trial } from './trial.ts';

/** How a correction's strength is searched for: the figure it changes, in which direction, and the maximum tried. */
const searches = {
  shading: { figure: 'shading', sign: 1, most: 0.6 },
  blur: { figure: 'sharpness', sign: -1, most: 4 },
  sharpen: { figure: 'sharpness', sign: 1, most: 3 },
  noise: { figure: 'noise', sign: 1, most: 0.3 },
  jpeg: { figure: 'blockiness', sign: 1, most: 5 },
} as const satisfies Readonly<Record<string, { figure: keyof LightFigures; sign: 1 | -1; most: number }>>;

/** A correction whose strength is found by measuring; the others are applied in full or not at all. */
export type Searched = keyof typeof searches;

/** Whether a correction's strength is found by measuring. */
export function isSearched(correction: string): correction is Searched {
  return Object.hasOwn(searches, correction);
}

/** Closer than this, as a share of the real set's figure, counts as equal. */
const NEAR = 0.02;

/** The maximum number of strengths tried. */
const TRIES = 8;

/**
 * The strength at which the synthetic pictures' figure equals that of the real ones, with all other corrections held
 * fixed; 0 if the correction could only increase the difference. Rounded to three digits, so that a plan that is
 * measured again, or written and read, is the same.
 *
 * @param around - a strength near which to search first.
 */
export async function searchStrength(
  name: Searched,
  others: readonly Correction[],
  trial: Trial,
  around = 0,
): Promise<number> {
  const { figure, sign, most } = searches[name];
  // Negative while the correction is too weak.
  const excess = async (strength: number) => {
    const corrections = strength > 0 ? [...others, { correction: name, strength }] : others;
    return sign * ((await trial.figureAfter(figure, corrections)) / Math.max(trial.goal[figure], 1e-6) - 1);
  };
  let low = 0;
  let below = await excess(0);
  if (below > -NEAR) return 0;
  let high = around > 0 ? Math.min(most, 1.5 * around) : most / 4;
  let above = await excess(high);
  while (above < 0 && high < most) {
    [low, below] = [high, above];
    high = Math.min(most, 2 * high);
    above = await excess(high);
  }
  if (above <= 0) return most;
  // Regula falsi, the Illinois variant (Dowell and Jarratt, 1971).
  let strength: number = high;
  let kept = 0;
  for (let tries = 0; tries < TRIES; tries++) {
    strength = (low * above - high * below) / (above - below);
    const value = await excess(strength);
    if (Math.abs(value) < NEAR / 2) break;
    if (value < 0) {
      [low, below] = [strength, value];
      if (kept === -1) above /= 2;
      kept = -1;
    } else {
      [high, above] = [strength, value];
      if (kept === 1) below /= 2;
      kept = 1;
    }
  }
  return Number(strength.toPrecision(3));
}
