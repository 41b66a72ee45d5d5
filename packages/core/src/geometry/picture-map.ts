/** @file Maps of pictures that need not keep the axes apart: rotation, shear, and chains of any maps. */
import { SimganError } from '../errors.ts';
import type { Size } from '../image.ts';
import { applyMatrix, determinant, invertMatrix, type Matrix2, multiplyMatrices } from './matrix.ts';
import { checkChain, checkSize, type ImageTransform, type Point, sizeOf } from './transform.ts';

/**
 * An invertible map from the points of one picture to those of another, in pixels from the outer corner of the top left
 * pixel. `move` and `source` are inverses of each other.
 */
export interface PictureMap {
  readonly from: Size;
  readonly to: Size;
  /** Where a point of the old picture lies in the new one. */
  move(point: Point): Point;
  /** Which point of the old picture a point of the new one shows. */
  source(point: Point): Point;
  /** The derivative of `move` at a point of the old picture. */
  derivative(point: Point): Matrix2;
  /** Present if the map is the same everywhere: `move(p) = matrix p + shift`. */
  readonly affine?: { readonly matrix: Matrix2; readonly shift: Point };
}

/** Options for {@link affineMap}; applied in the order scale, shear, rotation, shift. */
export interface AffineOptions {
  /** Along x and y. Not 0; negative mirrors. Default: 1. */
  readonly scale?: number | readonly [x: number, y: number];
  /** x grows by `shear` times y. Default: 0. */
  readonly shear?: number;
  /** Radians, clockwise in the picture. Default: 0. */
  readonly rotation?: number;
  /** Pixels. Default: none. */
  readonly shift?: Point;
  /** The point about which the picture is scaled, sheared and rotated, pixels. Default: its middle. */
  readonly center?: Point;
}

/**
 * Scales, shears, rotates and shifts a picture, which keeps its size.
 *
 * @throws SimganError INVALID_ARGUMENT if a scale is 0 or a number is not finite.
 * @example
 * const map = affineMap(image, { rotation: 0.2, shift: [3, 0] });
 * const turned = { image: resampleBy(image, map), annotation: carryLabels(map, annotation, plugin.annotation.geometry) };
 */
export function affineMap(size: Size, options: AffineOptions = {}): PictureMap {
  const { scale = 1, shear = 0, rotation = 0, shift = [0, 0] } = options;
  const center = options.center ?? middleOf(size);
  const [scaleX, scaleY] = typeof scale === 'number' ? [scale, scale] : scale;
  const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)];
  const stretched: Matrix2 = [scaleX, shear * scaleY, 0, scaleY];
  const matrix = rotation === 0 ? stretched : multiplyMatrices([cos, -sin, sin, cos], stretched);
  const [x, y] = applyMatrix(matrix, center);
  const moved: Point = [center[0] - x + shift[0], center[1] - y + shift[1]];
  if (![...matrix, ...moved].every(Number.isFinite) || determinant(matrix) === 0) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      'An affine map needs finite numbers and scales other than 0, so that it has an inverse.',
    );
  }
  return linearMap(size, size, matrix, moved);
}

/** The same map as a {@link PictureMap}. */
export function mapOf({ from, to, scale, shift }: ImageTransform): PictureMap {
  return linearMap(from, to, [scale[0], 0, 0, scale[1]], shift);
}

/** The transform that a map is if it keeps the axes apart, without rotation and shear; otherwise `undefined`. */
export function transformOf({ from, to, affine }: PictureMap): ImageTransform | undefined {
  if (!affine) return undefined;
  const [a, b, c, d] = affine.matrix;
  return b === 0 && c === 0 ? { from, to, scale: [a, d], shift: affine.shift } : undefined;
}

/**
 * Composes maps, in the order of their application.
 *
 * @throws SimganError INVALID_ARGUMENT if one does not start from the size that the previous one ends with.
 */
export function composeMaps(first: PictureMap, ...rest: readonly PictureMap[]): PictureMap {
  return rest.reduce((done, next, index) => {
    checkChain(done, next, index + 1);
    if (done.affine && next.affine) {
      const [x, y] = applyMatrix(next.affine.matrix, done.affine.shift);
      const shift: Point = [x + next.affine.shift[0], y + next.affine.shift[1]];
      return linearMap(done.from, next.to, multiplyMatrices(next.affine.matrix, done.affine.matrix), shift);
    }
    return {
      from: done.from,
      to: next.to,
      move: (point) => next.move(done.move(point)),
      source: (point) => done.source(next.source(point)),
      derivative: (point) => multiplyMatrices(next.derivative(done.move(point)), done.derivative(point)),
    };
  }, first);
}

/** The middle of a picture, pixels. */
export function middleOf({ width, height }: Size): Point {
  return [width / 2, height / 2];
}

function linearMap(from: Size, to: Size, matrix: Matrix2, shift: Point): PictureMap {
  checkSize(from);
  checkSize(to);
  const inverse = invertMatrix(matrix);
  return {
    from: sizeOf(from),
    to: sizeOf(to),
    affine: { matrix, shift },
    move(point) {
      const [x, y] = applyMatrix(matrix, point);
      return [x + shift[0], y + shift[1]];
    },
    source: ([x, y]) => applyMatrix(inverse, [x - shift[0], y - shift[1]]),
    derivative: () => matrix,
  };
}
