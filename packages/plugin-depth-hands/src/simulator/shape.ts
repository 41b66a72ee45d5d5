import type { Rng } from '@simgan/core';
import { type Digit, FINGERS } from './anatomy.ts';

/** How one person's hand differs from the mean adult's, as factors. */
export interface HandShape {
  /** Of all lengths. */
  readonly size: number;
  /** Of each digit's bones, on top of `size`. */
  readonly digits: Readonly<Record<Digit, number>>;
  /** Of the flesh's radii, on top of `size`. */
  readonly girth: number;
  /** Of the palm's breadth, on top of `size`. */
  readonly breadth: number;
}

/** The mean adult hand. */
export const MEAN_SHAPE: HandShape = {
  size: 1,
  digits: { little: 1, ring: 1, middle: 1, index: 1, thumb: 1 },
  girth: 1,
  breadth: 1,
};

/**
 * A random adult. Hand length is distributed as in the survey of Gordon et al., 1989: men 194 +- 10 mm, women
 * 180 +- 10 mm, equally frequent, with a mean of 187 mm.
 */
export function randomShape(rng: Rng): HandShape {
  const mean = rng.next() < 0.5 ? 194 : 180;
  return {
    size: spread(rng, mean / 187, 10 / 187, 1.9),
    digits: Object.fromEntries(
      [...FINGERS, 'thumb'].map((digit) => [digit, spread(rng, 1, 0.025, 2)]),
    ) as Record<Digit, number>,
    girth: spread(rng, 1, 0.07, 2),
    breadth: spread(rng, 1, 0.03, 2),
  };
}

/** A normal number, clamped to `reach` standard deviations. */
function spread(rng: Rng, mean: number, deviation: number, reach: number): number {
  return mean + deviation * Math.max(-reach, Math.min(reach, rng.normal()));
}
