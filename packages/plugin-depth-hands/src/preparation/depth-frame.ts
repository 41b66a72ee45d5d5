import { type Image, SimganError } from '@simgan/core';

/** What a depth camera sees at once. */
export interface DepthFrame {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Row by row, mm from the camera; NaN where nothing was measured, Infinity where nothing is. */
  readonly depths: Float32Array;
}

/** How the numbers of a depth picture are meant. */
export interface DepthUnit {
  /** Millimetres in one step of the stored values; 1 unless given. The SR305's pictures have 0.125. */
  readonly unit?: number;
  /** What a stored 0 says: `invalid` (nothing was measured, as sensors mean it) unless given, or `background`. */
  readonly zero?: 'invalid' | 'background';
}

/**
 * A frame out of stored values, one for each pixel.
 *
 * @throws SimganError INVALID_ARGUMENT if the unit is not above 0.
 */
export function depthFrame(
  { width, height }: { readonly width: number; readonly height: number },
  stored: ArrayLike<number>,
  { unit = 1, zero = 'invalid' }: DepthUnit = {},
): DepthFrame {
  checkUnit(unit);
  const empty = zero === 'invalid' ? Number.NaN : Number.POSITIVE_INFINITY;
  return {
    width,
    height,
    depths: Float32Array.from(stored, (value) => (value === 0 ? empty : value * unit)),
  };
}

/** @throws SimganError INVALID_ARGUMENT if it is not above 0. */
export function checkUnit(unit: number): void {
  if (Number.isFinite(unit) && unit > 0) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `A unit of ${unit} mm cannot be: give the millimetres in one step of the stored values, such as 1 or 0.125.`,
  );
}

/**
 * Depths as sensors store them, 16 bits grey in whole millimetres: 0 where nothing was measured or nothing is.
 *
 * @param depths mm from the camera, NaN and Infinity among them.
 */
export function toMillimetres(depths: Float32Array): Image {
  return Uint16Array.from(depths, (depth) => (Number.isFinite(depth) ? Math.round(depth) : 0));
}
