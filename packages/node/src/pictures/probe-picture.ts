/** @file What the first and last bytes of a picture file say, without decoding it. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ImageForm, SizedForm } from '@simgan/core';
import { type DecodeOptions, decodeDefaults } from './decode-options.ts';
import type { PictureFacts } from './decode-picture.ts';
import { fitSteps } from './fit.ts';

/** Headers of JPEG files with previews are longer; such files are decoded. */
const HEADER = 2 ** 16;
const PNG_END = Buffer.from('0000000049454e44ae426082', 'hex');

/**
 * What decoding would find of a plain picture: an upright PNG or JPEG, whole by its end, of the bits of the form.
 *
 * @returns `undefined` for all others, which only decoding knows, and for those that would be refused.
 */
export function probePicture(
  file: string,
  form: ImageForm,
  options: DecodeOptions = {},
): PictureFacts | undefined {
  // Values are looked at where a form says which there may be, or where they have other bits.
  if (form.bits === 32 || form.range) return undefined;
  const { fit, maxPixels, maxBytes, minScale } = { ...decodeDefaults, ...options };
  const read = readEnds(file, maxBytes);
  const found = read && extentIn(read.start, read.end);
  if (!found || found.bits !== form.bits) return undefined;
  const { width, height } = found;
  const size = { width, height };
  const to: SizedForm = { ...form, width: form.width ?? width, height: form.height ?? height };
  if (width * height > maxPixels || width < to.width * minScale || height < to.height * minScale)
    return undefined;
  const { transform } = fitSteps(size, to, fit);
  const isResized = width !== to.width || height !== to.height;
  return { isResized, transform, isTurned: false, hasAlpha: found.hasAlpha && !form.keepsAlpha };
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
  readonly bits: number;
  readonly hasAlpha: boolean;
}

function extentIn(start: Buffer, end: Buffer): Extent | undefined {
  if (start.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n')
    return end.equals(PNG_END) ? extentOfPng(start) : undefined;
  const isWholeJpeg = start.readUInt16BE(0) === 0xffd8 && end.readUInt16BE(end.length - 2) === 0xffd9;
  return isWholeJpeg ? extentOfJpeg(start) : undefined;
}

/** PNG specification, section 11: chunks before the pixels may say that there is opacity, or an orientation. */
function extentOfPng(start: Buffer): Extent | undefined {
  const [depth, color] = [start[24]!, start[25]!];
  let hasAlpha = color === 4 || color === 6;
  if (![0, 2, 3, 4, 6].includes(color)) return undefined;
  for (let at = 33; at + 8 <= start.length; at += 12 + start.readUInt32BE(at)) {
    const name = start.toString('latin1', at + 4, at + 8);
    if (name === 'tRNS') hasAlpha = true;
    if (name === 'eXIf') return undefined;
    if (name === 'IDAT') {
      const size = { width: start.readUInt32BE(16), height: start.readUInt32BE(20) };
      return whole({ ...size, bits: Math.max(8, depth), hasAlpha });
    }
  }
  return undefined;
}

/** ITU-T T.81, annex B: segments up to that of the frame. */
function extentOfJpeg(start: Buffer): Extent | undefined {
  for (let at = 2; at + 9 < start.length && start[at] === 0xff; at += 2 + start.readUInt16BE(at + 2)) {
    const marker = start[at + 1]!;
    if (marker === 0xe1 && !isUpright(start.subarray(at + 4, at + 2 + start.readUInt16BE(at + 2))))
      return undefined;
    const isFrame = marker >= 0xc0 && marker <= 0xc2;
    if (!isFrame) continue;
    const channels = start[at + 9];
    if (channels !== 1 && channels !== 3) return undefined;
    const size = { width: start.readUInt16BE(at + 7), height: start.readUInt16BE(at + 5) };
    return whole({ ...size, bits: 8, hasAlpha: false });
  }
  return undefined;
}

const ORIENTATION = 0x0112;

/** Whether a segment of Exif (CIPA DC-008, section 4.6) says that a picture is upright, or nothing of that. */
function isUpright(segment: Buffer): boolean {
  if (segment.toString('latin1', 0, 6) !== 'Exif\0\0') return true;
  const tiff = segment.subarray(6);
  const isLittle = tiff.toString('latin1', 0, 2) === 'II';
  const short = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const long = (at: number) => (isLittle ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  try {
    const fields = long(4);
    for (let n = 0; n < short(fields); n++) {
      const at = fields + 2 + n * 12;
      if (short(at) === ORIENTATION) return short(at + 8) === 1;
    }
    return true;
  } catch {
    // Cut off: only decoding tells what becomes of it.
    return false;
  }
}

function whole(extent: Extent): Extent | undefined {
  return extent.width > 0 && extent.height > 0 ? extent : undefined;
}
