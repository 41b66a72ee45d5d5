/** @file Tile sizes of products, by shape. `bench/tune-tiles.ts` measures them on a GPU. */

/** A workgroup computes `rows` x `columns` of a product; an invocation `high` x (4 * `wide`) of them. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** How much of the inner dimension is in workgroup memory at a time; a multiple of four. */
  readonly depth: number;
  readonly high: number;
  readonly wide: 1 | 2;
}

/**
 * A product that a tile is chosen for. `images` are products of many rows, those of pixels; `filters` are sums over pixels,
 * whose inner dimension is split among workgroups.
 */
export interface ProductSize {
  readonly kind: 'images' | 'filters';
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
}

/** The tile that was the fastest for a product on some GPU. */
export interface TunedTile extends ProductSize {
  readonly tile: Tile;
}

export const invocationsOf = ({ rows, columns, high, wide }: Tile) => (rows / high) * (columns / (4 * wide));

/** WebGPU's limits on invocations and memory of a workgroup, the latter in bytes, that every GPU keeps. */
const MOST_INVOCATIONS = 256;
const WORKGROUP_MEMORY = 16384;

/** Vectors of four that a tile of each operand takes; see `product.ts` for the gaps in that of `images`. */
export function vectorsOf(
  kind: ProductSize['kind'],
  { rows, columns, depth, high }: Tile,
): { readonly left: number; readonly right: number } {
  const gaps = kind === 'images' ? rows / high : 0;
  return { left: (rows * depth) / 4 + gaps, right: (columns * depth) / 4 };
}

type Row = readonly [rows: number, columns: number, depth: number, high: number, wide: 1 | 2, least: number];

/**
 * Tiles of `images`, the widest first. Products of fewer rows than `least` take a later one, so that a GPU has enough
 * workgroups.
 */
const IMAGES: readonly Row[] = [
  [128, 64, 16, 8, 2, 16384],
  [64, 64, 16, 8, 1, 2048],
  [32, 64, 16, 4, 1, 0],
  [128, 32, 16, 8, 1, 16384],
  [32, 32, 16, 4, 1, 0],
  [128, 16, 16, 4, 1, 8192],
  [64, 16, 16, 4, 1, 0],
  [128, 4, 16, 2, 1, 8192],
  [32, 4, 16, 1, 1, 0],
];

/** Tiles of `filters`: rows are taps times channels, and `high` is a multiple of four. */
const FILTERS: readonly Row[] = [
  // Three taps of 64 channels.
  [192, 64, 8, 8, 2, 192],
  [96, 64, 16, 8, 2, 96],
  [32, 64, 16, 4, 1, 32],
  [16, 64, 16, 4, 1, 0],
  [96, 32, 16, 8, 1, 96],
  [32, 32, 16, 4, 1, 32],
  [16, 32, 16, 4, 1, 0],
  [64, 16, 16, 4, 1, 64],
  [32, 16, 16, 4, 1, 0],
  [64, 4, 8, 4, 1, 64],
  [32, 4, 8, 4, 1, 0],
];

/** Every tile that is worth a measurement for a product. */
export function candidatesFor(product: ProductSize): Tile[] {
  const chosen = tileFor(product);
  const found = [chosen];
  for (const rows of [16, 32, 64, 96, 128, 192, 256])
    for (const depth of [8, 16, 32])
      for (const high of product.kind === 'filters' ? [4, 8] : [2, 4, 8])
        for (const wide of [1, 2] as const) {
          const tile = { rows, columns: chosen.columns, depth, high, wide };
          const { left, right } = vectorsOf(product.kind, tile);
          const invocations = invocationsOf(tile);
          const fits =
            16 * (left + right) <= WORKGROUP_MEMORY &&
            invocations <= MOST_INVOCATIONS &&
            chosen.columns % (4 * wide) === 0;
          // A warp has 32 invocations.
          if (fits && invocations >= 32 && invocations % 32 === 0 && rows < 2 * product.rows)
            found.push(tile);
        }
  const seen = new Set<string>();
  return found.filter((tile) => !seen.has(nameOf(tile)) && seen.add(nameOf(tile)));
}

export const nameOf = ({ rows, columns, depth, high, wide }: Tile) =>
  `${rows}x${columns}x${depth}/${high}x${4 * wide}`;

/** How much larger or smaller a measured product may be in each of its dimensions. */
const FARTHEST = 4;

/** The tile for a product: that of the nearest product that was measured, if one is near, else that of the table. */
export function tileFor(product: ProductSize, tuned: readonly TunedTile[] = []): Tile {
  const near = tuned
    .filter(({ kind, columns }) => kind === product.kind && columns === product.columns)
    .map((one) => ({
      tile: one.tile,
      ratio: farther(one.rows, product.rows) * farther(one.depth, product.depth),
    }))
    .filter(({ ratio }) => ratio <= FARTHEST)
    .toSorted((a, b) => a.ratio - b.ratio)[0];
  return near?.tile ?? tabled(product);
}

const farther = (a: number, b: number) => Math.max(a / b, b / a);

function tabled({ kind, rows, columns }: ProductSize): Tile {
  const wanted = [4, 16, 32, 64].find((width) => columns <= width) ?? 64;
  const table = kind === 'images' ? IMAGES : FILTERS;
  const [tall, broad, depth, high, wide] = table.find(
    ([, width, , , , least]) => width === wanted && rows >= least,
  )!;
  return { rows: tall, columns: broad, depth, high, wide };
}
