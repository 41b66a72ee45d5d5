import type { Rng } from '@simgan/core';
import { between } from './draw.ts';
import type { Color } from './light.ts';
import { noiseTile, once } from './noise.ts';

/** Skin of one person: two pigments over a bright base, and relief. */
export interface Skin {
  /** How much melanin there is: 0.03 in the palest to 1.7 in the darkest skin. */
  readonly tone: number;
  /** Reflectance where the noise is 0, linear RGB. */
  readonly base: Color;
  /** The fraction of each channel that one more unit of a pigment absorbs. */
  readonly melanin: Color;
  readonly blood: Color;
  /** Standard deviations of the two pigments over the skin. */
  readonly mottle: number;
  readonly flush: number;
  /** Darker skin around the eye and redder lid rims. */
  readonly shade: number;
  readonly rim: number;
  /** Height of pores and wrinkles as a fraction of a clearly visible relief. */
  readonly pores: number;
  readonly wrinkles: number;
  /** Strength of the oily shine. */
  readonly shine: number;
  /** Where this person's skin lies in the noise, texels. */
  readonly offset: readonly [u: number, v: number];
  /** How much light a hollow loses with each millimeter of depth. */
  readonly hollow: number;
  /** How much light the lashes of the closed eye keep from the skin below them. */
  readonly fringe: number;
  /** Color of lashes and brows. */
  readonly hair: Color;
}

/** The distributions that a renderer draws skins from. */
export interface SkinStyle {
  /** Melanin from the palest to the darkest human skin. */
  readonly melanin: readonly [low: number, high: number];
  /** Factor of all relief. */
  readonly detail: number;
  readonly shine: readonly [low: number, high: number];
}

/** Clean skin in all human tones. */
export const renderedSkin: SkinStyle = { melanin: [0.03, 1.7], detail: 1, shine: [0.02, 0.3] };

export function drawSkin(rng: Rng, style: SkinStyle): Skin {
  // Raised to 1.5, because equal steps are less visible in dark tones than in pale ones.
  const melanin = style.melanin[0] + (style.melanin[1] - style.melanin[0]) * rng.next() ** 1.5;
  const blood = between(rng, 0.2, 0.75);
  const absorb = { melanin: [0.95, 1.35, 1.7] as const, blood: [0.05, 0.5, 0.42] as const };
  const base = (channel: 0 | 1 | 2, ground: number) =>
    ground * Math.exp(-melanin * absorb.melanin[channel] - blood * absorb.blood[channel]);
  const fair = melanin < 0.5 ? between(rng, 0, 0.09) : between(rng, 0, 0.01);
  return {
    tone: melanin,
    base: [base(0, 0.9), base(1, 0.8), base(2, 0.74)],
    melanin: absorb.melanin,
    blood: absorb.blood,
    mottle: between(rng, 0.02, 0.08),
    flush: between(rng, 0.03, 0.11),
    shade: between(rng, 0.02, 0.45),
    rim: between(rng, 0.2, 0.6),
    pores: style.detail * between(rng, 0.25, 1),
    wrinkles: style.detail * between(rng, 0.1, 1),
    shine: between(rng, style.shine[0], style.shine[1]),
    offset: [between(rng, 0, 256), between(rng, 0, 256)],
    hollow: between(rng, 0.03, 0.09),
    fringe: between(rng, 0.1, 0.5),
    hair: [0.012 + fair, 0.009 + 0.6 * fair, 0.008 + 0.35 * fair],
  };
}

/** Millimeters per texel of {@link skinNoise}. */
export const skinTexel = 0.22;

/** Blotches of pigment, computed on first use. */
export const skinNoise = once(() => noiseTile(1, 64, 6, 0.62));

/** Relief from folds of a few millimeters down to pores. */
export const poreNoise = once(() => noiseTile(4, 16, 4, 0.85));

/** Long soft lines, stretched along the lids when looked up. */
export const wrinkleNoise = once(() => noiseTile(2, 32, 4, 0.6));
