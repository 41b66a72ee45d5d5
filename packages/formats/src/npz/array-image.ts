/** @file Arrays of numbers as images. */
import { createPixels, type Image, SimganError } from '@simgan/core';
import type { NpyArray } from './npy.ts';

/**
 * The image of an array `[height, width]` or `[height, width, 1, 3 or 4 channels]`: the last of four is its opacity.
 * float16 and float64 become float32.
 *
 * @throws SimganError INVALID_IMAGE if the array is of another shape or type.
 */
export function imageOfArray({ shape, dtype, data }: NpyArray): Image {
  const [height = 0, width = 0, channels = 1] = shape;
  const isPicture = shape.length === 2 || (shape.length === 3 && [1, 3, 4].includes(channels));
  if (!isPicture || width < 1 || height < 1) {
    throw unusable(
      `The array is ${shape.join(' x ') || 'a single value'}; a picture is [height, width] or [height, width, channels] with 1, 3 or 4 channels.`,
    );
  }
  const image = { width, height, channels: channels === 1 ? 1 : 3, ...storedValues(dtype, data) } as const;
  if (channels !== 4) return image;
  const pixels = width * height;
  const [colors, alpha] = [createPixels(image.bits, pixels * 3), createPixels(image.bits, pixels)];
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++)
      colors[pixel * 3 + channel] = image.data[pixel * 4 + channel]!;
    alpha[pixel] = image.data[pixel * 4 + 3]!;
  }
  return { ...image, data: colors, alpha };
}

function storedValues(dtype: string, data: NpyArray['data']): Pick<Image, 'bits' | 'data'> {
  if (data instanceof Uint8Array && dtype === 'u1') return { bits: 8, data };
  if (data instanceof Uint16Array) return { bits: 16, data };
  if (data instanceof Float32Array) return { bits: 32, data };
  if (data instanceof Float64Array) return { bits: 32, data: Float32Array.from(data) };
  throw unusable(`The array holds values of ${dtype}; pictures of u1, u2, f2, f4 and f8 are read.`);
}

function unusable(message: string): SimganError {
  return new SimganError('INVALID_IMAGE', message);
}
