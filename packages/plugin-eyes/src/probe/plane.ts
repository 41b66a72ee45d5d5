import type { Image } from '@simgan/core';
import { resample, resizeTransform } from '@simgan/core/geometry';

/** One number per pixel, row-major. */
export interface Plane {
  readonly values: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** The gradient at each pixel, per pixel: `[height, width, 2]`, horizontal before vertical. */
export interface Slopes {
  readonly values: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** A picture whose standard deviation is below this, in gray levels, is empty; stretching it would amplify noise. */
const LEAST_DEVIATION = 4;

/**
 * The mean of the channels, resampled to `width` pixels and standardized to mean 0 and standard deviation 1, so that
 * contrast, brightness and resolution of the picture no longer matter.
 */
export function standardPlane(image: Image, width: number): Plane {
  const height = Math.round((image.height * width) / image.width);
  const { data, channels } =
    width === image.width ? image : resample(image, resizeTransform(image, { width, height }));
  const values = new Float32Array(width * height);
  let sum = 0;
  let squares = 0;
  for (let pixel = 0; pixel < values.length; pixel++) {
    let value = 0;
    for (let channel = 0; channel < channels; channel++) value += data[pixel * channels + channel]!;
    value /= channels;
    values[pixel] = value;
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  const deviation = Math.sqrt(Math.max(0, squares / values.length - mean * mean));
  const scale = 1 / Math.max(LEAST_DEVIATION, deviation);
  for (let pixel = 0; pixel < values.length; pixel++) values[pixel] = (values[pixel]! - mean) * scale;
  return { values, width, height };
}

/** The plane blurred by a Gaussian of this standard deviation, pixels; the border is replicated. */
export function blurred(plane: Plane, deviation: number): Plane {
  const reach = Math.ceil(2.5 * deviation);
  const kernel = Float32Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * deviation ** 2)),
  );
  const total = kernel.reduce((a, b) => a + b, 0);
  const { width, height } = plane;
  const along = (source: Float32Array, lines: number, length: number, across: number, step: number) => {
    const result = new Float32Array(source.length);
    for (let line = 0; line < lines; line++) {
      for (let i = 0; i < length; i++) {
        let sum = 0;
        for (let k = -reach; k <= reach; k++) {
          const at = Math.min(length - 1, Math.max(0, i + k));
          sum += kernel[k + reach]! * source[line * across + at * step]!;
        }
        result[line * across + i * step] = sum / total;
      }
    }
    return result;
  };
  const rows = along(plane.values, height, width, width, 1);
  return { values: along(rows, width, height, 1, width), width, height };
}

/** The gradient by central differences. */
export function slopesOf({ values, width, height }: Plane): Slopes {
  const slopes = new Float32Array(2 * values.length);
  for (let y = 0; y < height; y++) {
    const above = Math.max(0, y - 1);
    const below = Math.min(height - 1, y + 1);
    for (let x = 0; x < width; x++) {
      const left = Math.max(0, x - 1);
      const right = Math.min(width - 1, x + 1);
      const at = 2 * (y * width + x);
      slopes[at] = (values[y * width + right]! - values[y * width + left]!) / (right - left);
      slopes[at + 1] = (values[below * width + x]! - values[above * width + x]!) / (below - above);
    }
  }
  return { values: slopes, width, height };
}

/** The value at (x, y), bilinear; as in annotations, pixel (0, 0) has its center at (0.5, 0.5). */
export function valueAt({ values, width, height }: Plane, x: number, y: number): number {
  const px = Math.min(width - 1.001, Math.max(0, x - 0.5));
  const py = Math.min(height - 1.001, Math.max(0, y - 0.5));
  const column = Math.floor(px);
  const row = Math.floor(py);
  const a = px - column;
  const b = py - row;
  const at = row * width + column;
  const upper = values[at]! + a * (values[at + 1]! - values[at]!);
  const lower = values[at + width]! + a * (values[at + width + 1]! - values[at + width]!);
  return upper + b * (lower - upper);
}

/** The directional derivative along the unit vector (dx, dy), interpolated between pixels; 0 outside the picture. */
export function riseAt(
  { values, width, height }: Slopes,
  x: number,
  y: number,
  dx: number,
  dy: number,
): number {
  if (x < 0 || y < 0 || x > width || y > height) return 0;
  const px = Math.min(width - 1.001, Math.max(0, x - 0.5));
  const py = Math.min(height - 1.001, Math.max(0, y - 0.5));
  const column = Math.floor(px);
  const row = Math.floor(py);
  const a = px - column;
  const b = py - row;
  const at = 2 * (row * width + column);
  const next = at + 2 * width;
  const w00 = (1 - a) * (1 - b);
  const w10 = a * (1 - b);
  const w01 = (1 - a) * b;
  const w11 = a * b;
  const horizontal =
    values[at]! * w00 + values[at + 2]! * w10 + values[next]! * w01 + values[next + 2]! * w11;
  const vertical =
    values[at + 1]! * w00 + values[at + 3]! * w10 + values[next + 1]! * w01 + values[next + 3]! * w11;
  return horizontal * dx + vertical * dy;
}
