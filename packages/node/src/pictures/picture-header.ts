/** @file What the header of a picture says. */
import type { PixelBits } from '@simgan/core';
import type { StoredPicture } from '@simgan/core/reading';
import { type DecodeOptions, decodeDefaults } from './decode-options.ts';
import { sourceOfFile } from './picture-bytes.ts';
import { pictureKind } from './picture-kind.ts';
import { withinPixelBudget } from './pixel-budget.ts';
import { sharp } from './sharp.ts';
import { damaged, tooManyBytes, tooManyPixels, unusable } from './unusable-picture.ts';

/** What a picture's header says, rotated by its EXIF orientation. */
export interface PictureHeader {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Without transparency. */
  readonly channels: number;
  readonly bits: PixelBits;
  /** Whether it has transparency, or must be rotated to be upright: what programs show then differs. */
  readonly isPlain: boolean;
  /** The ending that files of its kind have: `png`, `jpg`, `webp`, `tif`. */
  readonly extension: string;
}

const extensions: Readonly<Record<string, string>> = { jpeg: 'jpg', tiff: 'tif' };

/**
 * Reads the header of a picture's bytes, and if `isChecked` decodes it once, so that one that is cut off is found.
 *
 * @throws SimganError INVALID_IMAGE if it is damaged, too large or not a picture.
 */
export async function inspectPicture(
  bytes: Uint8Array,
  { isChecked = false, ...options }: DecodeOptions & { readonly isChecked?: boolean } = {},
): Promise<PictureHeader> {
  const { maxPixels, maxBytes, pixelBudget } = { ...decodeDefaults, ...options };
  if (bytes.length > maxBytes) throw tooManyBytes(bytes.length, maxBytes);
  checkKind(bytes);
  const header = await readHeader(bytes);
  const { width, height } = header.autoOrient;
  if (width * height > maxPixels) throw tooManyPixels(width, height, maxPixels);
  if (isChecked) {
    await withinPixelBudget(Math.max(width * height, bytes.length), pixelBudget, async () => {
      const pipeline = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels });
      await pipeline
        .raw()
        .toBuffer()
        .catch((error: Error) => {
          throw damaged(error);
        });
    });
  }
  return {
    width,
    height,
    channels: header.channels - (header.hasAlpha ? 1 : 0),
    bits: bitsOf(header),
    isPlain: !header.hasAlpha && (header.orientation ?? 1) === 1,
    extension: extensions[header.format] ?? header.format,
  };
}

/**
 * The size of a picture file, rotated by its EXIF orientation, and how it is stored. Only its header is read.
 *
 * @throws SimganError INVALID_IMAGE if it is not a picture; the system's error if the file cannot be read.
 */
export async function readPictureSize(file: string): Promise<StoredPicture> {
  const source = sourceOfFile(file);
  if ((await source.size()) > decodeDefaults.maxBytes)
    throw tooManyBytes(await source.size(), decodeDefaults.maxBytes);
  checkKind(await source.start());
  const isArray = pictureKind(await source.start())?.name === 'NumPy';
  const { autoOrient, channels, hasAlpha, depth } = await readHeader(isArray ? await source.all() : file);
  const { width, height } = autoOrient;
  return { width, height, channels: channels - (hasAlpha ? 1 : 0), bits: storedBits[depth] ?? 32 };
}

const storedBits: Readonly<Record<string, number>> = { uchar: 8, char: 8, ushort: 16, short: 16, double: 64 };

export function bitsOf({ depth }: Header): PixelBits {
  if (depth === 'uchar') return 8;
  if (depth === 'ushort') return 16;
  if (depth === 'float') return 32;
  throw unusable(`The picture stores its values as ${depth}; 8 and 16 bits and floats of 32 bits are read.`);
}

/** What sharp reads of a header. */
export type Header = Awaited<ReturnType<typeof readHeader>>;

/** Size, orientation, channels and depth, from the header. */
export async function readHeader(bytes: Uint8Array | string) {
  // The limit on pixels is ours to report, with the picture's size: sharp's own message has none.
  return sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((error: Error) => {
      throw damaged(error);
    });
}

export function checkKind(bytes: Uint8Array): void {
  if (bytes.length === 0) throw unusable('The file is empty.');
  const kind = pictureKind(bytes);
  if (!kind) throw unusable('The file is not a picture: its content is none of PNG, JPEG, WebP and TIFF.');
  if (!kind.isRead) {
    throw unusable(`The file is a ${kind.name}, which is not read; convert it to PNG, JPEG, WebP or TIFF.`);
  }
}
