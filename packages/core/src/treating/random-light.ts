import { type Image, imageRange, type SizedForm } from '../image.ts';
import { blur } from '../matching/blur.ts';
import { compress, drawGridOffset } from '../matching/jpeg.ts';
import { type Light, lightOf, storedLight } from '../matching/light.ts';
import { addNoise } from '../matching/noise.ts';
import { shade } from '../matching/shading.ts';
import type { Rng } from '../rng.ts';
import type { RandomizationOptions } from './randomization.ts';

/** Blurs below this std change no stored value. */
const LEAST_BLUR = 0.1;

/** Changes light, lens, sensor and file at random, in the order in which a camera does; nothing moves. */
export function randomizeLight(
  image: Image,
  form: SizedForm,
  options: Required<RandomizationOptions>,
  rng: Rng,
): Image {
  let light: Light = lightOf(image);
  if (options.shading > 0) light = shade(light, form, options.shading, rng.fork('shading'));
  light = changeTones(light, form, options, rng.fork('tones'));
  const blurring = rng.fork('blur');
  const sigma = options.blur * blurring.next();
  if (sigma > LEAST_BLUR && blurring.next() < 0.5) light = blur(light, form, sigma);
  if (options.cutout > 0) light = hidePart(light, form, options.cutout, rng.fork('cutout'));
  const noise = rng.fork('noise');
  if (options.noise > 0) light = addNoise(light, form, options.noise * noise.next(), noise.fork('values'));
  const compression = rng.fork('jpeg');
  const strength = options.jpeg * compression.next();
  if (strength > 0 && compression.next() < 0.5) {
    light = compress(light, form, strength, drawGridOffset(compression.fork('offset')));
  }
  return storedLight(light, form);
}

/** Gamma, contrast about the picture's mean, and brightness. */
function changeTones(
  light: Light,
  form: SizedForm,
  { gamma, contrast, offset }: Required<RandomizationOptions>,
  rng: Rng,
): Light {
  const [low, high] = imageRange(form);
  const exponent = Math.exp(gamma * rng.normal());
  const gain = Math.exp(contrast * rng.normal());
  const lift = offset * (2 * rng.next() - 1);
  if (gamma === 0 && contrast === 0 && offset === 0) return light;
  const curved = light.map((value) => Math.min(1, Math.max(0, (value - low) / (high - low))) ** exponent);
  const mean = curved.reduce((sum, value) => sum + value, 0) / curved.length;
  return curved.map((value) => low + (mean + gain * (value - mean) + lift) * (high - low));
}

/** Hides a rectangle of every second picture behind gray noise. */
function hidePart(light: Light, form: SizedForm, most: number, rng: Rng): Light {
  const { width, height, channels } = form;
  const [low, high] = imageRange(form);
  const [shown, wide, high_, x, y] = [rng.next(), rng.next(), rng.next(), rng.next(), rng.next()];
  if (shown < 0.5) return light;
  const [columns, rows] = [Math.round(most * wide * width), Math.round(most * high_ * height)];
  const [left, top] = [Math.round(x * (width - columns)), Math.round(y * (height - rows))];
  const hidden = light.slice();
  for (let row = top; row < top + rows; row++) {
    for (let column = left; column < left + columns; column++) {
      const value = low + rng.next() * (high - low);
      const at = (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) hidden[at + channel] = value;
    }
  }
  return hidden;
}
