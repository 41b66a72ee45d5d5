import { type Image, type ImageSpec, imageRange } from '../image.ts';

/** An image without its colours: per pixel the mean of the channels, 0 to 1 over the image's range. */
export function greyOf(pixels: Image, image: ImageSpec): Float64Array {
  const { width, height, channels } = image;
  const [low, high] = imageRange(image);
  return Float64Array.from({ length: width * height }, (_, pixel) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += pixels[pixel * channels + channel]!;
    return (sum / channels - low) / (high - low);
  });
}
