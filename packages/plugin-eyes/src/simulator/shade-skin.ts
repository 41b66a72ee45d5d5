import type { Appearance } from './appearance.ts';
import type { FacePoint } from './face.ts';
import type { LidRow } from './lids.ts';
import { irradiance } from './light.ts';
import { noiseLevel, sampleNoise } from './noise.ts';
import type { EyeScene } from './scene.ts';
import { poreNoise, skinNoise, skinTexel, wrinkleNoise } from './skin.ts';

/** Writes the light that leaves the face at (x, y) towards the camera into `out`, linear RGB. */
export type SkinShader = (x: number, y: number, surface: FacePoint, lids: LidRow, out: Float64Array) => void;

/** Shades the face of one scene; `footprint` is the size of a pixel on it, mm. */
export function skinShader(scene: EyeScene, { skin, lighting }: Appearance, footprint: number): SkinShader {
  const { shape, blink } = scene.lids;
  const middle = 0.5 * (shape.inner[0] + shape.outer[0]);
  const middleY = 0.5 * (shape.inner[1] + shape.outer[1]) + 0.5;
  const halfWidth = 0.5 * (shape.outer[0] - shape.inner[0]);
  const noise = skinNoise();
  const pores = poreNoise();
  const poreLevel = Math.max(0, noiseLevel(pores, footprint / skinTexel) - 1);
  const wrinkles = wrinkleNoise();
  const level = noiseLevel(noise, footprint / skinTexel);
  const [offsetU, offsetV] = skin.offset;
  const key = lighting.lamps[0]!.direction;
  // Relief is seen by how it changes towards the light: a step of a pixel or a texel, whichever is larger.
  const step = Math.max(footprint, skinTexel);
  const towards = step / Math.hypot(key[0], key[1], 0.3);
  const stepX = key[0] * towards;
  const stepY = key[1] * towards;
  const roughness = (0.18 * skin.pores) / (1 + footprint);
  // Pores proper are seen in large pictures only.
  const isClose = footprint < 0.13;
  const grooveWidth = Math.max(0.7, 0.7 * footprint);
  const groove = (shape.creaseDepth * 0.7) / grooveWidth;
  const furrow = shape.furrowDepth;
  const rootWidth = Math.max(0.55, 0.5 * footprint);
  // The cornea lifts the lid that covers it.
  const bulgeX = 12.5 * scene.gaze[0];
  const bulgeY = 12.5 * scene.gaze[1];

  return (x, y, surface, lids, out) => {
    let { slopeX, slopeY } = surface;
    const aboveUpper = lids.upper - y;
    const belowLower = y - lids.lower;
    const across = Math.abs(x - middle) / halfWidth;
    const sideways = across < 0.8 ? 1 : across > 1.35 ? 0 : (1.35 - across) / 0.55;
    const distance =
      aboveUpper > 0 ? aboveUpper * lids.upperCosine : belowLower > 0 ? belowLower * lids.lowerCosine : 0;
    // Roughly how far outside the eye's almond, mm; smooth everywhere, as the distance to the margins is not.
    const ey = (y - middleY) / 5.5;
    const fromEye = 6.5 * Math.max(0, Math.sqrt(across * across + ey * ey) - 1);
    let dark = 1;

    // The fold of the upper lid: a groove that shadows itself.
    const c = (y - lids.crease) / grooveWidth;
    if (aboveUpper > -1 && c > -8 && c < 8) {
      const g = 1 / (1 + c * c);
      const depth = groove * sideways * g * g;
      slopeY += 0.9 * depth * c;
      dark -= 0.5 * depth * Math.min(1, 0.5 + aboveUpper);
    }
    if (belowLower > 0) {
      const f = (belowLower - shape.furrowHeight * (0.45 + 0.55 * sideways)) / 1.6;
      const g = 1 / (1 + f * f);
      slopeY += 0.35 * furrow * sideways * f * g * g;
      dark -= 0.12 * furrow * sideways * g * g;
    }
    if (aboveUpper > 0) {
      const bx = (x - bulgeX) / 5;
      const by = (y - bulgeY) / 5;
      const q = 1 / (1 + bx * bx + by * by);
      const bulge = 0.9 * q * q * q;
      slopeX -= bulge * bx;
      slopeY -= bulge * by;
    }

    // Relief of pores, and of fine lines that run around the eye.
    const u = x / skinTexel + offsetU;
    const v = y / skinTexel + offsetV;
    const du = stepX / skinTexel;
    const dv = stepY / skinTexel;
    const n0 = sampleNoise(pores, poreLevel, u, v);
    const bend = 0.14 * (x - middle) * (x - middle);
    const lineV =
      (1.6 * (y - middleY) * Math.sqrt(1 + bend / ((y - middleY) * (y - middleY) + 40))) / skinTexel +
      offsetV;
    const lineU = (x * 0.3) / skinTexel + offsetU;
    const lines = sampleNoise(wrinkles, level + 1, lineU, lineV);
    const nearby = 1 / (1 + (fromEye * fromEye) / 90);
    let bumps = n0 - sampleNoise(pores, poreLevel, u + du, v + dv);
    if (isClose) {
      bumps +=
        0.45 * (sampleNoise(pores, 0, u * 4, v * 4) - sampleNoise(pores, 0, u * 4 + 2 * du, v * 4 + 2 * dv));
    }
    const relief = roughness * bumps + 0.06 * skin.wrinkles * nearby * lines;

    const norm = 1 / Math.sqrt(slopeX * slopeX + slopeY * slopeY + 1);
    const nx = -slopeX * norm;
    const ny = -slopeY * norm;
    const nz = -norm;
    irradiance(lighting, nx, ny, nz, 0.22, out);

    // Hollows, and what lies under the brow, see less of the sky; skin darkens and reddens towards the lids.
    const hollow = surface.height < 11 ? 1 - 0.035 * (11 - surface.height) : 1;
    const open = y > 8 ? 1 : y < -20 ? 0 : (y + 20) / 28;
    const underBrow = 0.62 + 0.38 * open * open * (3 - 2 * open);
    const occluded = dark * underBrow * Math.max(0.35, hollow) * (1 + relief);
    const spots = sampleNoise(noise, level + 2, v * 0.37, u * 0.37);
    const melanin = skin.mottle * (0.7 * n0 + spots) + skin.shade / (1 + (fromEye * fromEye) / 60);
    const fromRim = Math.max(fromEye, distance);
    const rimness = 1 / (1 + fromRim * fromRim * 0.7);
    const blood = skin.flush * (spots - 0.4 * n0) + skin.rim * rimness;
    for (let channel = 0; channel < 3; channel++) {
      const keep = 1 - melanin * skin.melanin[channel]! - blood * skin.blood[channel]!;
      out[channel]! *= skin.base[channel]! * Math.max(0.15, keep) * occluded;
    }

    // Oily shine of the first lamp, seen from the front.
    const hx = key[0];
    const hy = key[1];
    const hz = key[2] - 1;
    const facing = (nx * hx + ny * hy + nz * hz) / Math.sqrt(hx * hx + hy * hy + hz * hz);
    if (facing > 0.7) {
      const f2 = facing * facing;
      const f8 = f2 * f2 * f2 * f2;
      const shine = skin.shine * f8 * f8 * (1 + 3 * relief) * lighting.lamps[0]!.color[1] * dark;
      out[0]! += shine;
      out[1]! += shine;
      out[2]! += shine;
    }

    // The wet rim of the lower lid, and the roots of the lashes on the upper.
    if (belowLower > -0.5 && belowLower < 2.5 && across < 1 && blink > 0.05) {
      const rim =
        0.75 *
        Math.min(1, (1 - across) * 7) *
        Math.max(0, 1 - Math.abs(distance - 0.45) / Math.max(0.75, footprint));
      const light = out[0]! * 1.06 + 0.03;
      out[0]! += rim * (light - out[0]!);
      out[1]! += rim * (light * 0.72 - out[1]!);
      out[2]! += rim * (light * 0.66 - out[2]!);
    }
    // None grow at the inner corner.
    const rooted = Math.min(1, (x < middle ? 1 - across : 1.03 - across) * 6);
    if (aboveUpper > -0.5 && aboveUpper < 6 && rooted > 0) {
      const t = aboveUpper / rootWidth;
      const roots = (rooted * 0.85 * Math.min(1, 0.55 / rootWidth + 0.45)) / (1 + t * t * t * t);
      out[0]! += roots * (skin.hair[0] * 0.7 - out[0]!);
      out[1]! += roots * (skin.hair[1] * 0.7 - out[1]!);
      out[2]! += roots * (skin.hair[2] * 0.7 - out[2]!);
    }
  };
}
