/** @file What the first and last bytes of a picture file say, without decoding it. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ImageForm, SizedForm } from '@simgan/core';
import { fitSteps } from './fit.ts';
import type { PictureFacts } from './load-pictures.ts';
import { type DecodeOptions, decodeDefaults } from './pixels.ts';

/** Headers of JPEG files with previews are longer; such files are decoded. */
const HEADER = 2 ** 16;
const PNG_END = Buffer.from('0000000049454e44ae426082', 'hex');

/**
 * What decoding would find of a plain picture of 8 bits: a PNG or JPEG without opacity, upright, whole by its end.
 *
 * @returns `undefined` for all others, which only decoding knows, and for those that would be refused.
 */
export function probePicture(
  file: string,
  form: ImageForm,
  options: DecodeOptions = {},
): PictureFacts | undefined {
  // Values are looked at where a form says which there may be, or where there are not enough bits.
  if (form.bits !== 8 || form.range) return undefined;
  const { fit, maxPixels, maxBytes, minScale } = { ...decodeDefaults, ...options };
  const read = readEnds(file, maxBytes);
  const size = read && sizeIn(read.start, read.end);
  if (!size) return undefined;
  const { width, height } = size;
  const to: SizedForm = { ...form, width: form.width ?? width, height: form.height ?? height };
  if (width * height > maxPixels || width < to.width * minScale || height < to.height * minScale)
    return undefined;
  const { transform } = fitSteps(size, to, fit);
  const isResized = width !== to.width || height !== to.height;
  return { isResized, transform, isTurned: false, hasAlpha: false };
}

function readEnds(file: string, maxBytes: number): { start: Buffer; end: Buffer } | undefined {
  let handle: number | undefined;
  try {
    handle = openSync(file, 'r');
    const stats = fstatSync(handle);
    if (!stats.isFile() || stats.size < 64 || stats.size > maxBytes) return undefined;
    const start = Buffer.alloc(Math.min(stats.size, 4096));
    readSync(handle, start, 0, start.length, 0);
    const isLong = start[0] === 0xff && stats.size > start.length;
    const whole = isLong ? Buffer.alloc(Math.min(stats.size, HEADER)) : start;
    if (isLong) readSync(handle, whole, 0, whole.length, 0);
    const end = Buffer.alloc(PNG_END.length);
    readSync(handle, end, 0, end.length, stats.size - end.length);
    return { start: whole, end };
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

interface Extent {
  readonly width: number;
  readonly height: number;
}

function sizeIn(start: Buffer, end: Buffer): Extent | undefined {
  if (start.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n')
    return end.equals(PNG_END) ? sizeOfPng(start) : undefined;
  const isWholeJpeg = start.readUInt16BE(0) === 0xffd8 && end.readUInt16BE(end.length - 2) === 0xffd9;
  return isWholeJpeg ? sizeOfJpeg(start) : undefined;
}

/** PNG specification, section 11: chunks before the pixels may say that there is opacity, or an orientation. */
function sizeOfPng(start: Buffer): Extent | undefined {
  const [depth, color] = [start[24]!, start[25]!];
  if (depth > 8 || ![0, 2, 3].includes(color)) return undefined;
  for (let at = 33; at + 8 <= start.length; at += 12 + start.readUInt32BE(at)) {
    const name = start.toString('latin1', at + 4, at + 8);
    if (name === 'IDAT') return extentOf(start.readUInt32BE(16), start.readUInt32BE(20));
    if (name === 'tRNS' || name === 'eXIf') return undefined;
  }
  return undefined;
}

/** ITU-T T.81, annex B: segments up to that of the frame. Those of Exif may say that the picture is turned. */
function sizeOfJpeg(start: Buffer): Extent | undefined {
  for (let at = 2; at + 9 < start.length && start[at] === 0xff; at += 2 + start.readUInt16BE(at + 2)) {
    const marker = start[at + 1]!;
    if (marker === 0xe1) return undefined;
    const isFrame = marker >= 0xc0 && marker <= 0xc2;
    if (!isFrame) continue;
    const channels = start[at + 9];
    return channels === 1 || channels === 3
      ? extentOf(start.readUInt16BE(at + 7), start.readUInt16BE(at + 5))
      : undefined;
  }
  return undefined;
}

function extentOf(width: number, height: number): Extent | undefined {
  return width > 0 && height > 0 ? { width, height } : undefined;
}
