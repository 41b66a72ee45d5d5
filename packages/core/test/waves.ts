/** @file Pictures of waves, taken with a camera whose light and noise can be set. */
import {
  createDataset,
  createRng,
  type Dataset,
  imageOf,
  type RealImage,
  type SizedForm,
} from '../src/index.ts';

export const wavesForm: SizedForm = { width: 40, height: 30, channels: 1, bits: 8 };

/** How {@link waves} look. */
export interface WavesLook {
  readonly count?: number;
  readonly light?: (value: number) => number;
  readonly noise?: number;
  readonly period?: number;
}

/** Waves of a period in pixels, in a light, with noise; values in [0, 1] before rounding. */
export function waves({
  count = 600,
  light = (value) => value,
  noise = 0,
  period = 12,
}: WavesLook): Dataset<RealImage> {
  const rng = createRng(1);
  const { width, height } = wavesForm;
  return createDataset(count, (index) => {
    const source = rng.fork(index);
    const [a, b, tilt] = [source.next() * 6, source.next() * 6, source.next() - 0.5];
    const pixels = Uint8Array.from({ length: width * height }, (_, at) => {
      const [x, y] = [at % width, Math.floor(at / width)];
      const [u, v] = [x + tilt * y, y - tilt * x];
      const wave = Math.sin((2 * Math.PI * u) / period + a) + Math.sin((2 * Math.PI * v) / period + b);
      const value = light(0.5 + wave / 5) + noise * source.normal();
      return Math.round(255 * Math.min(1, Math.max(0, value)));
    });
    return { id: String(index), image: imageOf(pixels, wavesForm) };
  });
}
