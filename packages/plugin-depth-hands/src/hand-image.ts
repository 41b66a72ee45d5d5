import { createImage, type Image, type ImageSpec, imageRange, SimganError } from '@simgan/core';
import type { HandCrop } from './annotation.ts';

/** How far, in mm of stored value, background lies behind the cube, and a hole behind background. */
const GAP = 30;

/** What a stored value says: a depth inside the cube, something outside it, or nothing measured. */
export type PixelKind = 'depth' | 'background' | 'invalid';

/** The stored value of everything outside a cube of `cube` mm: 30 mm behind its far face. */
export function backgroundValue(cube: number): number {
  return cube + GAP;
}

/** The stored value of a pixel without a measurement: 60 mm behind the far face of a cube of `cube` mm. */
export function invalidValue(cube: number): number {
  return cube + 2 * GAP;
}

/**
 * What a stored value says: the nearest of the three kinds. Stored depths are never mistaken; a refined
 * background or hole keeps its kind while it moves less than 15 mm.
 */
export function pixelKind(value: number, cube: number): PixelKind {
  if (value < cube + GAP / 2) return 'depth';
  return value < cube + 1.5 * GAP ? 'background' : 'invalid';
}

/**
 * The form of hand pictures: `size` x `size`, one channel of 16 bits.
 *
 * A stored value of 0 to `cube` is a depth in whole millimetres behind the near face of the cube, so
 * `annotation.crop.near + value` is the distance from the camera, without loss. Everything outside the cube
 * is {@link backgroundValue}, a pixel without a measurement {@link invalidValue}. The three kinds cannot be
 * confused, and networks see all of them: `range` takes the near face to -1 and holes to 1.
 *
 * The paper sets background to 0 and foreground to depth - 2000, as if a wall stood at 2000 mm; here the
 * wall stands just behind the cube, which leaves more of [-1, 1] to the hand. Holes lie next to the
 * background, not at 0 as in sensors' files, because they border on it: a hole at an edge is then a small
 * difference, and not one across the whole range.
 *
 * @param size Pixels along a side.
 * @param cube Edge of the cube in mm.
 * @throws SimganError INVALID_ARGUMENT if either is not a positive whole number, or `cube` does not fit 16 bits.
 */
export function handImage(size = 224, cube = 300): ImageSpec {
  if (!Number.isInteger(size) || size < 1) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `A hand picture of ${size} pixels cannot be made: give a whole number above 0.`,
    );
  }
  if (!Number.isInteger(cube) || cube < 1 || invalidValue(cube) > 65535) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `A cube of ${cube} mm cannot be stored in 16 bits: give a whole number from 1 to ${65535 - 2 * GAP}.`,
    );
  }
  return { width: size, height: size, channels: 1, bits: 16, range: [0, invalidValue(cube)] };
}

/**
 * The cube of pictures of a form that {@link handImage} made, in mm.
 *
 * @throws SimganError INVALID_ARGUMENT if the form is another.
 */
export function cubeOf(form: ImageSpec): number {
  const [low, high] = imageRange(form);
  const cube = high - 2 * GAP;
  const { width, height, channels, bits } = form;
  if (low !== 0 || cube < 1 || width !== height || channels !== 1 || bits !== 16) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `Pictures of ${width} x ${height} in ${channels} channels of ${bits} bits between ${low} and ${high} are not of ` +
        'the form of hands: take the form that handImage(size, cube) gives.',
    );
  }
  return cube;
}

/**
 * A square map of depths as a picture of {@link handImage}'s form. Depths inside the cube are kept to the
 * millimetre, whole ones exactly.
 *
 * @param depths Row by row, mm from the camera; NaN where nothing was measured, Infinity where nothing is.
 */
export function storeDepths(depths: Float32Array, { near, cube }: Pick<HandCrop, 'near' | 'cube'>): Image {
  const image = createImage(handImage(Math.sqrt(depths.length), cube));
  const [background, invalid] = [backgroundValue(cube), invalidValue(cube)];
  for (let i = 0; i < depths.length; i++) {
    const value = Math.round(depths[i]!) - near;
    if (Number.isNaN(value)) image[i] = invalid;
    else image[i] = value >= 0 && value <= cube ? value : background;
  }
  return image;
}

/**
 * The inverse of {@link storeDepths} inside the cube; also of refined pictures, whose values go to the nearest
 * of the three kinds.
 *
 * @returns mm from the camera; NaN where nothing was measured, Infinity for what lies outside the cube.
 */
export function loadDepths(image: Image, { near, cube }: Pick<HandCrop, 'near' | 'cube'>): Float32Array {
  return Float32Array.from(image, (value) => {
    const kind = pixelKind(value, cube);
    if (kind === 'depth') return near + Math.min(value, cube);
    return kind === 'background' ? Number.POSITIVE_INFINITY : Number.NaN;
  });
}

/** What a picture's stored values are to the networks, in [-1, 1]. */
export interface NetworkValues {
  readonly background: number;
  readonly hole: number;
  /** From here on a value is no depth, and from `invalid` on a hole, as `pixelKind` has it. */
  readonly deepest: number;
  readonly invalid: number;
  readonly perMillimetre: number;
}

/**
 * Background, holes and the borders between the kinds of pixels as networks see them.
 *
 * @param form The form that {@link handImage} gives.
 * @throws SimganError INVALID_ARGUMENT if it is another.
 */
export function networkValues(form: ImageSpec): NetworkValues {
  const cube = cubeOf(form);
  const [low, high] = imageRange(form);
  const perMillimetre = 2 / (high - low);
  const seen = (value: number) => (value - low) * perMillimetre - 1;
  return {
    background: seen(backgroundValue(cube)),
    hole: seen(invalidValue(cube)),
    deepest: seen(cube + GAP / 2),
    invalid: seen(cube + 1.5 * GAP),
    perMillimetre,
  };
}
