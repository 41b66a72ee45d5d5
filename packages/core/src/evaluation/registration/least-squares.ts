/** The solution of a linear least-squares problem, and the inverse of its normal matrix, row by row. */
export interface Fit {
  readonly solution: Float64Array;
  readonly inverse: Float64Array;
  /** The sum of weighted squared residuals. */
  readonly squares: number;
}

/**
 * Fits `goal` by a weighted sum of `columns`.
 *
 * @param ridges - added to the diagonal of the normal matrix, so that what no column determines stays small.
 * @returns `undefined` where the columns do not determine their weights.
 */
export function fitColumns(
  columns: readonly Float64Array[],
  goal: Float64Array,
  weights: Float64Array,
  ridges: readonly number[],
): Fit | undefined {
  const n = columns.length;
  const product = (a: Float64Array, b: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < weights.length; i++) sum += weights[i]! * a[i]! * b[i]!;
    return sum;
  };
  // The normal matrix, beside the identity, which elimination turns into its inverse.
  const rows = columns.map(() => new Float64Array(2 * n));
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) rows[j]![i] = rows[i]![j] = product(columns[i]!, columns[j]!);
    rows[i]![i]! += ridges[i]!;
    rows[i]![n + i] = 1;
  }
  if (!eliminate(rows)) return undefined;
  const inverse = Float64Array.from({ length: n * n }, (_, i) => rows[Math.floor(i / n)]![n + (i % n)]!);
  const right = columns.map((column) => product(column, goal));
  const solution = Float64Array.from({ length: n }, (_, i) =>
    right.reduce((sum, value, j) => sum + inverse[i * n + j]! * value, 0),
  );
  let squares = 0;
  for (let i = 0; i < weights.length; i++) {
    let rest = goal[i]!;
    for (let j = 0; j < n; j++) rest -= solution[j]! * columns[j]![i]!;
    squares += weights[i]! * rest * rest;
  }
  return { solution, inverse, squares };
}

/** Gauss and Jordan's elimination of a positive matrix. Whether it has an inverse. */
function eliminate(rows: readonly Float64Array[]): boolean {
  for (const [column, own] of rows.entries()) {
    const before = own[column]!;
    if (!(before > 1e-12)) return false;
    for (let j = 0; j < own.length; j++) own[j]! /= before;
    for (const row of rows) {
      const factor = row[column]!;
      if (row === own || factor === 0) continue;
      for (let j = 0; j < own.length; j++) row[j]! -= factor * own[j]!;
    }
  }
  return true;
}
