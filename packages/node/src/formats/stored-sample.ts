/** @file A sample as a format's writer gets it, of a picture as it is stored. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Image } from '@simgan/core';
import type { FormatSample, JsonObject, ObjectsAnnotation, SampleCompanion } from '@simgan/formats';
import { decodePicture } from '../pictures/decode-picture.ts';
import { encodePicture } from '../pictures/encode-picture.ts';
import { pictureBytes } from '../pictures/picture-bytes.ts';
import { inspectPicture } from '../pictures/picture-header.ts';

/** A sample whose picture may be a file on this machine. */
export interface StoredSample extends FormatSample {
  /** The file that holds its bytes, if there is one. */
  readonly location?: string;
  /** Whether the file is this library's own, so that a link to it is as good as a copy. */
  readonly isOwnFile?: boolean;
}

/** A picture: a file, bytes of one, or pixels. */
export type PictureSource =
  | { readonly location: string; readonly isOwnFile?: boolean }
  | { readonly bytes: Uint8Array }
  | { readonly image: Image };

/**
 * The sample of a picture. Its file stays as it is, byte for byte, if every program shows the same in it: one that EXIF
 * rotates, or with transparency, becomes a PNG, and an array of NumPy's a TIFF.
 *
 * @param isChecked - decodes the picture once, so that one that is cut off is found.
 * @throws SimganError INVALID_IMAGE if it is damaged, too large or not a picture; the system's error if it cannot be read.
 */
export async function storedSample(
  id: string,
  picture: PictureSource,
  labels: { readonly columns: JsonObject; readonly objects: ObjectsAnnotation },
  { isChecked = true }: { readonly isChecked?: boolean } = {},
): Promise<StoredSample> {
  if ('image' in picture) {
    const { width, height, channels, bits } = picture.image;
    const { bytes, extension } = await encodePicture(picture.image);
    return { id, width, height, channels, bits, extension, bytes: async () => bytes, ...labels };
  }
  const stored = 'bytes' in picture ? picture.bytes : await readFile(picture.location);
  const bytes = pictureBytes(stored);
  const { isPlain, ...header } = await inspectPicture(bytes, { isChecked });
  if (!isPlain) {
    const form = { channels: header.channels === 1 ? 1 : 3, bits: header.bits } as const;
    const { image } = await decodePicture(bytes, form);
    return storedSample(id, { image }, labels);
  }
  return {
    id,
    ...header,
    bytes: async () => bytes,
    ...labels,
    ...('location' in picture &&
      bytes === stored && { location: picture.location, isOwnFile: picture.isOwnFile ?? false }),
  };
}

/** What belongs to a picture, as a writer gets it. @param location - its file on this machine. */
export function companionFile(name: string, location: string): SampleCompanion {
  return { name, extension: endingOf(location), bytes: () => readFile(location) };
}

/** The ending of a file's name, without the dot. */
export function endingOf(file: string): string {
  return extname(file).slice(1).toLowerCase() || 'bin';
}
