import { imageRange, type SizedForm } from '../image.ts';
import type { Rng } from '../rng.ts';
import { addToPixels, type Light } from './light.ts';

/**
 * Adds normal noise whose standard deviation is a share of the range, the same in all channels of a pixel: what
 * compression leaves of a camera's noise is grey.
 */
export function addNoise(light: Light, image: SizedForm, level: number, rng: Rng): Light {
  const [low, high] = imageRange(image);
  const deviation = level * (high - low);
  const noise = new Float64Array(image.width * image.height);
  for (let pixel = 0; pixel < noise.length; pixel++) noise[pixel] = deviation * rng.normal();
  const noisy = light.slice();
  addToPixels(noisy, noise, image);
  return noisy;
}
