import type { Size } from '../image.ts';
import { mean, std } from '../statistics.ts';

/** How the content of one picture fills it. Lengths are shares of the picture's width and height. */
export interface Framing {
  /** The content's center. */
  readonly x: number;
  readonly y: number;
  /** The logarithm of the content's std along x, once its slant is taken out, and along y. */
  readonly width: number;
  readonly height: number;
  /** How far x moves with y, in pixels per pixel: the content leans to the left above if positive. */
  readonly slant: number;
}

/** The mean and std over a set of each number of {@link Framing}. */
export type SetFraming = {
  readonly [Figure in keyof Framing]: { readonly mean: number; readonly std: number };
};

export const framingFigures = ['x', 'y', 'width', 'height', 'slant'] as const satisfies (keyof Framing)[];

/** Less content than this share of a picture has no framing, such as an empty page. */
const LEAST_CONTENT = 0.002;

/**
 * The framing of a picture by the first and second moments of its content; `undefined` if there is next to none.
 *
 * @param content - how much each pixel belongs to the content, at least 0. `[height, width]`.
 */
export function framingOf(content: Float64Array, { width, height }: Size): Framing | undefined {
  let sum = 0;
  let [x, y, xx, xy, yy] = [0, 0, 0, 0, 0];
  for (const [pixel, weight] of content.entries()) {
    if (weight === 0) continue;
    const [column, row] = [(pixel % width) + 0.5, Math.floor(pixel / width) + 0.5];
    sum += weight;
    x += weight * column;
    y += weight * row;
    xx += weight * column * column;
    xy += weight * column * row;
    yy += weight * row * row;
  }
  if (sum < LEAST_CONTENT * width * height) return undefined;
  x /= sum;
  y /= sum;
  // A pixel's own extent adds 1/12: nothing is thinner than a pixel.
  const varianceY = yy / sum - y * y + 1 / 12;
  const slant = (xy / sum - x * y) / varianceY;
  const varianceX = xx / sum - x * x + 1 / 12 - slant * slant * varianceY;
  return {
    x: x / width,
    y: y / height,
    width: Math.log(Math.sqrt(Math.max(1 / 12, varianceX)) / width),
    height: Math.log(Math.sqrt(varianceY) / height),
    slant,
  };
}

/** The framing of a set. */
export function setFraming(framings: readonly Framing[]): SetFraming {
  const of = (figure: keyof Framing) => {
    const values = framings.map((framing) => framing[figure]);
    return { mean: mean(values), std: std(values) };
  };
  return { x: of('x'), y: of('y'), width: of('width'), height: of('height'), slant: of('slant') };
}
