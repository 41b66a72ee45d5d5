import type { Rng } from '@simgan/core';
import { between } from './draw.ts';
import type { Color } from './light.ts';
import { noiseTile, once } from './noise.ts';

/** The coloured and white parts of one person's eye. */
export interface EyeColors {
  /** Around the pupil, and from the collarette to the edge. */
  readonly inner: Color;
  readonly outer: Color;
  /** Where the collarette lies between the pupil's edge and the iris' edge, 0 to 1. */
  readonly collarette: number;
  /** Contrast of the fibres. */
  readonly fibres: number;
  /** Darkness and width of the ring at the iris' edge. */
  readonly ring: number;
  readonly ringWidth: number;
  readonly white: Color;
  /** How red and how dense the vessels are. */
  readonly veins: number;
  readonly offset: readonly [u: number, v: number];
}

/** Linear RGB of the two zones, and how common the colour is. */
const palette: readonly { inner: Color; outer: Color; share: number }[] = [
  { inner: [0.1, 0.045, 0.02], outer: [0.075, 0.034, 0.017], share: 0.3 },
  { inner: [0.2, 0.095, 0.035], outer: [0.14, 0.065, 0.028], share: 0.22 },
  { inner: [0.28, 0.15, 0.05], outer: [0.17, 0.13, 0.06], share: 0.12 },
  { inner: [0.3, 0.2, 0.07], outer: [0.15, 0.19, 0.1], share: 0.1 },
  { inner: [0.28, 0.26, 0.17], outer: [0.16, 0.26, 0.34], share: 0.13 },
  { inner: [0.24, 0.29, 0.33], outer: [0.11, 0.21, 0.36], share: 0.08 },
  { inner: [0.3, 0.3, 0.28], outer: [0.26, 0.3, 0.33], share: 0.05 },
];

export function drawEyeColors(rng: Rng): EyeColors {
  const total = palette.reduce((sum, { share }) => sum + share, 0);
  let left = rng.next() * total;
  const found = palette.find(({ share }) => {
    left -= share;
    return left < 0;
  });
  const { inner, outer } = found ?? palette[0]!;
  const brightness = between(rng, 0.75, 1.3);
  const warmth = between(rng, 0.9, 1.1);
  const vary = ([r, g, b]: Color): Color => [
    r * brightness * warmth,
    g * brightness,
    (b * brightness) / warmth,
  ];
  const white = between(rng, 0.66, 0.84);
  return {
    inner: vary(inner),
    outer: vary(outer),
    collarette: between(rng, 0.2, 0.45),
    fibres: between(rng, 0.15, 0.42),
    ring: between(rng, 0.35, 0.8),
    ringWidth: between(rng, 0.1, 0.22),
    white: [white, white * between(rng, 0.9, 0.97), white * between(rng, 0.82, 0.95)],
    veins: between(rng, 0.05, 0.6),
    offset: [between(rng, 0, 256), between(rng, 0, 256)],
  };
}

/** Fibres and vessels: made once, on first use. */
export const fibreNoise = once(() => noiseTile(3, 16, 3, 0.75));
