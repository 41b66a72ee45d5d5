/** @file Pictures in parts: which windows a network is run on, and which pixels of each result are kept. */
import { SimganError } from '../errors.ts';
import type { Image, PixelWindow, Size } from '../image.ts';

/** One run of a network on a part of a picture. */
export interface Tile {
  /** What the network sees. All windows of a picture have the same size. */
  readonly window: PixelWindow;
  /** The pixels of the picture whose result comes from this tile. Those of all tiles fill the picture, each once. */
  readonly kept: PixelWindow;
}

/**
 * The side of a tile, its halo included, where the network does not need more, in pixels. One side for all pictures: an
 * engine whose bits depend on the size of what it is given then still gives a picture the same bits every time.
 */
const SIDE = 256;

/** How pictures are cut for one network. */
export interface TilePlan {
  /** The side of a tile, its halo included. Pixels. */
  readonly side: number;
  /** How far from the edge of a tile pixels are wrong, because what they depend on is outside. Pixels. */
  readonly halo: number;
}

/**
 * The plan for a network. A network that depends on the whole picture gets tiles of unlimited size: the picture itself.
 *
 * @param receptiveField - side of the square of pixels that one output pixel depends on.
 * @param side - the side of a tile. Default: 256, or twice the receptive field if that is more.
 * @throws SimganError INVALID_ARGUMENT if nothing is left between the halos of a tile.
 */
export function planTiles(receptiveField: number, side?: number): TilePlan {
  const halo = Math.floor(receptiveField / 2);
  const chosen = side ?? Math.max(SIDE, 4 * halo);
  const isUseful = chosen === Number.POSITIVE_INFINITY || (Number.isInteger(chosen) && chosen > 2 * halo);
  if (isUseful) return { side: chosen, halo };
  throw new SimganError(
    'INVALID_ARGUMENT',
    `Tiles must have a whole number of pixels a side and more than the ${2 * halo} of their two halos, not ${side}.`,
  );
}

/** Whether a picture is larger than a tile, and so is cut. */
export function isLargerThan({ width, height }: Size, { side }: TilePlan): boolean {
  return width > side || height > side;
}

/**
 * Cuts a picture. A picture that is not larger than a tile is one tile. Otherwise windows overlap by two halos and lie
 * within the picture, so that a network pads only at the picture's own border, as it does with the whole picture.
 */
export function tilesOf({ width, height }: Size, { side, halo }: TilePlan): Tile[] {
  const columns = cut(width, side, halo);
  return cut(height, side, halo).flatMap((row) =>
    columns.map((column) => ({
      window: { left: column.start, top: row.start, width: column.length, height: row.length },
      kept: { left: column.from, top: row.from, width: column.to - column.from, height: row.to - row.from },
    })),
  );
}

/** A part of a line: where it starts, how long it is, and what of the line it is kept for. */
interface Part {
  readonly start: number;
  readonly length: number;
  readonly from: number;
  readonly to: number;
}

function cut(length: number, side: number, halo: number): Part[] {
  if (length <= side) return [{ start: 0, length, from: 0, to: length }];
  const parts: Part[] = [];
  for (let from = 0; from < length; ) {
    const start = Math.min(Math.max(0, from - halo), length - side);
    const to = start + side === length ? length : start + side - halo;
    parts.push({ start, length: side, from, to });
    from = to;
  }
  return parts;
}

/** Copies what is kept of a tile's result into the picture. */
export function placeTile(picture: Image, result: Image, { window, kept }: Tile): void {
  const { channels } = picture;
  const length = kept.width * channels;
  for (let row = 0; row < kept.height; row++) {
    const y = kept.top + row;
    const from = ((y - window.top) * result.width + kept.left - window.left) * channels;
    picture.data.set(result.data.subarray(from, from + length), (y * picture.width + kept.left) * channels);
  }
}
