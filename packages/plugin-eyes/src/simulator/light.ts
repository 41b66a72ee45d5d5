import type { Rng } from '@simgan/core';
import { between, chance } from './draw.ts';
import { apply, cross, type Matrix, normalize, transpose, type Vector } from './vector.ts';

/** Linear RGB. */
export type Color = readonly [red: number, green: number, blue: number];

/** A distant window or lamp: a rectangle that lights the face and is reflected by the tear film. */
export interface Lamp {
  /** Towards the lamp, unit vectors in the eye's frame. */
  readonly direction: Vector;
  readonly right: Vector;
  readonly down: Vector;
  /** Half its width and height over its distance. */
  readonly halfWidth: number;
  readonly halfHeight: number;
  /** The light that it adds to a surface that faces it. */
  readonly color: Color;
  /** Its brightness in a mirror. */
  readonly radiance: number;
}

export interface Lighting {
  /** The first is the brightest. */
  readonly lamps: readonly Lamp[];
  /** Light from above and below all around, and the upward direction in the eye's frame. */
  readonly sky: Color;
  readonly ground: Color;
  readonly up: Vector;
  /** Mean luminance that the camera's exposure aims at, 0 to 1. */
  readonly exposure: number;
  /** How much steeper than linear the camera's tone curve is at that mean: 0 where it is linear. */
  readonly contrast: number;
  /** How far the camera's white balance turns the mean color into gray, 0 to 1. */
  readonly balance: number;
  /** Stray light in the lens, a veil over the whole picture, as a share of all light. */
  readonly veil: number;
}

/** The distributions that a renderer draws lighting from. */
export interface LightStyle {
  /** Strength of the first lamp against the surroundings. */
  readonly key: readonly [low: number, high: number];
  readonly lamps: readonly number[];
  /** How far lamps may be off the camera's axis, radians. */
  readonly spread: number;
  /** Light from all around. */
  readonly around: readonly [low: number, high: number];
  /** Light from below as a fraction of that from above. */
  readonly ground: readonly [low: number, high: number];
  /** Spread of color temperatures around white. */
  readonly tint: number;
  readonly exposure: readonly [low: number, high: number];
  readonly contrast: readonly [low: number, high: number];
  readonly balance: readonly [low: number, high: number];
  /** Most pictures lie near the lower end. */
  readonly veil: readonly [low: number, high: number];
}

/** The light of rooms, streets and studios: even or from one side, white or colored, bright or dim. */
export const everydayLight: LightStyle = {
  key: [0.5, 2.6],
  lamps: [1, 1, 2, 3],
  spread: 1.4,
  around: [0.15, 0.55],
  ground: [0.15, 0.8],
  tint: 0.4,
  exposure: [0.035, 0.4],
  contrast: [-0.08, 0.7],
  balance: [0, 0.8],
  veil: [0, 0.5],
};

/** Draws lights in the camera's frame, in which rooms are upright, and rotates them into the eye's. */
export function drawLighting(rng: Rng, rotation: Matrix, style: LightStyle): Lighting {
  const back = transpose(rotation);
  const count = style.lamps[rng.int(style.lamps.length)]!;
  const lamps = Array.from({ length: count }, (_, index): Lamp => {
    const side = between(rng, -style.spread, style.spread);
    const lift = between(rng, -0.25, 0.95);
    const direction = normalize(
      apply(back, [Math.sin(side) * Math.cos(lift), -Math.sin(lift), -Math.cos(side) * Math.cos(lift)]),
    );
    const right = normalize(cross(direction, apply(back, [0, 1, 0])));
    const strength = between(rng, style.key[0], style.key[1]) * (index === 0 ? 1 : 0.4);
    return {
      direction,
      right,
      down: cross(right, direction),
      halfWidth: between(rng, 0.06, 0.26),
      halfHeight: between(rng, 0.06, 0.3),
      color: tinted(rng, strength, style.tint),
      radiance: between(rng, 9, 22) * Math.sqrt(strength),
    };
  });
  const around = between(rng, style.around[0], style.around[1]);
  return {
    lamps,
    sky: tinted(rng, around, 0.5 * style.tint),
    ground: tinted(rng, around * between(rng, style.ground[0], style.ground[1]), 0.5 * style.tint),
    up: apply(back, [0, -1, 0]),
    exposure: between(rng, style.exposure[0], style.exposure[1]) * (chance(rng, 0.15) ? 0.6 : 1),
    contrast: between(rng, style.contrast[0], style.contrast[1]),
    balance: between(rng, style.balance[0], style.balance[1]),
    veil: style.veil[0] + (style.veil[1] - style.veil[0]) * rng.next() ** 3,
  };
}

/** Writes the irradiance of a surface with this normal into `out`; `wrap` extends light beyond the shadow's edge. */
export function irradiance(
  lighting: Lighting,
  nx: number,
  ny: number,
  nz: number,
  wrap: number,
  out: Float64Array,
): void {
  const { up, sky, ground, lamps } = lighting;
  const above = 0.5 + 0.5 * (nx * up[0] + ny * up[1] + nz * up[2]);
  out[0] = ground[0] + above * (sky[0] - ground[0]);
  out[1] = ground[1] + above * (sky[1] - ground[1]);
  out[2] = ground[2] + above * (sky[2] - ground[2]);
  for (let i = 0; i < lamps.length; i++) {
    const { direction, color } = lamps[i]!;
    const cosine = nx * direction[0] + ny * direction[1] + nz * direction[2];
    const lit = (cosine + wrap) / (1 + wrap);
    if (lit <= 0) continue;
    out[0]! += lit * color[0];
    out[1]! += lit * color[1];
    out[2]! += lit * color[2];
  }
}

/** The radiance of the surroundings in direction (x, y, z), white, with lamp edges `blur` wide. */
export function reflected(lighting: Lighting, x: number, y: number, z: number, blur: number): number {
  const { up, lamps } = lighting;
  const above = x * up[0] + y * up[1] + z * up[2];
  let light = 0.25 + 0.35 * Math.max(0, above);
  for (let i = 0; i < lamps.length; i++) {
    const { direction, right, down, halfWidth, halfHeight, radiance } = lamps[i]!;
    const facing = x * direction[0] + y * direction[1] + z * direction[2];
    if (facing < 0.4) continue;
    const u = Math.abs(x * right[0] + y * right[1] + z * right[2]) / facing;
    const v = Math.abs(x * down[0] + y * down[1] + z * down[2]) / facing;
    const inside =
      Math.max(0, Math.min(1, (halfWidth - u) / blur + 0.5)) *
      Math.max(0, Math.min(1, (halfHeight - v) / blur + 0.5));
    light += inside * radiance;
  }
  return light;
}

/** A light of this strength, a little warm or cold. */
function tinted(rng: Rng, strength: number, tint: number): Color {
  const warmth = between(rng, -tint, tint);
  return [strength * (1 + warmth), strength, strength * (1 - warmth)];
}
