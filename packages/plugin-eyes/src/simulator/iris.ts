import type { Rng } from '@simgan/core';
import { between } from './draw.ts';
import type { Color } from './light.ts';
import { noiseTile, once } from './noise.ts';

/** The colored and white parts of one person's eye. */
export interface EyeColors {
  /** Around the pupil, and from the collarette to the edge. */
  readonly inner: Color;
  readonly outer: Color;
  /** Where the collarette lies between the pupil's edge and the iris' edge, 0 to 1. */
  readonly collarette: number;
  /** Contrast of the fibers. */
  readonly fibers: number;
  /** Darkness and width of the ring at the iris' edge. */
  readonly ring: number;
  readonly ringWidth: number;
  readonly white: Color;
  /** How red and how dense the vessels are. */
  readonly veins: number;
  readonly offset: readonly [u: number, v: number];
}

/** Linear RGB of the two zones, and how common the color is; the first {@link browns} are brown. */
const palette: readonly { inner: Color; outer: Color; share: number }[] = [
  { inner: [0.085, 0.04, 0.02], outer: [0.06, 0.029, 0.016], share: 0.3 },
  { inner: [0.155, 0.07, 0.028], outer: [0.105, 0.048, 0.022], share: 0.22 },
  { inner: [0.22, 0.12, 0.04], outer: [0.12, 0.09, 0.04], share: 0.12 },
  { inner: [0.23, 0.15, 0.055], outer: [0.1, 0.12, 0.065], share: 0.1 },
  { inner: [0.2, 0.17, 0.11], outer: [0.1, 0.15, 0.19], share: 0.13 },
  { inner: [0.17, 0.19, 0.22], outer: [0.075, 0.13, 0.21], share: 0.08 },
  { inner: [0.2, 0.2, 0.18], outer: [0.15, 0.175, 0.19], share: 0.05 },
];

const browns = 2;

/** The distributions that a renderer draws eye colors from. */
export interface EyeStyle {
  /** The weight of brown eyes: 1 for an even mix among people with pale skin. */
  readonly brown: number;
  /** Reflectance of the white. */
  readonly white: readonly [low: number, high: number];
}

/** Clear eyes of all colors. */
export const renderedEye: EyeStyle = { brown: 2, white: [0.28, 0.6] };

/** Eyes for a skin with this much melanin: light eyes come with light skin. */
export function drawEyeColors(rng: Rng, style: EyeStyle, melanin: number): EyeColors {
  const brown = style.brown * (melanin > 0.7 ? 25 : 1 + 4 * melanin * melanin);
  const weights = palette.map(({ share }, index) => (index < browns ? share * brown : share));
  let left = rng.next() * weights.reduce((sum, weight) => sum + weight, 0);
  const index = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  const { inner, outer } = palette[Math.max(0, index)]!;
  const brightness = between(rng, 0.75, 1.3);
  const warmth = between(rng, 0.9, 1.1);
  const vary = ([r, g, b]: Color): Color => [
    r * brightness * warmth,
    g * brightness,
    (b * brightness) / warmth,
  ];
  const white = between(rng, style.white[0], style.white[1]);
  return {
    inner: vary(inner),
    outer: vary(outer),
    collarette: between(rng, 0.2, 0.45),
    fibers: between(rng, 0.15, 0.42),
    ring: between(rng, 0.35, 0.8),
    ringWidth: between(rng, 0.1, 0.22),
    white: [white, white * between(rng, 0.9, 0.97), white * between(rng, 0.82, 0.95)],
    veins: between(rng, 0.05, 0.6),
    offset: [between(rng, 0, 256), between(rng, 0, 256)],
  };
}

/** Fibers and vessels, computed on first use. */
export const fiberNoise = once(() => noiseTile(3, 16, 3, 0.75));
