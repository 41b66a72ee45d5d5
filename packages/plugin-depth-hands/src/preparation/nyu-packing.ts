/**
 * @file The NYU hand pose dataset's depth pictures: 8-bit RGB, millimetres = 256 green + blue (its
 * `visualize_example.m`).
 */
import { type Image, SimganError } from '@simgan/core';

/**
 * Millimetres packed as the NYU dataset packs them, exactly.
 *
 * @param millimetres One value for each pixel, 0 to 65535.
 * @returns three values for each pixel; red is 0.
 */
export function packNyuDepth(millimetres: Image): Uint8Array {
  const packed = new Uint8Array(3 * millimetres.length);
  for (const [pixel, value] of millimetres.entries()) {
    packed[3 * pixel + 1] = value >> 8;
    packed[3 * pixel + 2] = value & 0xff;
  }
  return packed;
}

/**
 * The inverse of {@link packNyuDepth}; red is not looked at.
 *
 * @throws SimganError INVALID_IMAGE if the values are not three for each pixel.
 */
export function unpackNyuDepth(packed: Image): Uint16Array {
  if (packed.length % 3 !== 0) {
    throw new SimganError(
      'INVALID_IMAGE',
      `Depth of the NYU dataset has red, green and blue for each pixel, and ${packed.length} values are no multiple of 3.`,
    );
  }
  return Uint16Array.from({ length: packed.length / 3 }, (_, pixel) => {
    return 256 * packed[3 * pixel + 1]! + packed[3 * pixel + 2]!;
  });
}
