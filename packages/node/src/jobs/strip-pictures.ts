import { stat } from 'node:fs/promises';
import { cropImage, type Image, type Size } from '@simgan/core';
import { readPicture } from '../pictures/decode-picture.ts';
import { encodeWebp } from '../pictures/encode-picture.ts';
import { cutStrip } from '../pictures/strip.ts';

/** How the pictures of a strip lie in it. */
export interface StripFile {
  readonly cell: Size;
  readonly ids: readonly string[];
  readonly real: number;
}

/** A strip that was read. */
export interface ReadStrip {
  /** The pictures of a row as data URLs. */
  row(index: number): Promise<string[]>;
  /** The first row as one picture. */
  firstRow(): Image;
}

/** Reads a strip; `undefined` if there is no such file. @throws SimganError INVALID_IMAGE if it is damaged. */
export async function readStrip(file: string, cell: Size): Promise<ReadStrip | undefined> {
  if (!(await stat(file).catch(() => undefined))) return undefined;
  const { image } = await readPicture(file, { channels: 3, bits: 8 });
  return {
    row: (index) => dataUrls(cutStrip(image, cell, index)),
    firstRow: () =>
      cropImage(image, { left: 0, top: 0, width: image.width, height: Math.min(image.height, cell.height) }),
  };
}

/** Pictures of 8-bit RGB as texts that pages show without loading anything. */
export function dataUrls(images: readonly Image[]): Promise<string[]> {
  return Promise.all(
    images.map(async (image) => `data:image/webp;base64,${(await encodeWebp(image)).toString('base64')}`),
  );
}
