/** @file Smooth displacement fields: maps by a small grid of control points. */
import { controlPosition, splineWeights } from '../cubic-spline.ts';
import { SimganError } from '../errors.ts';
import type { Size } from '../image.ts';
import { applyMatrix, determinant, invertMatrix, type Matrix2 } from './matrix.ts';
import type { PictureMap } from './picture-map.ts';
import { checkSize, described, type Point, sizeOf } from './transform.ts';

/**
 * Displacements at the control points of a uniform cubic B-spline over a picture. The points lie evenly, with one row
 * and column beyond each edge: those 1 to `columns - 2` span the picture's width.
 *
 * A pixel of the new picture shows the point of the old one that lies there plus the displacement:
 * `source(p) = p + displacement(p)`.
 */
export interface ControlGrid {
  /** At least 4. */
  readonly rows: number;
  /** At least 4. */
  readonly columns: number;
  /** `[rows, columns, 2]`: x and y, pixels. */
  readonly values: ArrayLike<number>;
}

/** The least that a displacement may leave of any length, as a share: below, the picture would nearly fold. */
export const LEAST_STRETCH = 0.1;

/**
 * The map of a displacement field. `source` is closed form; `move` solves it by Newton's method to a billionth of a
 * pixel. Beyond the picture's edges the field goes on in straight lines.
 *
 * @throws SimganError INVALID_ARGUMENT if the grid is smaller than 4 x 4, its values do not fit or are not finite, or
 * the field would fold the picture (see {@link stretchOf}).
 * @example
 * const values = new Float32Array(4 * 4 * 2).fill(0.5);
 * const map = displacementMap(image, { rows: 4, columns: 4, values });
 * const warped = resampleBy(image, map);
 */
export function displacementMap(size: Size, grid: ControlGrid): PictureMap {
  checkSize(size);
  checkGrid(grid);
  const stretch = stretchOf(size, grid);
  if (stretch < LEAST_STRETCH) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `This displacement field folds the picture, or nearly: it leaves ${stretch.toFixed(2)} of a length, and at least ${LEAST_STRETCH} is needed for every point to have one place. Scale the field down.`,
    );
  }
  const from = sizeOf(size);
  const field = fieldOf(from, grid);
  return {
    from,
    to: from,
    source: sourceBy(from, grid),
    move: (point) => solve(field, point),
    derivative: (point) => invertMatrix(field(solve(field, point)).slope),
  };
}

/**
 * The smallest share that a field leaves of any short line in the picture, measured along the line: 1 without
 * displacement. Where it is positive everywhere, no two points of the (convex) picture fall together.
 */
export function stretchOf(size: Size, grid: ControlGrid): number {
  const field = fieldOf(size, grid);
  const SAMPLES = 6; // for each of a spline's gaps; between two samples a cubic's slope moves little
  const columns = (grid.columns - 3) * SAMPLES;
  const rows = (grid.rows - 3) * SAMPLES;
  let least = Number.POSITIVE_INFINITY;
  for (let row = 0; row <= rows; row++) {
    for (let column = 0; column <= columns; column++) {
      const { slope } = field([(size.width * column) / columns, (size.height * row) / rows]);
      const [a, b, c, d] = slope;
      // The smaller eigenvalue of the symmetric part.
      least = Math.min(least, (a + d) / 2 - Math.hypot((a - d) / 2, (b + c) / 2));
    }
  }
  return least;
}

/** The `source` of a field's map, without a check whether it can be inverted. */
export function sourceBy(size: Size, grid: ControlGrid): (point: Point) => Point {
  const field = fieldOf(size, grid);
  return (point) => field(point).source;
}

/** The displacement field with all of its displacements times a factor. */
export function scaleGrid({ rows, columns, values }: ControlGrid, factor: number): ControlGrid {
  return { rows, columns, values: Float64Array.from(values, (value) => value * factor) };
}

type Field = (point: Point) => { source: Point; slope: Matrix2 };

