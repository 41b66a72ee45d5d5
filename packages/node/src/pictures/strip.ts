/** @file Strips: small pictures side by side, from which they can be cut again. */
import { createImage, cropImage, type Image, type Size } from '@simgan/core';

/** Pixels between two pictures. */
const GAP = 2;
const BACKGROUND = 24;

/** A strip, and the size of a picture in it. */
export interface Strip {
  readonly strip: Image;
  readonly cell: Size;
}

/** Rows of pictures in 8-bit RGB side by side, in cells of the largest one's size. */
export function drawStrip(rows: readonly (readonly Image[])[]): Strip {
  const all = rows.flat();
  const width = Math.max(1, ...all.map((image) => image.width));
  const height = Math.max(1, ...all.map((image) => image.height));
  const columns = Math.max(1, ...rows.map((row) => row.length));
  const strip = createImage({
    width: columns * (width + GAP) - GAP,
    height: rows.length * (height + GAP) - GAP,
    channels: 3,
    bits: 8,
  });
  strip.data.fill(BACKGROUND);
  for (const [row, images] of rows.entries()) {
    for (const [column, image] of images.entries()) {
      const left = column * (width + GAP);
      for (let y = 0; y < image.height; y++) {
        const line = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
        strip.data.set(line, ((row * (height + GAP) + y) * strip.width + left) * 3);
      }
    }
  }
  return { strip, cell: { width, height } };
}

/** The pictures of a row of a strip, as many as there are; none if the strip is too small. */
export function cutStrip(strip: Image, cell: Size, row: number): Image[] {
  const top = row * (cell.height + GAP);
  if (top + cell.height > strip.height) return [];
  const count = Math.floor((strip.width + GAP) / (cell.width + GAP));
  return Array.from({ length: count }, (_, column) =>
    cropImage(strip, { ...cell, left: column * (cell.width + GAP), top }),
  );
}
