import { SimganError } from '../errors.ts';
import { createImage, type Image, imageProblem, storedValue } from '../image.ts';
import { determinant, invertMatrix, type Matrix2 } from './matrix.ts';
import { type PictureMap, transformOf } from './picture-map.ts';
import { type ResampleOptions, resample } from './resample.ts';
import { described } from './transform.ts';

/**
 * Resamples a picture by a map. Where the new picture shows what lies beyond the old one, the edge is replicated.
 *
 * `linear` is a triangle filter as wide as the map shrinks at that place, so that nothing aliases, and at least two old
 * pixels; maps that keep the axes apart give the bytes of {@link resample}.
 *
 * @param image - a picture of the size `map.from`.
 * @returns an image of the size `map.to`, with the same channels and bits.
 * @throws SimganError INVALID_ARGUMENT if the new size is not whole pixels, INVALID_IMAGE if the image is not of the
 * size `map.from`.
 * @example
 * const map = affineMap(image, { rotation: 0.2 });
 * const turned = resampleBy(image, map);
 * const mask = resampleBy(image, map, { filter: 'nearest' });
 */
export function resampleBy(
  image: Image,
  map: PictureMap,
  { filter = image.bits === 8 ? 'linear' : 'nearest' }: ResampleOptions = {},
): Image {
  const transform = transformOf(map);
  if (transform) return resample(image, transform, { filter });
  const { from, to } = map;
  const problem =
    from.width === image.width && from.height === image.height
      ? imageProblem(image, image)
      : `it is ${described(image)} and the map is for ${described(from)}`;
  if (problem) throw new SimganError('INVALID_IMAGE', `The image cannot be resampled: ${problem}.`);
  if (!Number.isInteger(to.width) || !Number.isInteger(to.height)) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `A picture cannot be ${described(to)}: compose the map with a resize to whole pixels.`,
    );
  }
  const { channels } = image;
  const bent = createImage({ width: to.width, height: to.height, channels, bits: image.bits });
  const sums = new Float64Array(channels);
  const inverse = map.affine && invertMatrix(map.affine.matrix);
  // The neighbors to the right and below say how the map shrinks: each place is found once.
  const placesIn = (row: number) =>
    Array.from({ length: to.width + 1 }, (_, column) => map.source([column + 0.5, row + 0.5]));
  let places = placesIn(0);
  for (let row = 0; row < to.height; row++) {
    const below = placesIn(row + 1);
    for (let column = 0; column < to.width; column++) {
      const place = places[column]!;
      if (filter === 'nearest') copyNearest(image, place, sums);
      else {
        const slope = inverse ?? differences(place, places[column + 1]!, below[column]!);
        addWeighted(image, place, spreadOf(slope), sums);
      }
      const at = (row * to.width + column) * channels;
      for (let channel = 0; channel < channels; channel++)
        bent.data[at + channel] = storedValue(sums[channel]!, image.bits);
    }
    places = below;
  }
  const { alpha, ...opaque } = image;
  if (!alpha) return bent;
  return { ...bent, alpha: resampleBy({ ...opaque, channels: 1, data: alpha }, map, { filter }).data };
}

type Place = readonly [x: number, y: number];

/** How many old pixels one new pixel spans, along x and y, and at least 1. */
function spreadOf([a, b, c, d]: Matrix2): Place {
  // Along the picture's axes a rotated pixel is wider, yet not coarser: the area says how much the map shrinks.
  const shrinks = Math.sqrt(Math.abs(determinant([a, b, c, d])));
  const [wide, high] = [Math.hypot(a, b), Math.hypot(c, d)];
  return shrinks <= 1 && Math.max(wide, high) <= 1.5 ? [1, 1] : [Math.max(1, wide), Math.max(1, high)];
}

function differences([x, y]: Place, right: Place, below: Place): Matrix2 {
  return [right[0] - x, below[0] - x, right[1] - y, below[1] - y];
}

function copyNearest({ data, width, height, channels }: Image, [x, y]: Place, sums: Float64Array): void {
  const at = (within(Math.floor(y), height) * width + within(Math.floor(x), width)) * channels;
  for (let channel = 0; channel < channels; channel++) sums[channel] = data[at + channel]!;
}

function addWeighted(image: Image, [x, y]: Place, [wide, high]: Place, sums: Float64Array): void {
  const { data, width, height, channels } = image;
  sums.fill(0);
  let total = 0;
  for (let row = Math.floor(y - high - 0.5); row <= Math.ceil(y + high); row++) {
    const down = 1 - Math.abs(row + 0.5 - y) / high;
    if (down <= 0) continue;
    for (let column = Math.floor(x - wide - 0.5); column <= Math.ceil(x + wide); column++) {
      const across = 1 - Math.abs(column + 0.5 - x) / wide;
      if (across <= 0) continue;
      total += down * across;
      const at = (within(row, height) * width + within(column, width)) * channels;
      for (let channel = 0; channel < channels; channel++)
        sums[channel]! += down * across * data[at + channel]!;
    }
  }
  for (let channel = 0; channel < channels; channel++) sums[channel]! /= total;
}

function within(index: number, length: number): number {
  return Math.min(length - 1, Math.max(0, index));
}
