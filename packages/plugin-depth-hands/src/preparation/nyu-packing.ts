/**
 * @file The NYU hand pose dataset's depth pictures: 8-bit RGB, millimeters = 256 green + blue (its
 * `visualize_example.m`).
 */
import { createImage, type Image, imageProblem, SimganError } from '@simgan/core';

/**
 * Packs millimeters as the NYU dataset does, exactly.
 *
 * @param millimeters - 16-bit gray, 0 to 65535 mm.
 * @returns 8-bit RGB of the same size; red is 0.
 * @throws SimganError INVALID_IMAGE for an image of another form.
 */
export function packNyuDepth(millimeters: Image): Image {
  check(millimeters, { channels: 1, bits: 16 });
  const { width, height } = millimeters;
  const packed = createImage({ width, height, channels: 3, bits: 8 });
  for (const [pixel, value] of millimeters.data.entries()) {
    packed.data[3 * pixel + 1] = value >> 8;
    packed.data[3 * pixel + 2] = value & 0xff;
  }
  return packed;
}

/**
 * The inverse of {@link packNyuDepth}; red is ignored.
 *
 * @param packed - 8-bit RGB.
 * @returns 16-bit gray of the same size, mm.
 * @throws SimganError INVALID_IMAGE for an image of another form.
 */
export function unpackNyuDepth(packed: Image): Image {
  check(packed, { channels: 3, bits: 8 });
  const { width, height, data } = packed;
  const millimeters = createImage({ width, height, channels: 1, bits: 16 });
  for (let pixel = 0; pixel < width * height; pixel++) {
    millimeters.data[pixel] = 256 * data[3 * pixel + 1]! + data[3 * pixel + 2]!;
  }
  return millimeters;
}

function check(image: Image, form: { readonly channels: 1 | 3; readonly bits: 8 | 16 }): void {
  const problem = imageProblem(image, form);
  if (problem) {
    throw new SimganError(
      'INVALID_IMAGE',
      `This image is not depth as the NYU dataset packs it: ${problem}.`,
    );
  }
}
