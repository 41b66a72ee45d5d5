/** @file Small squares of pictures, in gray and smoothed, as registration compares them. */
import { type Image, type ImageForm, imageRange } from '../../image.ts';

/** A square of `(2 * radius + 1)²` values, row by row. */
export interface Patch {
  readonly radius: number;
  readonly values: Float64Array;
}

/**
 * The intensities around a pixel, as shares of the range. Beyond the picture's border, its last pixels repeat.
 *
 * @param center - the middle pixel, counted from 0.
 */
export function grayPatch(
  image: Image,
  [column, row]: readonly [number, number],
  radius: number,
  form: Pick<ImageForm, 'range'> = {},
): Patch {
  const { width, height, channels, data } = image;
  const [low, high] = imageRange({ ...form, bits: image.bits });
  const side = 2 * radius + 1;
  const values = new Float64Array(side * side);
  for (let y = 0; y < side; y++) {
    const line = Math.min(height - 1, Math.max(0, row + y - radius)) * width;
    for (let x = 0; x < side; x++) {
      const pixel = (line + Math.min(width - 1, Math.max(0, column + x - radius))) * channels;
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) sum += data[pixel + channel]!;
      values[y * side + x] = (sum / channels - low) / (high - low);
    }
  }
  return { radius, values };
}

/** The std in pixels of the smoothing that patches get before they are compared. */
export const SMOOTHING = 0.8;
/** How far smoothing reaches, in pixels. */
export const REACH = 3;

/** Smooths a patch with a Gaussian; it loses {@link REACH} pixels on every side. */
export function smoothed({ radius, values }: Patch): Patch {
  const from = 2 * radius + 1;
  const to = from - 2 * REACH;
  const rows = new Float64Array(from * to);
  for (let y = 0; y < from; y++) {
    for (let x = 0; x < to; x++) rows[y * to + x] = along(values, y * from + x, 1);
  }
  const result = new Float64Array(to * to);
  for (let y = 0; y < to; y++) {
    for (let x = 0; x < to; x++) result[y * to + x] = along(rows, y * to + x, to);
  }
  return { radius: radius - REACH, values: result };
}

const weights = Float64Array.from({ length: 2 * REACH + 1 }, (_, i) =>
  Math.exp(-((i - REACH) ** 2) / (2 * SMOOTHING ** 2)),
);
const total = weights.reduce((sum, weight) => sum + weight, 0);

function along(values: Float64Array, start: number, step: number): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) sum += weights[k]! * values[start + k * step]!;
  return sum / total;
}

/** A patch moved by a part of a pixel: its values and their slopes, pixel by pixel. */
export interface ShiftedPatch {
  readonly values: Float64Array;
  readonly slopesX: Float64Array;
  readonly slopesY: Float64Array;
}

/**
 * The middle of a patch as it lies `dx`, `dy` further (Keys, "Cubic convolution interpolation", 1981).
 *
 * @param to - the radius of the result; the patch must reach 2 pixels further than shift and result.
 */
export function shiftPatch({ radius, values }: Patch, dx: number, dy: number, to: number): ShiftedPatch {
  const side = 2 * radius + 1;
  const size = 2 * to + 1;
  const [left, top] = [Math.floor(dx), Math.floor(dy)];
  const [byX, slopeX] = cubic(dx - left);
  const [byY, slopeY] = cubic(dy - top);
  // Rows first, of which the columns need three more.
  const lines = new Float64Array(size * (size + 3));
  const slopes = new Float64Array(size * (size + 3));
  for (let y = 0; y < size + 3; y++) {
    const start = (radius - to + top + y - 1) * side + radius - to + left - 1;
    for (let x = 0; x < size; x++) {
      const at = start + x;
      const [a, b, c, d] = [values[at]!, values[at + 1]!, values[at + 2]!, values[at + 3]!];
      lines[y * size + x] = byX[0] * a + byX[1] * b + byX[2] * c + byX[3] * d;
      slopes[y * size + x] = slopeX[0] * a + slopeX[1] * b + slopeX[2] * c + slopeX[3] * d;
    }
  }
  const down = (from: Float64Array, weights: Four) => {
    const result = new Float64Array(size * size);
    for (let i = 0; i < result.length; i++) {
      result[i] =
        weights[0] * from[i]! +
        weights[1] * from[i + size]! +
        weights[2] * from[i + 2 * size]! +
        weights[3] * from[i + 3 * size]!;
    }
    return result;
  };
  return { values: down(lines, byY), slopesX: down(slopes, byY), slopesY: down(lines, slopeY) };
}

/** The sum of a patch's second derivatives, by which it changes when it is blurred; it loses a pixel on every side. */
export function laplacian({ radius, values }: Patch): Patch {
  const side = 2 * radius + 1;
  const size = side - 2;
  const result = new Float64Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = (y + 1) * side + x + 1;
      result[y * size + x] =
        values[at - 1]! + values[at + 1]! + values[at - side]! + values[at + side]! - 4 * values[at]!;
    }
  }
  return { radius: radius - 1, values: result };
}

/** The middle of a patch. */
export function middleOf({ radius, values }: Patch, to: number): Float64Array {
  const [side, size] = [2 * radius + 1, 2 * to + 1];
  return Float64Array.from(
    { length: size * size },
    (_, i) => values[(Math.floor(i / size) + radius - to) * side + (i % size) + radius - to]!,
  );
}

type Four = readonly [number, number, number, number];

function cubic(t: number): readonly [weights: Four, slopes: Four] {
  const [t2, t3] = [t * t, t * t * t];
  return [
    [-0.5 * t3 + t2 - 0.5 * t, 1.5 * t3 - 2.5 * t2 + 1, -1.5 * t3 + 2 * t2 + 0.5 * t, 0.5 * t3 - 0.5 * t2],
    [-1.5 * t2 + 2 * t - 0.5, 4.5 * t2 - 5 * t, -4.5 * t2 + 4 * t + 0.5, 1.5 * t2 - t],
  ];
}
