/**
 * @file Corrections of large pictures in bands of rows, with the memory of a band. The result has the bits that it has
 * without bands.
 */
import { createImage, cropImage, type Image, type SizedForm } from '../image.ts';
import type { Rng } from '../rng.ts';
import { blur, REACH_OF_SHARPENING, reachOfBlur, sharpen } from './blur.ts';
import type { Correction } from './corrections.ts';
import { compress, drawGridOffset, SIDE } from './jpeg.ts';
import { type Light, lightOf, storedLight } from './light.ts';
import { addNoise } from './noise.ts';

/** Pictures of more pixels are corrected in bands of about so many. */
export const PIXELS_PER_BAND = 2 ** 20;

/** Whether a pixel's result depends on its neighborhood alone, and on no statistics of the picture. */
export function isLocal(corrections: readonly Correction[]): boolean {
  return corrections.every(({ correction }) => ['blur', 'sharpen', 'noise', 'jpeg'].includes(correction));
}

/**
 * Applies local corrections in bands from top to bottom.
 *
 * @param corrections - in the order of application: noise and compression come last.
 * @param rows - rows per band, rounded to blocks of JPEG. Default: as many as make {@link PIXELS_PER_BAND}.
 */
export function applyInBands(
  image: Image,
  corrections: readonly Correction[],
  { form, source, rows = PIXELS_PER_BAND / form.width }: { form: SizedForm; source: Rng; rows?: number },
): Image {
  const { width, height, channels } = image;
  const strengthOf = (name: Correction['correction']) =>
    corrections.find(({ correction }) => correction === name)?.strength;
  const [softness, detail, noise, loss] = [
    strengthOf('blur'),
    strengthOf('sharpen'),
    strengthOf('noise'),
    strengthOf('jpeg'),
  ];
  const halo =
    (softness === undefined ? 0 : reachOfBlur(softness)) + (detail === undefined ? 0 : REACH_OF_SHARPENING);
  // One source for all bands, which draw from it in the order of rows.
  const grain = source.fork('noise');
  const [gridX, gridY] = loss === undefined ? [0, 0] : drawGridOffset(source.fork('jpeg'));
  const step = SIDE * Math.max(1, Math.floor(rows / SIDE));
  const result = createImage(form);
  for (let top = 0; top < height; ) {
    // Every band but the first begins where a block does.
    const bottom = Math.min(height, (top === 0 ? -gridY : top) + step);
    const [from, to] = [Math.max(0, top - halo), Math.min(height, bottom + halo)];
    const whole = { ...form, height: to - from };
    let light: Light = lightOf(cropImage(image, { left: 0, top: from, width, height: to - from }));
    if (softness !== undefined) light = blur(light, whole, softness);
    if (detail !== undefined) light = sharpen(light, whole, detail);
    const line = width * channels;
    light = light.subarray((top - from) * line, (bottom - from) * line);
    const band = { ...form, height: bottom - top };
    if (noise !== undefined) light = addNoise(light, band, noise, grain);
    if (loss !== undefined) light = compress(light, band, loss, [gridX, top === 0 ? gridY : 0]);
    result.data.set(storedLight(light, band).data, top * line);
    top = bottom;
  }
  return result;
}
