/** @file Pictures as corrections process them: values that are not rounded yet, and their intensities. */
import { createImage, fullScale, type Image, type SizedForm, storedValue } from '../image.ts';

/** A picture's values in the order and unit of an {@link Image}, not yet rounded. */
export type Light = Float64Array;

/** A copy of an image's values. */
export function lightOf({ data }: Image): Light {
  return new Float64Array(data);
}

/** Clamps and rounds to stored values. */
export function storedLight(light: Light, form: SizedForm): Image {
  const image = createImage(form);
  const top = fullScale(form.bits);
  for (let i = 0; i < light.length; i++)
    image.data[i] = storedValue(Math.min(top, Math.max(0, light[i]!)), form.bits);
  return image;
}

/** The mean of the channels of each pixel. */
export function intensitiesOf(light: Light, { channels }: SizedForm): Float64Array {
  if (channels === 1) return light.slice();
  const intensities = new Float64Array(light.length / 3);
  for (let pixel = 0; pixel < intensities.length; pixel++) {
    intensities[pixel] = (light[3 * pixel]! + light[3 * pixel + 1]! + light[3 * pixel + 2]!) / 3;
  }
  return intensities;
}

/** Adds a number for each pixel to all its channels. */
export function addToPixels(light: Light, amounts: Float64Array, { channels }: SizedForm): void {
  for (let pixel = 0; pixel < amounts.length; pixel++) {
    for (let channel = 0; channel < channels; channel++)
      light[pixel * channels + channel]! += amounts[pixel]!;
  }
}
