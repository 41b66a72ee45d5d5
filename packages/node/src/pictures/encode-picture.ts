import { type Image, imageProblem, type StoredFile } from '@simgan/core';
import { encodeTiff, interleaved } from '@simgan/formats';
import { colorSpaces, sharp } from './sharp.ts';
import { unusable } from './unusable-picture.ts';

/**
 * An image as a PNG file that holds exactly its values: 1 or 3 channels and opacity, 8 or 16 bits, no color profile.
 * The same image gives the same bytes.
 *
 * @throws SimganError INVALID_IMAGE if the image's data does not fill its size.
 */
export async function encodePng(image: Image): Promise<Buffer> {
  const problem = imageProblem(image, image);
  if (problem) throw unusable(`The image cannot be written: ${problem}.`);
  const { width, height, channels, bits, alpha } = image;
  if (bits === 32) throw unusable('The image cannot be written: it holds floats, which PNG cannot.');
  const space = colorSpaces[bits][channels === 1 ? 'gray' : 'color'];
  const data = (alpha ? interleaved(image, alpha) : image.data) as Uint8Array | Uint16Array;
  const stored = (alpha ? channels + 1 : channels) as 1 | 2 | 3 | 4;
  return sharp(data, { raw: { width, height, channels: stored } })
    .toColourspace(space)
    .png({ compressionLevel: 6, adaptiveFiltering: false, palette: false })
    .toBuffer();
}

/** An image of 8-bit RGB as lossless WebP, half as long as PNG: for pages. */
export function encodeWebp({ width, height, data }: Image): Promise<Buffer> {
  return sharp(data as Uint8Array, { raw: { width, height, channels: 3 } })
    .webp({ lossless: true })
    .toBuffer();
}

/**
 * An image as a file that holds exactly its values: a PNG, or of floats a TIFF. The same image gives the same bytes.
 *
 * @throws SimganError INVALID_IMAGE if the image's data does not fill its size.
 */
export async function encodePicture(image: Image): Promise<StoredFile> {
  if (image.bits !== 32) return { bytes: await encodePng(image), extension: 'png' };
  const problem = imageProblem(image, image);
  if (problem) throw unusable(`The image cannot be written: ${problem}.`);
  return { bytes: encodeTiff(image), extension: 'tif' };
}
