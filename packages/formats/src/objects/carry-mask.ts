import { SimganError } from '@simgan/core';
import type { LabelMove, PictureMap } from '@simgan/core/geometry';
import { decodeMask, encodeMask, type RunLengthMask } from './run-length.ts';
import { smoothOutline } from './smooth-outline.ts';
import { traceMask } from './trace-mask.ts';

/**
 * Moves a mask with its picture: each new pixel is the old one that its center shows; outside the old picture there is
 * nothing.
 *
 * @throws SimganError INVALID_ARGUMENT if the mask is not of the picture's size, INVALID_FILE if it is damaged.
 */
const move = ({ from, to, source }: PictureMap, mask: RunLengthMask): RunLengthMask => {
  const [height, width] = mask.size;
  if (width !== from.width || height !== from.height) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `A mask of ${width} x ${height} cannot follow a picture of ${from.width} x ${from.height}.`,
    );
  }
  const pixels = decodeMask(mask);
  const moved = new Uint8Array(to.width * to.height);
  for (let y = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++) {
      const [column, row] = source([x + 0.5, y + 0.5]).map(Math.floor) as [number, number];
      if (column < 0 || column >= width || row < 0 || row >= height) continue;
      moved[y * to.width + x] = pixels[row * width + column]!;
    }
  }
  return encodeMask(moved, to.width, to.height);
};

/** {@link move}, and where a mask has borders. */
export const carryMask: LabelMove<RunLengthMask> = Object.assign(move, {
  outlines: (mask: RunLengthMask) => {
    const [height, width] = mask.size;
    return traceMask(decodeMask(mask), width, height)
      .map(smoothOutline)
      .filter((outline) => outline !== undefined);
  },
});
