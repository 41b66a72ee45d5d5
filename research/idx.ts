import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { type Image, imageOf } from '@simgan/core';

/** More than any of these files has, bytes. */
const MOST = 2 ** 28;

/**
 * Reads the pictures of an idx file, gzipped or not (the format of MNIST, yann.lecun.com/exdb/mnist): a big-endian
 * header with magic number 2051, number of pictures, rows and columns, then one byte for each pixel.
 *
 * @throws Error naming the file and what is wrong with it.
 */
export async function readIdxImages(file: string): Promise<Image[]> {
  const { data, sizes } = await readIdx(file, 3);
  const [count, height, width] = sizes as [number, number, number];
  const area = width * height;
  return Array.from({ length: count }, (_, index) =>
    imageOf(data.slice(index * area, (index + 1) * area), { width, height, channels: 1, bits: 8 }),
  );
}

/** Reads the labels of an idx file, one byte each. */
export async function readIdxLabels(file: string): Promise<number[]> {
  return [...(await readIdx(file, 1)).data];
}

async function readIdx(file: string, dimensions: number): Promise<{ data: Uint8Array; sizes: number[] }> {
  const stored = await readFile(file);
  const isZipped = stored[0] === 0x1f && stored[1] === 0x8b;
  const bytes = isZipped ? gunzipSync(stored, { maxOutputLength: MOST }) : stored;
  const start = 4 + 4 * dimensions;
  if (bytes.length < start || bytes.readUInt32BE(0) !== 0x800 + dimensions) {
    throw new Error(`${file} is no idx file of bytes in ${dimensions} dimension(s).`);
  }
  const sizes = Array.from({ length: dimensions }, (_, i) => bytes.readUInt32BE(4 + 4 * i));
  const length = sizes.reduce((product, size) => product * size, 1);
  if (bytes.length !== start + length) {
    throw new Error(`${file} has ${bytes.length - start} values and its header says ${length}.`);
  }
  return { data: new Uint8Array(bytes.subarray(start)), sizes };
}
