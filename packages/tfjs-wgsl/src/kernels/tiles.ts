/** @file Tile sizes of matrix products, by shape. `bench/tune-tiles.ts` measures them on a GPU. */

/** A workgroup computes `rows` x `columns` of a product; an invocation `high` x (4 * `wide`) of them. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** How much of the inner dimension is in workgroup memory at a time; a multiple of four. */
  readonly depth: number;
  readonly high: number;
  readonly wide: 1 | 2;
}

export const invocationsOf = ({ rows, columns, high, wide }: Tile) => (rows / high) * (columns / (4 * wide));

/** The widest first. Products with fewer rows than `least` take a later one, so that a GPU has enough workgroups. */
export const TILES: readonly (Tile & { readonly least: number })[] = [
  { rows: 128, columns: 64, depth: 16, high: 8, wide: 2, least: 16384 },
  { rows: 64, columns: 64, depth: 16, high: 8, wide: 1, least: 2048 },
  { rows: 32, columns: 64, depth: 8, high: 4, wide: 1, least: 0 },
  { rows: 128, columns: 32, depth: 16, high: 8, wide: 1, least: 16384 },
  { rows: 32, columns: 32, depth: 8, high: 4, wide: 1, least: 0 },
  { rows: 128, columns: 16, depth: 16, high: 4, wide: 1, least: 8192 },
  { rows: 64, columns: 16, depth: 8, high: 4, wide: 1, least: 0 },
  { rows: 128, columns: 4, depth: 16, high: 2, wide: 1, least: 8192 },
  { rows: 32, columns: 4, depth: 8, high: 1, wide: 1, least: 0 },
];

/** The tile for a product of this many rows and columns. */
export function tileFor(rows: number, columns: number): Tile {
  const wanted = [4, 16, 32, 64].find((width) => columns <= width) ?? 64;
  return TILES.find((tile) => tile.columns === wanted && rows >= tile.least)!;
}
