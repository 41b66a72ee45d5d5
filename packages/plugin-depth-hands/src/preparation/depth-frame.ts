import { createImage, type Image, SimganError, type Size } from '@simgan/core';

/** A map of depths, such as a depth camera's frame. */
export interface DepthFrame extends Size {
  /** `[height, width]`, mm from the camera; NaN where nothing was measured, Infinity for background. */
  readonly depths: Float32Array;
}

/** The largest frames that are read, pixels. Depth cameras have at most 5 million. */
export const MOST_FRAME_PIXELS = 2 ** 24;

/** What the stored values of a depth picture mean. */
export interface DepthUnit {
  /** Millimeters per step of the stored values; 0.125 for the SR305. Default: 1. */
  readonly unit?: number;
  /** What a stored 0 means: `invalid`, nothing was measured, as sensors mean it, or `background`. Default: `invalid`. */
  readonly zero?: 'invalid' | 'background';
}

/**
 * A frame made of stored values, one per pixel, row by row.
 *
 * @throws SimganError INVALID_ARGUMENT if the unit is not above 0.
 */
export function depthFrame(
  { width, height }: Size,
  stored: ArrayLike<number>,
  { unit = 1, zero = 'invalid' }: DepthUnit = {},
): DepthFrame {
  checkUnit(unit);
  const empty = zero === 'invalid' ? Number.NaN : Number.POSITIVE_INFINITY;
  const depths = new Float32Array(stored.length);
  for (let pixel = 0; pixel < depths.length; pixel++) {
    const value = stored[pixel]!;
    depths[pixel] = value === 0 ? empty : value * unit;
  }
  return { width, height, depths };
}

/** @throws SimganError INVALID_ARGUMENT if it is not above 0. */
export function checkUnit(unit: number): void {
  if (Number.isFinite(unit) && unit > 0) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `A unit of ${unit} mm is not possible: give the millimeters per step of the stored values, such as 1 or 0.125.`,
  );
}

/**
 * Depths as sensors store them, 16-bit gray in whole millimeters: 0 where nothing was measured, and for background.
 *
 * @throws SimganError INVALID_IMAGE if there is not one depth per pixel.
 */
export function toMillimeters({ width, height, depths }: DepthFrame): Image {
  const image = createImage({ width, height, channels: 1, bits: 16 });
  if (depths.length !== image.data.length) {
    throw new SimganError(
      'INVALID_IMAGE',
      `A frame of ${width} x ${height} has ${width * height} depths, and this one has ${depths.length}.`,
    );
  }
  for (const [pixel, depth] of depths.entries())
    image.data[pixel] = Number.isFinite(depth) ? Math.round(depth) : 0;
  return image;
}
