/** @file Strips: small pictures side by side, from which they can be cut again. */
import { createImage, cropImage, type Image, type Size } from '@simgan/core';

/** Pixels between two pictures. */
const GAP = 2;
const BACKGROUND = 24;

/** Rows of pictures in 8-bit RGB, all of one size, side by side. */
export function drawStrip(rows: readonly (readonly Image[])[]): Image {
  const columns = Math.max(1, ...rows.map((row) => row.length));
  const { width, height } = rows.flat()[0] ?? { width: 1, height: 1 };
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
      for (let y = 0; y < height; y++) {
        const line = image.data.subarray(y * width * 3, (y + 1) * width * 3);
        strip.data.set(line, ((row * (height + GAP) + y) * strip.width + left) * 3);
      }
    }
  }
  return strip;
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
