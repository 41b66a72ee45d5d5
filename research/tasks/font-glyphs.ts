import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Image, imageOf } from '@simgan/core';
import sharp from 'sharp';

/** Fonts of Debian's `fonts-dejavu` and `fonts-liberation`: file, and the name by which Pango finds the face in it. */
const fonts: readonly (readonly [file: string, name: string])[] = [
  ['dejavu/DejaVuSans.ttf', 'DejaVu Sans'],
  ['dejavu/DejaVuSans-Bold.ttf', 'DejaVu Sans Bold'],
  ['dejavu/DejaVuSans-Oblique.ttf', 'DejaVu Sans Oblique'],
  ['dejavu/DejaVuSansMono.ttf', 'DejaVu Sans Mono'],
  ['dejavu/DejaVuSerif.ttf', 'DejaVu Serif'],
  ['dejavu/DejaVuSerif-Bold.ttf', 'DejaVu Serif Bold'],
  ['dejavu/DejaVuSerif-Italic.ttf', 'DejaVu Serif Italic'],
  ['liberation/LiberationSans-Regular.ttf', 'Liberation Sans'],
  ['liberation/LiberationSans-Italic.ttf', 'Liberation Sans Italic'],
  ['liberation/LiberationSansNarrow-Regular.ttf', 'Liberation Sans Narrow'],
  ['liberation/LiberationSerif-Regular.ttf', 'Liberation Serif'],
  ['liberation/LiberationSerif-Italic.ttf', 'Liberation Serif Italic'],
  ['liberation/LiberationMono-Regular.ttf', 'Liberation Mono'],
  ['liberation/LiberationMono-Italic.ttf', 'Liberation Mono Italic'],
];

/** Points of the rendered characters; with 300 dots per inch a digit is about 100 pixels high. */
const POINTS = 33;

/**
 * The characters in each of 14 fonts: cut to the ink, white on black, about 100 pixels high.
 *
 * @param dir - the folder with the folders `dejavu` and `liberation`.
 * @throws Error naming a font that is not there.
 */
export async function fontGlyphs(dir: string, characters: string): Promise<Image[][]> {
  const missing = fonts.map(([file]) => join(dir, file)).find((file) => !existsSync(file));
  if (missing) {
    throw new Error(
      `There is no font ${missing}. Install fonts-dejavu and fonts-liberation, or give --fonts.`,
    );
  }
  return Promise.all(
    fonts.map(([file, name]) =>
      Promise.all(
        [...characters].map((text) => glyph(text, { font: `${name} ${POINTS}`, fontfile: join(dir, file) })),
      ),
    ),
  );
}

async function glyph(text: string, face: { font: string; fontfile: string }): Promise<Image> {
  const { data, info } = await sharp({ text: { text, ...face, dpi: 300 } })
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return imageOf(new Uint8Array(data), { width: info.width, height: info.height, channels: 1, bits: 8 });
}
