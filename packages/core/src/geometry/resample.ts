import { SimganError } from '../errors.ts';
import { createImage, type Image, imageProblem, storedValue } from '../image.ts';
import { described, type ImageTransform } from './transform.ts';

/** Options for {@link resample}. */
export interface ResampleOptions {
  /**
   * `linear` interpolates without aliasing (a triangle filter as wide as two new pixels, and at least as two old
   * ones); it is exact for whole shifts without scaling. `nearest` copies one pixel, for depth, where the mean of two
   * surfaces is a point that does not exist. Default: `linear` for 8 bits, `nearest` for 16 and floats.
   */
  readonly filter?: 'linear' | 'nearest';
}

/**
 * Resamples a picture by a transform. Where the new picture extends beyond the old one, the edge is replicated.
 *
 * @param image - a picture of the size `transform.from`.
 * @returns an image of the size `transform.to`, with the same channels and bits.
 * @throws SimganError INVALID_ARGUMENT if the new size is not whole pixels, INVALID_IMAGE if the image is not of the
 * size `transform.from`.
 * @example
 * const half = resample(image, resizeTransform(image, { width: image.width / 2, height: image.height / 2 }));
 */
export function resample(image: Image, transform: ImageTransform, options: ResampleOptions = {}): Image {
  const { alpha, ...opaque } = image;
  const resampled = resampleValues(opaque, transform, options);
  if (!alpha) return resampled;
  const opacity: Image = { ...opaque, channels: 1, data: alpha };
  return { ...resampled, alpha: resampleValues(opacity, transform, options).data };
}

function resampleValues(
  image: Image,
  transform: ImageTransform,
  { filter = image.bits === 8 ? 'linear' : 'nearest' }: ResampleOptions,
): Image {
  const { from, to, scale, shift } = transform;
  const problem =
    from.width === image.width && from.height === image.height
      ? imageProblem(image, image)
      : `it is ${described(image)} and the transform is for ${described(from)}`;
  if (problem) throw new SimganError('INVALID_IMAGE', `The image cannot be resampled: ${problem}.`);
  if (!Number.isInteger(to.width) || !Number.isInteger(to.height)) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `A picture cannot be ${described(to)}: add a resize to whole pixels to the transform.`,
    );
  }
  const columns = axisTaps(from.width, to.width, scale[0], shift[0], filter);
  const rows = axisTaps(from.height, to.height, scale[1], shift[1], filter);
  const { channels, data } = image;
  const rowLength = to.width * channels;

  // Rows that no new row needs are never computed: the cost of a crop is that of the part it keeps.
  const wide = new Map<number, Float32Array>();
  const wideRow = (row: number): Float32Array => {
    let values = wide.get(row);
    if (values) return values;
    values = new Float32Array(rowLength);
    const start = row * from.width * channels;
    for (const [x, taps] of columns.entries()) {
      for (const { index, weight } of taps) {
        for (let channel = 0; channel < channels; channel++) {
          values[x * channels + channel]! += weight * data[start + index * channels + channel]!;
        }
      }
    }
    wide.set(row, values);
    return values;
  };

  const resampled = createImage({ width: to.width, height: to.height, channels, bits: image.bits });
  const sums = new Float64Array(rowLength);
  for (const [y, taps] of rows.entries()) {
    sums.fill(0);
    for (const { index, weight } of taps) {
      const values = wideRow(index);
      for (let i = 0; i < rowLength; i++) sums[i]! += weight * values[i]!;
    }
    for (let i = 0; i < rowLength; i++) resampled.data[y * rowLength + i] = storedValue(sums[i]!, image.bits);
  }
  return resampled;
}

interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** For each new pixel along an axis, the old ones that it is computed from; weights sum to 1. */
function axisTaps(
  from: number,
  to: number,
  scale: number,
  shift: number,
  filter: 'linear' | 'nearest',
): Tap[][] {
  const radius = Math.max(1, 1 / Math.abs(scale));
  const within = (index: number) => Math.min(from - 1, Math.max(0, index));
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5 - shift) / scale;
    if (filter === 'nearest') return [{ index: within(Math.floor(center)), weight: 1 }];
    const weights = new Map<number, number>();
    let sum = 0;
    for (let j = Math.floor(center - radius); j <= Math.ceil(center + radius); j++) {
      const weight = 1 - Math.abs(j + 0.5 - center) / radius;
      if (weight <= 1e-9) continue;
      weights.set(within(j), (weights.get(within(j)) ?? 0) + weight);
      sum += weight;
    }
    return Array.from(weights, ([index, weight]) => ({ index, weight: weight / sum }));
  });
}
