import type { Appearance } from './appearance.ts';
import type { FacePoint } from './face.ts';
import type { LidRow } from './lids.ts';
import { irradiance } from './light.ts';
import type { EyeScene } from './scene.ts';
import { type Grain, grainSampler } from './skin-grain.ts';
import { normalize, scale } from './vector.ts';

/** Writes the light that leaves the face at a point towards the camera into `out`, linear RGB. */
export type SkinShader = (surface: FacePoint, lids: LidRow, out: Float64Array) => void;

/** Shades the face of one scene; `footprint` is the size of a pixel on it, mm. */
export function skinShader(scene: EyeScene, { skin, lighting }: Appearance, footprint: number): SkinShader {
  const { shape, blink } = scene.lids;
  const middle = 0.5 * (shape.inner[0] + shape.outer[0]);
  const middleY = 0.5 * (shape.inner[1] + shape.outer[1]) + 0.5;
  const halfWidth = 0.5 * (shape.outer[0] - shape.inner[0]);
  const key = lighting.lamps[0]!.direction;
  const sampleGrain = grainSampler({ skin, key, middle: [middle, middleY], footprint });
  const grain: Grain = { pores: 0, bumps: 0, lines: 0, spots: 0 };
  const roughness = (0.18 * skin.pores) / (1 + footprint);
  // 0 in an open eye, 1 in a closed one: the skin of the lid is stretched, its fold smoothed out.
  const closing = Math.max(0, 1 - 2 * scene.lids.blink);
  const grooveWidth = Math.max(0.7, 0.7 * footprint) * (1 + 1.2 * closing);
  const groove = ((shape.creaseDepth * 0.7) / grooveWidth) * (1 - 0.55 * closing);
  const fringe = closing * skin.fringe;
  const furrow = shape.furrowDepth;
  const rootWidth = Math.max(0.55 + 1.6 * fringe, 0.5 * footprint);
  const rootShare = 0.85 * Math.min(1, 0.55 / rootWidth + 0.45);
  const rimWidth = Math.max(0.75, footprint);
  // Computed once, used by every pixel.
  const perHalfWidth = 1 / halfWidth;
  const perGroove = 1 / grooveWidth;
  const perRoot = 1 / rootWidth;
  const perRim = 1 / rimWidth;
  const [baseRed, baseGreen, baseBlue] = skin.base;
  const [melaninRed, melaninGreen, melaninBlue] = skin.melanin;
  const [bloodRed, bloodGreen, bloodBlue] = skin.blood;
  const [hairRed, hairGreen, hairBlue] = scale(skin.hair, 0.7);
  const { mottle, shade, flush, rim: rimBlood } = skin;
  const wrinkles = 0.06 * skin.wrinkles;
  const shininess = skin.shine * lighting.lamps[0]!.color[1];
  // Half way between the first lamp and the viewer.
  const [hx, hy, hz] = normalize([key[0], key[1], key[2] - 1]);
  // The cornea lifts the lid that covers it.
  const bulgeX = 12.5 * scene.gaze[0];
  const bulgeY = 12.5 * scene.gaze[1];

  return (surface, lids, out) => {
    const { x, y } = surface;
    let { slopeX, slopeY } = surface;
    const aboveUpper = lids.upper - y;
    const belowLower = y - lids.lower;
    const across = Math.abs(x - middle) * perHalfWidth;
    const sideways = across < 0.8 ? 1 : across > 1.35 ? 0 : (1.35 - across) * (1 / 0.55);
    const distance =
      aboveUpper > 0 ? aboveUpper * lids.upperCosine : belowLower > 0 ? belowLower * lids.lowerCosine : 0;
    // Roughly how far outside the eye's almond, mm; smooth everywhere, as the distance to the margins is not.
    const ey = (y - middleY) * (1 / 5.5);
    const fromEye = 6.5 * Math.max(0, Math.sqrt(across * across + ey * ey) - 1);
    let dark = 1;

    // The fold of the upper lid: a groove that shadows itself.
    const c = (y - lids.crease) * perGroove;
    if (aboveUpper > -1 && c > -8 && c < 8) {
      const g = 1 / (1 + c * c);
      const depth = groove * sideways * g * g;
      slopeY += 0.9 * depth * c;
      dark -= 0.5 * depth * Math.min(1, 0.5 + aboveUpper);
    }
    if (belowLower > 0) {
      // The fringe of a closed lid throws a soft shadow on the skin below.
      dark -= (fringe * sideways) / (1 + belowLower * belowLower * 0.25);
      const f = (belowLower - shape.furrowHeight * (0.45 + 0.55 * sideways)) * (1 / 1.6);
      const g = 1 / (1 + f * f);
      slopeY += 0.35 * furrow * sideways * f * g * g;
      dark -= 0.12 * furrow * sideways * g * g;
    }
    if (aboveUpper > 0) {
      const bx = (x - bulgeX) * 0.2;
      const by = (y - bulgeY) * 0.2;
      const q = 1 / (1 + bx * bx + by * by);
      const bulge = 0.9 * q * q * q;
      slopeX -= bulge * bx;
      slopeY -= bulge * by;
    }

    sampleGrain(surface, grain);
    const { pores, bumps, lines, spots } = grain;
    const far = fromEye * fromEye;
    const nearby = 90 / (90 + far);
    const relief = roughness * bumps + wrinkles * nearby * lines;

    const norm = 1 / Math.sqrt(slopeX * slopeX + slopeY * slopeY + 1);
    const nx = -slopeX * norm;
    const ny = -slopeY * norm;
    const nz = -norm;
    irradiance(lighting, nx, ny, nz, 0.22, out);

    // Hollows, and what lies under the brow, see less of the sky; skin darkens and reddens towards the lids.
    const hollow = surface.height < 11 ? 1 - skin.hollow * (11 - surface.height) : 1;
    const open = y > 8 ? 1 : y < -20 ? 0 : (y + 20) * (1 / 28);
    const underBrow = 0.62 + 0.38 * open * open * (3 - 2 * open);
    const occluded = dark * underBrow * Math.max(0.35, hollow) * (1 + relief);
    const melanin = mottle * (0.7 * pores + spots) + (60 * shade) / (60 + far);
    const fromRim = Math.max(fromEye, distance);
    const rimness = 1 / (1 + fromRim * fromRim * 0.7);
    const blood = flush * (spots - 0.4 * pores) + rimBlood * rimness;
    out[0]! *= baseRed * occluded * Math.max(0.15, 1 - melanin * melaninRed - blood * bloodRed);
    out[1]! *= baseGreen * occluded * Math.max(0.15, 1 - melanin * melaninGreen - blood * bloodGreen);
    out[2]! *= baseBlue * occluded * Math.max(0.15, 1 - melanin * melaninBlue - blood * bloodBlue);

    // Oily shine of the first lamp, seen from the front.
    const facing = nx * hx + ny * hy + nz * hz;
    if (facing > 0.7) {
      const f2 = facing * facing;
      const f8 = f2 * f2 * f2 * f2;
      const shine = shininess * f8 * f8 * (1 + 3 * relief) * dark;
      out[0]! += shine;
      out[1]! += shine;
      out[2]! += shine;
    }

    // The wet rim of the lower lid, and the roots of the lashes on the upper.
    if (belowLower > -0.5 && belowLower < 2.5 && across < 1 && blink > 0.05) {
      const rim = 0.75 * Math.min(1, (1 - across) * 7) * Math.max(0, 1 - Math.abs(distance - 0.45) * perRim);
      const light = out[0]! * 1.06 + 0.03;
      out[0]! += rim * (light - out[0]!);
      out[1]! += rim * (light * 0.72 - out[1]!);
      out[2]! += rim * (light * 0.66 - out[2]!);
    }
    // None grow at the inner corner.
    const rooted = Math.min(1, (x < middle ? 1 - across : 1.03 - across) * 6);
    if (aboveUpper > -0.5 && aboveUpper < 6 && rooted > 0) {
      const t = aboveUpper * perRoot;
      const roots = (rooted * rootShare) / (1 + t * t * t * t);
      out[0]! += roots * (hairRed - out[0]!);
      out[1]! += roots * (hairGreen - out[1]!);
      out[2]! += roots * (hairBlue - out[2]!);
    }
  };
}
