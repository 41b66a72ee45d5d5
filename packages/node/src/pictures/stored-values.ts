/** @file Decoded values as those of a form: opacity, color and gray, and ranges. */
import {
  createImage,
  createPixels,
  fullScale,
  type Image,
  type ImageForm,
  imageRange,
  type PixelBits,
  type Pixels,
  type SizedForm,
  storedValue,
} from '@simgan/core';
import type { StoredRange } from './stored-range.ts';
import { unusable } from './unusable-picture.ts';

/** The bytes of decoded values as numbers of the bits that they have. */
export function valuesOf(data: Buffer, bits: PixelBits): Pixels {
  const { buffer, byteOffset: start, byteLength: length } = data;
  if (bits === 8) return data;
  return bits === 16
    ? new Uint16Array(buffer, start, length / 2)
    : new Float32Array(buffer, start, length / 4);
}

/** Colors and opacity of interleaved values of 2 or 4 channels, of which the last is opacity. */
export function splitAlpha(
  values: Pixels,
  channels: number,
  bits: PixelBits,
): { colors: Pixels; alpha?: Pixels } {
  if (channels % 2 === 1) return { colors: values };
  const pixels = values.length / channels;
  const [colors, alpha] = [createPixels(bits, pixels * (channels - 1)), createPixels(bits, pixels)];
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < channels - 1; channel++) {
      colors[pixel * (channels - 1) + channel] = values[pixel * channels + channel]!;
    }
    alpha[pixel] = values[(pixel + 1) * channels - 1]!;
  }
  return { colors, alpha };
}

/** Makes transparent floats 0, as sharp does with whole numbers. */
export function multiply(colors: Pixels, alpha: Pixels): void {
  const channels = colors.length / alpha.length;
  for (let i = 0; i < colors.length; i++) colors[i]! *= alpha[Math.floor(i / channels)]!;
}

/** Opacity in the bits of a form. */
export function alphaOf(alpha: Pixels, from: PixelBits, to: PixelBits): Pixels {
  if (from === to) return alpha;
  const converted = createPixels(to, alpha.length);
  const scale = fullScale(to) / fullScale(from);
  for (let i = 0; i < alpha.length; i++) converted[i] = storedValue(alpha[i]! * scale, to);
  return converted;
}

/** The lowest and the highest value. @throws SimganError INVALID_IMAGE if one is no finite number. */
export function spanOf(values: Pixels): readonly [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      throw unusable(
        `The picture holds the value ${value}, which networks cannot take. Store a number within its range where there is no reading, such as 0.`,
      );
    }
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

export function highestOf(values: ArrayLike<number>): number {
  let highest = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! > highest) highest = values[i]!;
  return highest;
}

/** Values of 1 or 3 channels as an image of a form. @throws SimganError INVALID_IMAGE if they do not belong in it. */
export function toSpec(
  values: Pixels,
  channels: number,
  bits: PixelBits,
  spec: SizedForm,
  range: StoredRange | undefined,
): Image {
  const image = createImage(spec);
  const pixels = spec.width * spec.height;
  if (values.length !== pixels * channels || (channels !== 1 && channels !== 3)) {
    throw unusable(
      `The picture decodes to ${values.length} values in ${channels} channels, which is not expected.`,
    );
  }
  if (bits === spec.bits && channels === spec.channels) image.data.set(values);
  else {
    const convert =
      bits === spec.bits ? (value: number) => storedValue(value, bits) : scaling(bits, spec, range);
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let channel = 0; channel < spec.channels; channel++) {
        const value =
          channels === spec.channels
            ? values[pixel * channels + channel]!
            : channels === 1
              ? values[pixel]!
              : luma(values[pixel * 3]!, values[pixel * 3 + 1]!, values[pixel * 3 + 2]!);
        image.data[pixel * spec.channels + channel] = convert(value);
      }
    }
  }
  if (bits === spec.bits) checkRange(image.data, spec);
  return image;
}

/** How stored values become those of a form of fewer bits. @throws SimganError INVALID_IMAGE if that cannot be known. */
function scaling(
  bits: PixelBits,
  spec: SizedForm,
  range: StoredRange | undefined,
): (value: number) => number {
  if (!range && bits === 32) {
    throw unusable(
      'The picture stores floats, and which of them are black and white cannot be known. Say so with `valueRange`, such as 0,1; or keep floats where the plugin can: images, with its option bits=32.',
    );
  }
  const [low, high] = range ?? [0, fullScale(bits)];
  const top = fullScale(spec.bits);
  const divisor = (high - low) / top;
  return (value) => Math.min(top, Math.max(0, Math.round((value - low) / divisor)));
}

/** @throws SimganError INVALID_IMAGE if a value is outside the range that the form declares; floats always have one. */
function checkRange(values: Pixels, form: ImageForm): void {
  if (!form.range && form.bits !== 32) return;
  const [low, high] = imageRange(form);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value >= low && value <= high) continue;
    throw unusable(
      `The picture holds the value ${value}, and pictures of this domain hold ${low} to ${high}: its values are of another unit or kind.${form.bits === 32 ? ' The plugin option range=[LOW,HIGH] says which there are.' : ''}`,
    );
  }
}

/** ITU-R BT.601, in thousandths so that equal channels give exactly their value. */
function luma(red: number, green: number, blue: number): number {
  return (299 * red + 587 * green + 114 * blue) / 1000;
}
