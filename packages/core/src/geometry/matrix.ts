/** @file Matrices of the picture plane. */

/** A 2 x 2 matrix, row by row: `[a, b, c, d]` takes (x, y) to (a x + b y, c x + d y). */
export type Matrix2 = readonly [a: number, b: number, c: number, d: number];

/** The matrix times a vector. */
export function applyMatrix([a, b, c, d]: Matrix2, [x, y]: readonly [number, number]): [number, number] {
  return [a * x + b * y, c * x + d * y];
}

/** The product: `second` after `first`. */
export function multiplyMatrices(second: Matrix2, first: Matrix2): Matrix2 {
  const [a, b, c, d] = second;
  const [e, f, g, h] = first;
  return [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h];
}

export function determinant([a, b, c, d]: Matrix2): number {
  return a * d - b * c;
}

/** The inverse; the determinant must not be 0. */
export function invertMatrix(matrix: Matrix2): Matrix2 {
  const [a, b, c, d] = matrix;
  const scale = 1 / determinant(matrix);
  return [d * scale, -b * scale, -c * scale, a * scale];
}

/**
 * The rotation or reflection that is nearest to a matrix (its orthogonal polar factor): what is left of it without
 * scaling and shear. That of a diagonal matrix has the signs of its diagonal.
 */
export function nearestTurn(matrix: Matrix2): Matrix2 {
  const [a, b, c, d] = matrix;
  if (determinant(matrix) > 0) {
    const length = Math.hypot(a + d, c - b);
    const [cos, sin] = [(a + d) / length, (c - b) / length];
    return [cos, -sin, sin, cos];
  }
  const length = Math.hypot(a - d, b + c);
  const [p, q] = [(a - d) / length, (b + c) / length];
  return [p, q, q, -p];
}
