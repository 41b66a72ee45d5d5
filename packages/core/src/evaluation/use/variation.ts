import { affineMap } from '../../geometry/picture-map.ts';
import { resampleBy } from '../../geometry/resample-by.ts';
import { type Image, imageRange, type SizedForm, storedValue } from '../../image.ts';
import type { Rng } from '../../rng.ts';
import type { RealImage } from '../../sample.ts';
import type { EstimatorAnswer } from '../estimator-answer.ts';

/** Changes a picture such that the right answer to it stays the same. Draws from `rng` alone. */
export type Variation = <Item extends RealImage>(item: Item, rng: Rng) => Item;

/** How far pictures are varied. Shares are of the range of values. */
export interface VariationNumbers {
  /** Standard deviation of the logarithm of the contrast. */
  readonly contrast: number;
  /** The largest change of brightness, a share. */
  readonly brightness: number;
  /** The largest change of brightness from the middle to an edge, a share. */
  readonly shading: number;
  /** The largest standard deviation of noise, a share. */
  readonly noise: number;
  /** The same for pictures of 16 bits or floats. */
  readonly depthNoise: number;
  /** Standard deviation of a shift along each axis, as a share of the picture's side. For classes alone, as all below. */
  readonly shift: number;
  /** Standard deviation of a turn, radians. */
  readonly turn: number;
  /** Standard deviation of a shear, and of the logarithm of the scale along each axis. */
  readonly stretch: number;
}

/** As two cameras of one kind differ: answers should not. */
export const mildVariation: VariationNumbers = {
  contrast: 0.2,
  brightness: 0.1,
  shading: 0.1,
  noise: 0.05,
  depthNoise: 0.005,
  shift: 0.03,
  turn: 0.06,
  stretch: 0.05,
};

/** Far beyond that: what has learned from it reads pictures in nearly any light. */
export const broadVariation: VariationNumbers = {
  contrast: 0.5,
  brightness: 0.25,
  shading: 0.25,
  noise: 0.12,
  depthNoise: 0.01,
  shift: 0.06,
  turn: 0.2,
  stretch: 0.17,
};

/**
 * Varies contrast, brightness, shading and noise, and for classes the shape by a small affine map, which changes no class
 * but would move a point. Pictures of 16 bits or floats hold depth rather than light: they get noise alone, and their two ends
 * (nothing there) stay.
 */
export function varyPictures(
  form: SizedForm,
  kind: EstimatorAnswer['kind'],
  numbers: VariationNumbers,
): Variation {
  const varied = form.bits === 8 ? varyLight : varyDepth;
  return (item, rng) => {
    const image = varied(item.image, form, numbers, rng.fork('values'));
    return { ...item, image: kind === 'class' ? reshape(image, numbers, rng.fork('shape')) : image };
  };
}

function varyLight(image: Image, form: SizedForm, numbers: VariationNumbers, rng: Rng): Image {
  const { width, height, channels } = image;
  const [low, high] = imageRange(form);
  const uniform = (most: number) => most * (2 * rng.next() - 1) * (high - low);
  const contrast = Math.exp(numbers.contrast * rng.normal());
  const brightness = uniform(numbers.brightness);
  const [right, down] = [uniform(numbers.shading), uniform(numbers.shading)];
  const noise = numbers.noise * rng.next() * (high - low);
  let sum = 0;
  for (const value of image.data) sum += value;
  const middle = sum / image.data.length;
  const data = image.data.map((value, i) => {
    const pixel = Math.floor(i / channels);
    const [x, y] = [(pixel % width) / width - 0.5, Math.floor(pixel / width) / height - 0.5];
    const shading = 2 * (x * right + y * down);
    const changed = middle + contrast * (value - middle) + brightness + shading + noise * rng.normal();
    return Math.round(Math.min(high, Math.max(low, changed)));
  });
  return { ...image, data };
}

function varyDepth(image: Image, form: SizedForm, { depthNoise }: VariationNumbers, rng: Rng): Image {
  const [low, high] = imageRange(form);
  const noise = depthNoise * rng.next() * (high - low);
  const data = image.data.map((value) =>
    value <= low || value >= high
      ? value
      : storedValue(Math.min(high, Math.max(low, value + noise * rng.normal())), image.bits),
  );
  return { ...image, data };
}

/** Shifts, turns, shears and stretches about the middle; the edge is replicated. */
function reshape(image: Image, { shift, turn, stretch }: VariationNumbers, rng: Rng): Image {
  const map = affineMap(image, {
    shift: [shift * image.width * rng.normal(), shift * image.height * rng.normal()],
    rotation: turn * rng.normal(),
    shear: stretch * rng.normal(),
    scale: [Math.exp(stretch * rng.normal()), Math.exp(stretch * rng.normal())],
  });
  return resampleBy(image, map);
}
