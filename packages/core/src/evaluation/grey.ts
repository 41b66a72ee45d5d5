import { type Image, type ImageSpec, imageRange } from '../image.ts';

/** An image without its colours: per pixel the mean of the channels, 0 to 1 over the image's range. */
export function greyOf(pixels: Image, image: ImageSpec): Float64Array {
  const { width, height, channels } = image;
  const [low, high] = imageRange(image);
  const grey = new Float64Array(width * height);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += pixels[pixel * channels + channel]!;
    grey[pixel] = (sum / channels - low) / (high - low);
  }
  return grey;
}
