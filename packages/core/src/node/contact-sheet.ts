import { SimganError } from '../errors.ts';
import { type Image, type ImageSpec, imageProblem, imageRange } from '../image.ts';
import { GLYPH, hasDot } from './bitmap-font.ts';
import { encodePng } from './pixels.ts';

/** Images that are shown side by side under one label. */
export interface ContactSheetRow {
  /** Letters of the English alphabet, digits and common signs; drawn in capitals. */
  readonly label: string;
  readonly images: readonly Image[];
}

const gap = 4;
const dot = 2;
const ink = 230;
const background = 24;
const labelHeight = GLYPH.height * dot;

/**
 * A PNG file with rows of images under their labels (synthetic, refined, real), for people to look at: 8 bits,
 * grey or RGB as the images are. Pixels are repeated `scale` times, never blended. 16-bit images are shown over
 * the range of `spec`: low is black and high is white.
 *
 * @throws SimganError INVALID_IMAGE if an image is not of the form `spec`.
 */
export async function contactSheet(
  rows: readonly ContactSheetRow[],
  spec: ImageSpec,
  { scale = Math.max(1, Math.round(96 / spec.width)) }: { scale?: number } = {},
): Promise<Buffer> {
  const cellWidth = spec.width * scale + gap;
  const cellHeight = spec.height * scale + gap;
  const widths = rows.map(({ label, images }) =>
    Math.max(images.length * cellWidth, Array.from(label).length * (GLYPH.width + 1) * dot),
  );
  const rowHeight = labelHeight + gap + cellHeight;
  const sheet: ImageSpec = {
    width: gap + Math.max(0, ...widths),
    height: gap + rows.length * rowHeight,
    channels: spec.channels,
    bits: 8,
  };
  const pixels = new Uint8Array(sheet.width * sheet.height * sheet.channels).fill(background);
  for (const [index, { label, images }] of rows.entries()) {
    const top = gap + index * rowHeight;
    drawLabel(pixels, sheet, label, top);
    for (const [column, image] of images.entries()) {
      const problem = imageProblem(image, spec);
      if (problem) {
        throw new SimganError(
          'INVALID_IMAGE',
          `Image ${column} of the row "${label}" cannot be shown: ${problem}.`,
        );
      }
      drawImage(pixels, sheet, image, spec, scale, gap + column * cellWidth, top + labelHeight + gap);
    }
  }
  return encodePng(pixels, sheet);
}

function drawLabel(pixels: Uint8Array, sheet: ImageSpec, label: string, top: number): void {
  for (const [index, character] of Array.from(label).entries()) {
    const left = gap + index * (GLYPH.width + 1) * dot;
    for (let y = 0; y < labelHeight; y++) {
      for (let x = 0; x < GLYPH.width * dot; x++) {
        if (!hasDot(character, Math.floor(x / dot), Math.floor(y / dot))) continue;
        const at = ((top + y) * sheet.width + left + x) * sheet.channels;
        pixels.fill(ink, at, at + sheet.channels);
      }
    }
  }
}

function drawImage(
  pixels: Uint8Array,
  sheet: ImageSpec,
  image: Image,
  spec: ImageSpec,
  scale: number,
  left: number,
  top: number,
): void {
  const [low, high] = spec.bits === 16 ? imageRange(spec) : [0, 255];
  for (let y = 0; y < spec.height * scale; y++) {
    for (let x = 0; x < spec.width * scale; x++) {
      const from = (Math.floor(y / scale) * spec.width + Math.floor(x / scale)) * spec.channels;
      const to = ((top + y) * sheet.width + left + x) * spec.channels;
      for (let channel = 0; channel < spec.channels; channel++) {
        const part = (image[from + channel]! - low) / (high - low);
        pixels[to + channel] = Math.round(255 * Math.min(1, Math.max(0, part)));
      }
    }
  }
}
