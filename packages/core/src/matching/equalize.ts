import type { SizedForm } from '../image.ts';
import { addToPixels, type Light } from './light.ts';
import { changeTone, evenQuantiles } from './tone.ts';

/** Moves a picture's intensities `share` of the way to a uniform histogram over the range; tints do not change. */
export function equalize(light: Light, image: SizedForm, share: number): Light {
  const result = light.slice();
  addToPixels(result, changeTone(light, image, evenQuantiles(image), share), image);
  return result;
}
