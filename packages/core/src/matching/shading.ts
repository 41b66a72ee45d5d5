import type { SizedForm } from '../image.ts';
import { smoothFields } from '../measures/light-measures.ts';
import type { Rng } from '../rng.ts';
import type { Light } from './light.ts';

/** The weight of each polynomial in a random field: mostly tilt. The squares sum to 1. */
const shares = [0.6, 0.6, 0.3, 0.3, 0.3].map((share) => share / Math.sqrt(0.99));

/** Every pixel keeps at least this share of its light. */
const DARKEST = 0.2;

/**
 * Multiplies the picture by a smooth field of mean 1: a random polynomial of the second degree whose std over pixels
 * and pictures is `strength`.
 */
export function shade(light: Light, image: SizedForm, strength: number, rng: Rng): Light {
  const fields = smoothFields(image);
  const weights = shares.map((share) => strength * share * rng.normal());
  const field = new Float64Array(image.width * image.height).fill(1);
  for (const [k, weight] of weights.entries()) {
    const part = fields[k]!;
    for (let pixel = 0; pixel < field.length; pixel++) field[pixel]! += weight * part[pixel]!;
  }
  const shaded = light.slice();
  for (let i = 0; i < shaded.length; i++) {
    shaded[i]! *= Math.max(DARKEST, field[Math.floor(i / image.channels)]!);
  }
  return shaded;
}
