import {
  createImage,
  type Image,
  type ImageDisplay,
  type ImageForm,
  imageProblem,
  type LegendEntry,
  SimganError,
  type SizedForm,
} from '@simgan/core';
import { GLYPH, hasDot } from './bitmap-font.ts';
import { encodePng } from './encode-picture.ts';
import { paintPicture } from './paint.ts';

/** Images that are shown side by side under one label. */
export interface ContactSheetRow {
  /** Letters of the English alphabet, digits and common signs; drawn in capitals. */
  readonly label: string;
  readonly images: readonly Image[];
}

/** Options for {@link contactSheet}. */
export interface ContactSheetOptions {
  /** How often a pixel is repeated in either direction. Default: so that pictures are about 96 pixels wide. */
  readonly scale?: number;
  /** Draws in the colors of a plugin, and says below what they mean. */
  readonly display?: ImageDisplay | undefined;
}

const gap = 4;
const dot = 2;
const ink = 230;
const background = 24;
const labelHeight = GLYPH.height * dot;
const swatch = 2 * labelHeight;

/**
 * A PNG file with rows of images under their labels (synthetic, refined, real), for people to look at: 8 bits,
 * gray or RGB as the images or their display are. Pixels are repeated, never blended. Without a display 16-bit
 * images are shown over the range of `form`: low is black and high is white.
 *
 * @throws SimganError INVALID_IMAGE if an image is not of the form.
 */
export async function contactSheet(
  rows: readonly ContactSheetRow[],
  form: ImageForm,
  options: ContactSheetOptions = {},
): Promise<Buffer> {
  const { display } = options;
  const all = rows.flatMap(({ images }) => images);
  const width = Math.max(1, ...all.map((image) => image.width));
  const height = Math.max(1, ...all.map((image) => image.height));
  const spec: SizedForm = { ...form, width, height };
  const { scale = Math.max(1, Math.round(96 / width)) } = options;
  const cellWidth = spec.width * scale + gap;
  const cellHeight = spec.height * scale + gap;
  const legend = display?.legend ?? [];
  const widths = rows.map(({ label, images }) => Math.max(images.length * cellWidth, widthOf(label)));
  const rowHeight = labelHeight + gap + cellHeight;
  const sheet: SizedForm = {
    width: gap + Math.max(0, ...widths, legendWidth(legend)),
    height: gap + rows.length * rowHeight + (legend.length > 0 ? labelHeight + gap : 0),
    channels: display ? 3 : spec.channels,
    bits: 8,
  };
  const page = createImage(sheet);
  const pixels = page.data.fill(background) as Uint8Array;
  for (const [index, { label, images }] of rows.entries()) {
    const top = gap + index * rowHeight;
    drawLabel(pixels, sheet, label, gap, top);
    for (const [column, image] of images.entries()) {
      const problem = imageProblem(image, form);
      if (problem) {
        throw new SimganError(
          'INVALID_IMAGE',
          `Image ${column} of the row "${label}" cannot be shown: ${problem}.`,
        );
      }
      const painted = paintPicture(image, form, display);
      drawImage(pixels, sheet, painted, scale, gap + column * cellWidth, top + labelHeight + gap);
    }
  }
  drawLegend(pixels, sheet, legend, gap + rows.length * rowHeight);
  return encodePng(page);
}

function widthOf(label: string): number {
  return Array.from(label).length * (GLYPH.width + 1) * dot;
}

function legendWidth(legend: readonly LegendEntry[]): number {
  return legend.reduce(
    (width, { colors, label }) => width + Math.max(swatch, colors.length) + widthOf(label) + 4 * gap,
    0,
  );
}

function drawLegend(pixels: Uint8Array, sheet: SizedForm, legend: readonly LegendEntry[], top: number): void {
  let left = gap;
  for (const { colors, label } of legend) {
    const width = Math.max(swatch, colors.length);
    for (let y = top; y < top + labelHeight; y++) {
      for (let x = 0; x < width; x++) {
        pixels.set(colors[Math.floor((x * colors.length) / width)]!, (y * sheet.width + left + x) * 3);
      }
    }
    drawLabel(pixels, sheet, label, left + width + gap, top);
    left += width + widthOf(label) + 4 * gap;
  }
}

function drawLabel(pixels: Uint8Array, sheet: SizedForm, label: string, from: number, top: number): void {
  for (const [index, character] of Array.from(label).entries()) {
    const left = from + index * (GLYPH.width + 1) * dot;
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
  sheet: SizedForm,
  { width, height, channels, data }: Image,
  scale: number,
  left: number,
  top: number,
): void {
  for (let y = 0; y < height * scale; y++) {
    for (let x = 0; x < width * scale; x++) {
      const from = (Math.floor(y / scale) * width + Math.floor(x / scale)) * channels;
      const to = ((top + y) * sheet.width + left + x) * channels;
      for (let channel = 0; channel < channels; channel++) pixels[to + channel] = data[from + channel]!;
    }
  }
}
