import { imageRange, type SizedForm } from '../image.ts';
import type { Rng } from '../rng.ts';
import { addToPixels, type Light } from './light.ts';

/**
 * Adds normal noise whose std is `level` times the range, the same in all channels of a pixel: what compression
 * leaves of a camera's noise is gray.
 */
export function addNoise(light: Light, image: SizedForm, level: number, rng: Rng): Light {
  const [low, high] = imageRange(image);
  const std = level * (high - low);
  const noise = new Float64Array(image.width * image.height);
  for (let pixel = 0; pixel < noise.length; pixel++) noise[pixel] = std * rng.normal();
  const noisy = light.slice();
  addToPixels(noisy, noise, image);
  return noisy;
}
