import { type Image, type ImageForm, imageRange } from '../image.ts';

/** Converts an image to gray: the mean of each pixel's channels, 0 to 1 over the range of its form. `[height, width]`. */
export function grayOf({ width, height, channels, data }: Image, form: ImageForm): Float64Array {
  const [low, high] = imageRange(form);
  const gray = new Float64Array(width * height);
  for (let pixel = 0; pixel < gray.length; pixel++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += data[pixel * channels + channel]!;
    gray[pixel] = (sum / channels - low) / (high - low);
  }
  return gray;
}
