/** @file VOC's pictures of segmentation: a palette picture whose numbers are objects or classes. */
import { zlibSync } from 'fflate';

/** Pixels at borders of objects, which are of no class. */
const BORDER = 255;

/** The color of a number in VOC's palette, which spreads its bits over the colors (VOC devkit, `VOClabelcolormap.m`). */
export function vocColor(number: number): readonly [red: number, green: number, blue: number] {
  let [red, green, blue] = [0, 0, 0];
  for (let bit = 0; bit < 8; bit++) {
    const shift = 3 * bit;
    red |= ((number >> shift) & 1) << (7 - bit);
    green |= ((number >> (shift + 1)) & 1) << (7 - bit);
    blue |= ((number >> (shift + 2)) & 1) << (7 - bit);
  }
  return [red, green, blue];
}

const numbers = new Map(Array.from({ length: 256 }, (_, number) => [vocColor(number).join(), number]));

/** The numbers of pixels by their colors in VOC's palette; `undefined` where one is no color of it. */
export function numbersOfColors(data: ArrayLike<number>): Uint8Array | undefined {
  const found = new Uint8Array(data.length / 3);
  for (let i = 0; i < found.length; i++) {
    const number = numbers.get(`${data[3 * i]},${data[3 * i + 1]},${data[3 * i + 2]}`);
    if (number === undefined) return undefined;
    found[i] = number === BORDER ? 0 : number;
  }
  return found;
}

/** A PNG of numbers with VOC's palette: 8 bits a pixel, as `PIL` opens it in mode P. */
export function palettePng(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  // Eight bits, colors of a palette.
  header.set([8, 3, 0, 0, 0], 8);
  const palette = Uint8Array.from({ length: 768 }, (_, i) => vocColor(Math.floor(i / 3))[i % 3]!);
  const rows = new Uint8Array(height * (width + 1));
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const chunks = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('IDAT', zlibSync(rows, { level: 6 })),
    chunk('IEND', new Uint8Array()),
  ];
  const png = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of chunks) {
    png.set(part, at);
    at += part.length;
  }
  return png;
}

function chunk(name: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(content, 8);
  view.setUint32(content.length + 8, crc32(bytes.subarray(4, content.length + 8)));
  return bytes;
}

/** The checksum of PNG's chunks (ISO 3309). */
function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}