/** The field's `source` and its derivative at a point of the new picture. */
function fieldOf({ width, height }: Size, { rows, columns, values }: ControlGrid): Field {
  const weightsAcross = remembered((x) => splineWeights(width, columns, x));
  const weightsDown = remembered((y) => splineWeights(height, rows, y));
  return ([x, y]) => {
    const [nearX, nearY] = [Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))];
    const across = weightsAcross(nearX);
    const down = weightsDown(nearY);
    // Scalars alone, and no pairs: this runs for every pixel.
    let x0 = 0;
    let xByX = 0;
    let xByY = 0;
    let xByBoth = 0;
    let y0 = 0;
    let yByX = 0;
    let yByY = 0;
    let yByBoth = 0;
    for (let i = 0; i < 4; i++) {
      const weight = down.weights[i]!;
      const rowSlope = down.slopes[i]!;
      const row = (down.first + i) * columns + across.first;
      for (let j = 0; j < 4; j++) {
        const both = weight * across.weights[j]!;
        const byX = weight * across.slopes[j]!;
        const byY = rowSlope * across.weights[j]!;
        const byBoth = rowSlope * across.slopes[j]!;
        const valueX = values[2 * (row + j)]!;
        const valueY = values[2 * (row + j) + 1]!;
        x0 += both * valueX;
        xByX += byX * valueX;
        xByY += byY * valueX;
        xByBoth += byBoth * valueX;
        y0 += both * valueY;
        yByX += byX * valueY;
        yByY += byY * valueY;
        yByBoth += byBoth * valueY;
      }
    }
    const [beyondX, beyondY] = [x - nearX, y - nearY];
    const slope: Matrix2 = [
      1 + xByX + xByBoth * beyondY,
      xByY + xByBoth * beyondX,
      yByX + yByBoth * beyondY,
      1 + yByY + yByBoth * beyondX,
    ];
    const source: Point = [
      x + (x0 + xByX * beyondX + xByY * beyondY + xByBoth * beyondX * beyondY),
      y + (y0 + yByX * beyondX + yByY * beyondY + yByBoth * beyondX * beyondY),
    ];
    return { source, slope };
  };
}

/** Pixels lie on few columns and rows, whose weights cost more than everything that is done with them. */
function remembered<Value>(valueAt: (position: number) => Value): (position: number) => Value {
  const MOST = 4096;
  const known = new Map<number, Value>();
  return (position) => {
    const before = known.get(position);
    if (before !== undefined) return before;
    const value = valueAt(position);
    if (known.size < MOST) known.set(position, value);
    return value;
  };
}

/** Newton's method for `source(q) = point`, with halved steps where a whole one leads away. */
function solve(field: Field, point: Point): Point {
  const errorAt = (place: Point) => {
    const { source, slope } = field(place);
    const error = [source[0] - point[0], source[1] - point[1]] as const;
    return { place, error, slope, size: Math.hypot(...error) };
  };
  const precision = 1e-9 * Math.max(1, Math.hypot(...point));
  let at = errorAt([2 * point[0] - field(point).source[0], 2 * point[1] - field(point).source[1]]);
  for (let iteration = 0; iteration < 60 && at.size > precision; iteration++) {
    if (Math.abs(determinant(at.slope)) < 1e-6) break;
    const [stepX, stepY] = applyMatrix(invertMatrix(at.slope), at.error);
    let share = 1;
    let next = at;
    do {
      next = errorAt([at.place[0] - share * stepX, at.place[1] - share * stepY]);
      share /= 2;
    } while (next.size >= at.size && share > 1e-3);
    if (next.size >= at.size) break;
    at = next;
  }
  if (at.size <= 1e-6 * Math.max(1, Math.hypot(...point))) return at.place;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `The displacement field has no single place for the point (${point.map((value) => value.toFixed(1)).join(', ')}), which lies far outside the picture. Scale the field down or leave such points out.`,
  );
}

function checkGrid({ rows, columns, values }: ControlGrid): void {
  const isWhole = [rows, columns].every((count) => Number.isInteger(count) && count >= 4);
  if (isWhole && values.length === rows * columns * 2 && Array.from(values).every(Number.isFinite)) return;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `A control grid of ${described({ width: columns, height: rows })} with ${values.length} values cannot be used: it needs at least 4 rows and columns, and two finite numbers for each control point.`,
  );
}

/** A grid whose field is an affine map's: `source(p) = matrix (p - middle) + middle + shift`, reproduced exactly. */
export function affineGrid(
  { width, height }: Size,
  { rows, columns }: Pick<ControlGrid, 'rows' | 'columns'>,
  { matrix, shift }: { readonly matrix: Matrix2; readonly shift: Point },
): ControlGrid {
  const values = new Float64Array(rows * columns * 2);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const x = controlPosition(width, columns, column) - width / 2;
      const y = controlPosition(height, rows, row) - height / 2;
      const [movedX, movedY] = applyMatrix(matrix, [x, y]);
      values[2 * (row * columns + column)] = movedX - x + shift[0];
      values[2 * (row * columns + column) + 1] = movedY - y + shift[1];
    }
  }
  return { rows, columns, values };
}
