/** @file TIFF files that hold exactly the values of an image, floats included, which PNG cannot. TIFF 6.0, uncompressed. */
import { createPixels, type Image, type Pixels } from '@simgan/core';

/** The types of TIFF's fields that are used here, with their sizes in bytes. */
const SHORT = { type: 3, size: 2 } as const;
const LONG = { type: 4, size: 4 } as const;

interface Field {
  readonly tag: number;
  readonly kind: typeof SHORT | typeof LONG;
  readonly values: readonly number[];
}

const HEADER = 8;
const FIELD = 12;
/** Samples are floats (IEEE), or whole numbers without sign. */
const sampleFormat = { 8: 1, 16: 1, 32: 3 } as const;

/**
 * An image as an uncompressed TIFF file of one strip, gray or RGB, with opacity if it has any. The same image gives the
 * same bytes.
 */
export function encodeTiff(image: Image): Uint8Array {
  const { width, height, channels, bits, data, alpha } = image;
  const stored = alpha ? channels + 1 : channels;
  const length = width * height * stored * (bits / 8);
  const each = (value: number) => Array.from({ length: stored }, () => value);
  const fieldsAt = (start: number): Field[] => [
    { tag: 256, kind: LONG, values: [width] },
    { tag: 257, kind: LONG, values: [height] },
    { tag: 258, kind: SHORT, values: each(bits) },
    { tag: 259, kind: SHORT, values: [1] }, // no compression
    { tag: 262, kind: SHORT, values: [channels === 1 ? 1 : 2] }, // black is zero; RGB
    { tag: 273, kind: LONG, values: [start] },
    { tag: 277, kind: SHORT, values: [stored] },
    { tag: 278, kind: LONG, values: [height] },
    { tag: 279, kind: LONG, values: [length] },
    { tag: 284, kind: SHORT, values: [1] }, // interleaved
    ...(alpha ? [{ tag: 338, kind: SHORT, values: [2] }] : []), // opacity, not multiplied in
    { tag: 339, kind: SHORT, values: each(sampleFormat[bits]) },
  ];
  // Values of a field that do not fit into its four bytes follow the fields, and then come the pixels.
  const longBytes = ({ kind, values }: Field) =>
    values.length * kind.size > 4 ? values.length * kind.size : 0;
  const fields = fieldsAt(0);
  const end = HEADER + 2 + fields.length * FIELD + 4;
  const start = Math.ceil((end + fields.reduce((sum, field) => sum + longBytes(field), 0)) / 4) * 4;

  const file = new Uint8Array(start + length);
  const view = new DataView(file.buffer);
  const write = (value: number, at: number, size: number) =>
    size === 2 ? view.setUint16(at, value, true) : view.setUint32(at, value, true);
  file.set([0x49, 0x49, 0x2a, 0]); // little-endian
  write(HEADER, 4, 4);
  write(fields.length, HEADER, 2);
  let further = end;
  for (const [index, field] of fieldsAt(start).entries()) {
    const at = HEADER + 2 + index * FIELD;
    write(field.tag, at, 2);
    write(field.kind.type, at + 2, 2);
    write(field.values.length, at + 4, 4);
    const isLong = longBytes(field) > 0;
    if (isLong) write(further, at + 8, 4);
    for (const [i, value] of field.values.entries()) {
      write(value, (isLong ? further : at + 8) + i * field.kind.size, field.kind.size);
    }
    further += longBytes(field);
  }
  const samples = alpha ? interleaved(image, alpha) : data;
  file.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), start);
  return file;
}

/** Colors and opacity, pixel by pixel. */
export function interleaved({ data: colors, channels, bits }: Image, alpha: Pixels): Pixels {
  const stored = channels + 1;
  const all = createPixels(bits, alpha.length * stored);
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      all[pixel * stored + channel] = colors[pixel * channels + channel]!;
    }
    all[pixel * stored + channels] = alpha[pixel]!;
  }
  return all;
}
