/** @file The uniform cubic B-spline of a few control points along one axis. */

/** A spline's four nonzero weights at a position: those of the control points `first` to `first + 3`. */
export interface SplineWeights {
  readonly first: number;
  readonly weights: readonly [number, number, number, number];
  /** By the position, 1/px. */
  readonly slopes: readonly [number, number, number, number];
}

/** Pixels between two neighboring control points. One lies beyond each end, so `count` of them span `count - 3` gaps. */
export function controlSpacing(length: number, count: number): number {
  return length / (count - 3);
}

/** Where the control point `index` lies, pixels: -spacing, 0, spacing, … */
export function controlPosition(length: number, count: number, index: number): number {
  return (index - 1) * controlSpacing(length, count);
}

/**
 * The weights of `count` control points at a position within [0, length] (positions beyond take the nearest end). They
 * sum to 1, are at least 0, and give any straight line exactly. Rueckert et al., "Nonrigid registration using free-form
 * deformations", 1999, use the same ones.
 */
export function splineWeights(length: number, count: number, position: number): SplineWeights {
  const spacing = controlSpacing(length, count);
  const place = Math.min(count - 3, Math.max(0, position / spacing));
  const first = Math.min(count - 4, Math.floor(place));
  const t = place - first;
  const s = 1 - t;
  return {
    first,
    weights: [s ** 3 / 6, (3 * t ** 3 - 6 * t ** 2 + 4) / 6, (3 * s ** 3 - 6 * s ** 2 + 4) / 6, t ** 3 / 6],
    slopes: [
      -(s ** 2) / 2 / spacing,
      (3 * t ** 2 - 4 * t) / 2 / spacing,
      -(3 * s ** 2 - 4 * s) / 2 / spacing,
      t ** 2 / 2 / spacing,
    ],
  };
}
