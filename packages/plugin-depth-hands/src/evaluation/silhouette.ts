import type { Image } from '@simgan/core';
import { pixelKind } from '../hand-image.ts';

/** The mask of a hand, `[size, size]`: 1 for its pixels, 0 for others. */
export type Silhouette = Uint8Array;

/**
 * The largest surface in a picture: connected pixels within the cube whose depths differ by less than `step` mm
 * from one to the next. Separate clutter is left out.
 *
 * @param image - of the form `handImage(size, cube)`.
 */
export function silhouetteOf({ width: size, data }: Image, cube: number, step = 40): Silhouette {
  const label = new Int32Array(data.length);
  let [largest, most, last] = [0, 0, 0];
  for (let start = 0; start < data.length; start++) {
    if (label[start] !== 0 || pixelKind(data[start]!, cube) !== 'depth') continue;
    label[start] = ++last;
    const open = [start];
    let count = 0;
    for (let pixel = open.pop(); pixel !== undefined; pixel = open.pop()) {
      count++;
      for (const next of neighbors(pixel, size)) {
        if (label[next] !== 0 || pixelKind(data[next]!, cube) !== 'depth') continue;
        if (Math.abs(data[next]! - data[pixel]!) >= step) continue;
        label[next] = last;
        open.push(next);
      }
    }
    if (count > most) [largest, most] = [last, count];
  }
  return Uint8Array.from(label, (own) => (own === largest && own !== 0 ? 1 : 0));
}

/** The silhouette with its holes filled: what it encloses belongs to it. */
export function withoutHoles(silhouette: Silhouette, size: number): Silhouette {
  const outside = new Uint8Array(silhouette.length);
  const open: number[] = [];
  const visit = (pixel: number) => {
    if (silhouette[pixel] !== 0 || outside[pixel] !== 0) return;
    outside[pixel] = 1;
    open.push(pixel);
  };
  for (let i = 0; i < size; i++) {
    for (const pixel of [i, (size - 1) * size + i, i * size, i * size + size - 1]) visit(pixel);
  }
  for (let pixel = open.pop(); pixel !== undefined; pixel = open.pop()) {
    for (const next of neighbors(pixel, size)) visit(next);
  }
  return outside.map((isOutside) => 1 - isOutside);
}

/** Intersection over union; 1 if both are empty. */
export function overlap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i]! & b[i]!;
    either += a[i]! | b[i]!;
  }
  return either === 0 ? 1 : both / either;
}

/**
 * The distance of two outlines in pixels: the mean distance from a pixel of one to the nearest of the other, averaged
 * over both directions. Where a silhouette leaves the picture it has no outline.
 *
 * @returns `undefined` if either has no outline at all.
 */
export function outlineDistance(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  size: number,
): number | undefined {
  const [from, to] = [outlineOf(a, size), outlineOf(b, size)];
  if (from.length === 0 || to.length === 0) return undefined;
  return (meanRoot(from, squaredDistances(to, size)) + meanRoot(to, squaredDistances(from, size))) / 2;
}

function outlineOf(silhouette: ArrayLike<number>, size: number): number[] {
  const outline: number[] = [];
  for (let pixel = 0; pixel < silhouette.length; pixel++) {
    if (silhouette[pixel] === 1 && neighbors(pixel, size).some((next) => silhouette[next] === 0)) {
      outline.push(pixel);
    }
  }
  return outline;
}

function meanRoot(pixels: readonly number[], squares: Float64Array): number {
  return pixels.reduce((sum, pixel) => sum + Math.sqrt(squares[pixel]!), 0) / pixels.length;
}

/**
 * The exact squared distance of every pixel to the nearest of some pixels: first along columns, then along rows
 * (Saito and Toriwaki, Pattern Recognition 27(11), 1994).
 */
function squaredDistances(pixels: readonly number[], size: number): Float64Array {
  const along = new Float64Array(size * size).fill(Number.POSITIVE_INFINITY);
  for (const pixel of pixels) along[pixel] = 0;
  for (let column = 0; column < size; column++) {
    for (const rows of [1, -1]) {
      let steps = Number.POSITIVE_INFINITY;
      for (let i = 0; i < size; i++) {
        const at = (rows > 0 ? i : size - 1 - i) * size + column;
        steps = along[at] === 0 ? 0 : steps + 1;
        along[at] = Math.min(along[at]!, steps * steps);
      }
    }
  }
  return along.map((_, pixel) => {
    const [row, column] = [Math.floor(pixel / size) * size, pixel % size];
    let nearest = Number.POSITIVE_INFINITY;
    for (let other = 0; other < size; other++) {
      nearest = Math.min(nearest, along[row + other]! + (other - column) ** 2);
    }
    return nearest;
  });
}

function neighbors(pixel: number, size: number): number[] {
  const column = pixel % size;
  const near: number[] = [];
  if (column > 0) near.push(pixel - 1);
  if (column < size - 1) near.push(pixel + 1);
  if (pixel >= size) near.push(pixel - size);
  if (pixel < size * (size - 1)) near.push(pixel + size);
  return near;
}
