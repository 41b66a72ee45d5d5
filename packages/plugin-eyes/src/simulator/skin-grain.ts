import type { FacePoint } from './face.ts';
import { noiseLevel, sampleNoise } from './noise.ts';
import { poreNoise, type Skin, skinNoise, skinTexel, wrinkleNoise } from './skin.ts';
import type { Vector } from './vector.ts';

/** Irregularities of the skin at one point, each with mean 0; the record is reused from pixel to pixel. */
export interface Grain {
  pores: number;
  /** The slope of the pores' relief towards the light. */
  bumps: number;
  /** Fine lines that run around the eye. */
  lines: number;
  /** Blotches of pigment. */
  spots: number;
}

/** Writes the grain at a point of the face into `out`. */
export type GrainSampler = (point: FacePoint, out: Grain) => void;

const texelsPerMillimeter = 1 / skinTexel;

/**
 * The grain of one skin, lit from `key`, around an eye whose middle is at `middle`; `footprint` is the size of a
 * pixel, mm.
 */
export function grainSampler({
  skin,
  key,
  middle: [middleX, middleY],
  footprint,
}: {
  skin: Skin;
  key: Vector;
  middle: readonly [x: number, y: number];
  footprint: number;
}): GrainSampler {
  const texels = footprint / skinTexel;
  const pores = noiseLevel(poreNoise(), texels, -1);
  const wrinkles = noiseLevel(wrinkleNoise(), texels, 1);
  const blotches = noiseLevel(skinNoise(), texels, 2);
  // Single pores are visible in large pictures only.
  const isClose = footprint < 0.13;
  const finePores = noiseLevel(poreNoise(), 0);
  const [offsetU, offsetV] = skin.offset;
  // Relief shows in its slope towards the light: a difference over a pixel or a texel, whichever is larger.
  const step = Math.max(footprint, skinTexel);
  const towards = step / Math.hypot(key[0], key[1], 0.3);
  const du = (key[0] * towards) / skinTexel;
  const dv = (key[1] * towards) / skinTexel;

  return ({ x, y }, out) => {
    const u = x * texelsPerMillimeter + offsetU;
    const v = y * texelsPerMillimeter + offsetV;
    const here = sampleNoise(pores, u, v);
    out.pores = here;
    out.bumps = here - sampleNoise(pores, u + du, v + dv);
    if (isClose) {
      const fine = sampleNoise(finePores, u * 4, v * 4);
      out.bumps += 0.45 * (fine - sampleNoise(finePores, u * 4 + 2 * du, v * 4 + 2 * dv));
    }
    const away = (y - middleY) * (y - middleY);
    const bend = 0.14 * (x - middleX) * (x - middleX);
    const lineV = 1.6 * (y - middleY) * Math.sqrt(1 + bend / (away + 40)) * texelsPerMillimeter + offsetV;
    out.lines = sampleNoise(wrinkles, x * 0.3 * texelsPerMillimeter + offsetU, lineV);
    out.spots = sampleNoise(blotches, v * 0.37, u * 0.37);
  };
}
