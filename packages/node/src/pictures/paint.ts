/** @file Pictures of any form as pictures that screens show. */
import { createImage, type Image, type ImageDisplay, type ImageForm, imageRange } from '@simgan/core';

/**
 * A picture in 8 bits, gray or RGB: in the colors of a plugin, or as light. Without a display pictures of more bits are shown
 * over the range of `form`: low is black and high is white.
 */
export function paintPicture(image: Image, form: ImageForm, display?: ImageDisplay): Image {
  if (display) return display.paint(image);
  if (image.bits === 8) return image;
  const [low, high] = imageRange(form);
  const data = Uint8Array.from(image.data, (value) =>
    Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low)))),
  );
  return { ...image, bits: 8, data };
}

/** The share of the range at which a difference has its full color. */
export const FULL_DIFFERENCE = 0.25;

const same = [22, 24, 28] as const;
const brighter = [255, 176, 64] as const;
const darker = [64, 164, 255] as const;

/**
 * What changed between two pictures of one size, in RGB: orange where values rose, blue where they fell, dark where
 * they stayed; the mean over channels, in full color from {@link FULL_DIFFERENCE} of the range on.
 */
export function paintDifference(before: Image, after: Image, form: ImageForm): Image {
  const { width, height, channels } = before;
  const [low, high] = imageRange(form);
  const full = FULL_DIFFERENCE * (high - low) * channels;
  const painted = createImage({ width, height, channels: 3, bits: 8 });
  for (let pixel = 0; pixel < width * height; pixel++) {
    let change = 0;
    for (let i = pixel * channels; i < (pixel + 1) * channels; i++)
      change += after.data[i]! - before.data[i]!;
    const color = change > 0 ? brighter : darker;
    const share = Math.min(1, Math.abs(change) / full);
    for (let c = 0; c < 3; c++) {
      painted.data[pixel * 3 + c] = Math.round(same[c]! + share * (color[c]! - same[c]!));
    }
  }
  return painted;
}

/** A picture in RGB whose sides are at most `longest` pixels: blocks of pixels by their mean. */
export function thumbnail(image: Image, longest: number): Image {
  const factor = Math.max(1, Math.ceil(Math.max(image.width, image.height) / longest));
  const [width, height] = [Math.ceil(image.width / factor), Math.ceil(image.height / factor)];
  const small = createImage({ width, height, channels: 3, bits: 8 });
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) small.data[(y * width + x) * 3 + c] = meanOfBlock(image, x, y, c, factor);
    }
  }
  return small;
}

function meanOfBlock(
  { width, height, channels, data }: Image,
  column: number,
  row: number,
  channel: number,
  side: number,
): number {
  let sum = 0;
  let count = 0;
  for (let y = row * side; y < Math.min(height, (row + 1) * side); y++) {
    for (let x = column * side; x < Math.min(width, (column + 1) * side); x++) {
      sum += data[(y * width + x) * channels + Math.min(channel, channels - 1)]!;
      count += 1;
    }
  }
  return Math.round(sum / count);
}
