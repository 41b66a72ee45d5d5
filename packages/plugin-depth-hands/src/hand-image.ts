import { createImage, type Image, imageRange, SimganError, type SizedForm } from '@simgan/core';
import type { HandCrop } from './camera-frame.ts';
import type { DepthFrame } from './preparation/depth-frame.ts';

/** By how many mm the stored background lies behind the cube, and a hole behind the background. */
const GAP = 30;

/** What a stored value means: a depth inside the cube, something outside it, or no measurement. */
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
 * The kind of a stored value: the nearest of the three. Stored depths are never mistaken; a refined background or hole
 * keeps its kind while it moves by less than 15 mm.
 */
export function pixelKind(value: number, cube: number): PixelKind {
  if (value < cube + GAP / 2) return 'depth';
  return value < cube + 1.5 * GAP ? 'background' : 'invalid';
}

/**
 * The form of hand pictures: `size` x `size`, one channel of 16 bits.
 *
 * A stored value of 0 to `cube` is a depth in whole millimeters behind the near face of the cube, so
 * `annotation.crop.near + value` is the distance from the camera, without loss. Everything outside the cube
 * is {@link backgroundValue}, a pixel without a measurement {@link invalidValue}. The three kinds cannot be
 * confused, and networks see all of them: `range` maps the near face to -1 and holes to 1.
 *
 * The paper sets background to 0 and foreground to depth - 2000, as if a wall stood at 2000 mm; here the
 * wall stands just behind the cube, which leaves more of [-1, 1] to the hand. Holes lie next to the
 * background, not at 0 as in sensors' files, because they border on it: a hole at an edge is then a small
 * difference rather than one across the whole range.
 *
 * @param size - pixels along a side. Default: 224.
 * @param cube - edge of the cube in mm. Default: 300.
 * @throws SimganError INVALID_ARGUMENT if either is not a positive whole number, or `cube` does not fit 16 bits.
 */
export function handImage(size = 224, cube = 300): SizedForm {
  if (!Number.isInteger(size) || size < 1) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `A hand picture cannot have ${size} pixels along a side: give a whole number above 0.`,
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
 * The cube of a form made by {@link handImage}, in mm.
 *
 * @throws SimganError INVALID_ARGUMENT for any other form.
 */
export function cubeOf(form: SizedForm): number {
  const [low, high] = imageRange(form);
  const cube = high - 2 * GAP;
  const { width, height, channels, bits } = form;
  if (low !== 0 || cube < 1 || width !== height || channels !== 1 || bits !== 16) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `Images of ${width} x ${height} with ${channels} channels of ${bits} bits and a range of ${low} to ${high} do not ` +
        'have the form of hands: use the form that handImage(size, cube) returns.',
    );
  }
  return cube;
}

/**
 * A map of depths as an image of {@link handImage}'s form. Depths inside the cube are kept to the millimeter, whole
 * ones exactly.
 */
export function storeDepths(
  { width, height, depths }: DepthFrame,
  { near, cube }: Pick<HandCrop, 'near' | 'cube'>,
): Image {
  const image = createImage({ width, height, channels: 1, bits: 16 });
  const { data } = image;
  const [background, invalid] = [backgroundValue(cube), invalidValue(cube)];
  for (let i = 0; i < depths.length; i++) {
    const value = Math.round(depths[i]!) - near;
    if (Number.isNaN(value)) data[i] = invalid;
    else data[i] = value >= 0 && value <= cube ? value : background;
  }
  return image;
}

/**
 * The inverse of {@link storeDepths} inside the cube; also for refined images, each of whose values is taken as the
 * nearest of the three kinds.
 *
 * @returns mm from the camera; NaN where nothing was measured, Infinity outside the cube.
 */
export function loadDepths(
  { width, height, data }: Image,
  { near, cube }: Pick<HandCrop, 'near' | 'cube'>,
): DepthFrame {
  const depths = Float32Array.from(data, (value) => {
    const kind = pixelKind(value, cube);
    if (kind === 'depth') return near + Math.min(value, cube);
    return kind === 'background' ? Number.POSITIVE_INFINITY : Number.NaN;
  });
  return { width, height, depths };
}

/** Stored values as networks see them, in [-1, 1]. */
export interface NetworkValues {
  readonly background: number;
  readonly hole: number;
  /** The border between depths and background, as in `pixelKind`. */
  readonly deepest: number;
  /** The border between background and holes, as in `pixelKind`. */
  readonly invalid: number;
  readonly perMillimeter: number;
}

/**
 * Background, holes and the borders between the kinds of pixels as networks see them.
 *
 * @param form - as {@link handImage} returns it.
 * @throws SimganError INVALID_ARGUMENT for any other form.
 */
export function networkValues(form: SizedForm): NetworkValues {
  const cube = cubeOf(form);
  const [low, high] = imageRange(form);
  const perMillimeter = 2 / (high - low);
  const seen = (value: number) => (value - low) * perMillimeter - 1;
  return {
    background: seen(backgroundValue(cube)),
    hole: seen(invalidValue(cube)),
    deepest: seen(cube + GAP / 2),
    invalid: seen(cube + 1.5 * GAP),
    perMillimeter,
  };
}
