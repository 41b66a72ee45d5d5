/** @file Pictures as the corrections see them: values that need not be whole, and their intensities and tints. */
import { createImage, type Image, type ImageSpec } from '../image.ts';

/** A picture's values in the order and unit of an {@link Image}, not yet rounded. */
export type Light = Float64Array;

/** An image's values, free to be changed. */
export function lightOf(pixels: Image): Light {
  return new Float64Array(pixels);
}

/** Rounds to the nearest stored values. */
export function imageOf(light: Light, image: ImageSpec): Image {
  const pixels = createImage(image);
  const top = 2 ** image.bits - 1;
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.round(Math.min(top, Math.max(0, light[i]!)));
  return pixels;
}

/** The mean of the channels of each pixel. */
export function intensitiesOf(light: Light, { channels }: ImageSpec): Float64Array {
  if (channels === 1) return light.slice();
  const intensities = new Float64Array(light.length / 3);
  for (let pixel = 0; pixel < intensities.length; pixel++) {
    intensities[pixel] = (light[3 * pixel]! + light[3 * pixel + 1]! + light[3 * pixel + 2]!) / 3;
  }
  return intensities;
}

/** Adds a number for each pixel to all its channels. */
export function addToPixels(light: Light, amounts: Float64Array, { channels }: ImageSpec): void {
  for (let pixel = 0; pixel < amounts.length; pixel++) {
    for (let channel = 0; channel < channels; channel++)
      light[pixel * channels + channel]! += amounts[pixel]!;
  }
}
