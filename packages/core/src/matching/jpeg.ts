/** @file The loss of JPEG: blocks of 8x8 pixels, their cosine transform, and the quantization of its coefficients. */
import { imageRange, type SizedForm } from '../image.ts';
import type { Rng } from '../rng.ts';
import type { Light } from './light.ts';

/** The side of a block, pixels. */
export const SIDE = 8;

/** The example tables of the standard (ITU-T T.81, annex K.1), row by row: steps in levels of 256. */
const tables = {
  luma: [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17,
    22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78,
    87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
  ],
  chroma: [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  ],
} as const;

/** The 8-point cosine transform, orthonormal: `basis[frequency * 8 + position]`. */
const basis = Float64Array.from({ length: SIDE * SIDE }, (_, i) => {
  const [frequency, position] = [Math.floor(i / SIDE), i % SIDE];
  const norm = Math.sqrt((frequency === 0 ? 1 : 2) / SIDE);
  return norm * Math.cos(((2 * position + 1) * frequency * Math.PI) / (2 * SIDE));
});

/** How far the grid of blocks begins before the picture, in pixels. */
export type GridOffset = readonly [x: number, y: number];

/** Draws where the grid of blocks begins: pictures are mostly crops of larger ones. */
export function drawGridOffset(rng: Rng): GridOffset {
  return [rng.int(SIDE), rng.int(SIDE)];
}

/**
 * What JPEG leaves of a picture. Colors are compressed as luma and two chromas (JFIF, full range) at full resolution.
 *
 * @param strength - times the tables of the standard, as libjpeg scales them: 0.2 is quality 90, 1 is quality 50, 2 is
 * quality 25.
 */
export function compress(light: Light, image: SizedForm, strength: number, offset: GridOffset): Light {
  const { width, height, channels } = image;
  const [low, high] = imageRange(image);
  const levels = 255 / (high - low);
  const planes = toPlanes(light, channels, low, levels);
  for (const [index, plane] of planes.entries()) {
    const table = index === 0 ? tables.luma : tables.chroma;
    quantizeBlocks(plane, { width, height }, stepsOf(table, strength), offset);
  }
  return fromPlanes(planes, channels, low, levels);
}

/** Never below 1, as a file stores whole steps; but not rounded, so that the loss grows evenly with the strength. */
function stepsOf(table: readonly number[], strength: number): Float64Array {
  return Float64Array.from(table, (step) => Math.max(1, strength * step));
}

/** Luma, or luma and chromas, in levels of 256 around 0. */
function toPlanes(light: Light, channels: number, low: number, levels: number): Float64Array[] {
  const level = (i: number) => (light[i]! - low) * levels - 128;
  if (channels === 1) return [Float64Array.from(light, (_, i) => level(i))];
  const planes = [0, 1, 2].map(() => new Float64Array(light.length / 3));
  for (let pixel = 0; pixel < planes[0]!.length; pixel++) {
    const [red, green, blue] = [level(3 * pixel), level(3 * pixel + 1), level(3 * pixel + 2)];
    const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    planes[0]![pixel] = luma;
    planes[1]![pixel] = (blue - luma) / 1.772;
    planes[2]![pixel] = (red - luma) / 1.402;
  }
  return planes;
}

function fromPlanes(planes: readonly Float64Array[], channels: number, low: number, levels: number): Light {
  const [luma, blues, reds] = planes;
  const stored = (level: number) => (Math.min(127, Math.max(-128, level)) + 128) / levels + low;
  if (channels === 1) return luma!.map(stored);
  const light = new Float64Array(3 * luma!.length);
  for (let pixel = 0; pixel < luma!.length; pixel++) {
    const [y, cb, cr] = [luma![pixel]!, blues![pixel]!, reds![pixel]!];
    light[3 * pixel] = stored(y + 1.402 * cr);
    light[3 * pixel + 1] = stored(y - (0.114 * 1.772 * cb + 0.299 * 1.402 * cr) / 0.587);
    light[3 * pixel + 2] = stored(y + 1.772 * cb);
  }
  return light;
}

/** Transforms, quantizes and restores every block, in place. Pictures are continued by their edges. */
function quantizeBlocks(
  plane: Float64Array,
  { width, height }: { width: number; height: number },
  steps: Float64Array,
  offset: GridOffset,
): void {
  const block = new Float64Array(SIDE * SIDE);
  const between = new Float64Array(SIDE * SIDE);
  for (let top = -offset[1]; top < height; top += SIDE) {
    for (let left = -offset[0]; left < width; left += SIDE) {
      for (let i = 0; i < block.length; i++) {
        const x = Math.max(0, Math.min(width - 1, left + (i % SIDE)));
        const y = Math.max(0, Math.min(height - 1, top + Math.floor(i / SIDE)));
        block[i] = plane[y * width + x]!;
      }
      rowsToColumns(block, between, 'forward');
      rowsToColumns(between, block, 'forward');
      for (let i = 0; i < block.length; i++) block[i] = Math.round(block[i]! / steps[i]!) * steps[i]!;
      rowsToColumns(block, between, 'back');
      rowsToColumns(between, block, 'back');
      for (let i = 0; i < block.length; i++) {
        const [x, y] = [left + (i % SIDE), top + Math.floor(i / SIDE)];
        if (x >= 0 && x < width && y >= 0 && y < height) plane[y * width + x] = block[i]!;
      }
    }
  }
}

/** Transforms the rows of `from`, or restores them, into the columns of `to`: twice is both axes. */
function rowsToColumns(from: Float64Array, to: Float64Array, way: 'forward' | 'back'): void {
  for (let row = 0; row < SIDE; row++) {
    for (let k = 0; k < SIDE; k++) {
      let sum = 0;
      for (let i = 0; i < SIDE; i++) {
        sum += from[row * SIDE + i]! * (way === 'forward' ? basis[k * SIDE + i]! : basis[i * SIDE + k]!);
      }
      to[k * SIDE + row] = sum;
    }
  }
}
