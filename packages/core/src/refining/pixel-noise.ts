/**
 * @file Noise that is addressed by pixel: its value at a place follows from a key and the place alone, so that a part of
 * a picture has the noise that the whole picture has there, whatever was drawn before.
 */
import type { HostTensor } from '../host-tensor.ts';
import type { PixelWindow } from '../image.ts';
import type { Rng } from '../rng.ts';

/** The 64 bits from which all noise of one picture follows. */
export type NoiseKey = readonly [number, number];

/** A picture's key, from a source that is forked for this picture. */
export function noiseKey(source: Rng): NoiseKey {
  return [source.int(2 ** 32), source.int(2 ** 32)];
}

/**
 * Noise for a refiner's noise channels, `[batch, height, width, channels]`, normal with mean 0 and std 1.
 *
 * @param parts - a picture's key and which window of the picture it is for, one for each item of the batch. All windows
 * have the size of the first.
 */
export function pixelNoise(
  parts: readonly { readonly key: NoiseKey; readonly window: PixelWindow }[],
  channels: number,
): HostTensor {
  const { width, height } = parts[0]!.window;
  const data = new Float32Array(parts.length * height * width * channels);
  const normals = new Float64Array(PER_BLOCK);
  let row = 0;
  for (const { key, window } of parts) {
    for (let y = 0; y < height; y++, row += width * channels) {
      for (let channel = 0; channel < channels; channel++) {
        const end = window.left + width;
        for (let block = Math.floor(window.left / PER_BLOCK); block * PER_BLOCK < end; block++) {
          normalsOf(normals, key, block, window.top + y, channel);
          const from = Math.max(window.left, block * PER_BLOCK);
          const to = Math.min(end, (block + 1) * PER_BLOCK);
          for (let x = from; x < to; x++) {
            data[row + (x - window.left) * channels + channel] = normals[x % PER_BLOCK]!;
          }
        }
      }
    }
  }
  return { data, shape: [parts.length, height, width, channels] };
}

/** Values per block of the generator: neighbors in a row. */
const PER_BLOCK = 4;

const words = new Uint32Array(PER_BLOCK);

/** Four normal numbers from the four words of a block (Box and Muller, 1958). */
function normalsOf(normals: Float64Array, key: NoiseKey, block: number, y: number, channel: number): void {
  philox(words, key, block, y, channel, 0);
  for (let i = 0; i < PER_BLOCK; i += 2) {
    // One half keeps the logarithm's argument above 0.
    const radius = Math.sqrt(-2 * Math.log((words[i]! + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * words[i + 1]!) / 2 ** 32;
    normals[i] = radius * Math.cos(angle);
    normals[i + 1] = radius * Math.sin(angle);
  }
}

/**
 * Philox4x32-10: four random words for each counter of 128 bits and key of 64 bits (Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 */
export function philox(
  result: Uint32Array,
  [key0, key1]: NoiseKey,
  ...[c0, c1, c2, c3]: readonly [number, number, number, number]
): void {
  let [a, b, c, d] = [c0, c1, c2, c3];
  let [k0, k1] = [key0, key1];
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = [multiplyHigh(0xd2511f53, a), Math.imul(0xd2511f53, a)];
    const [high1, low1] = [multiplyHigh(0xcd9e8d57, c), Math.imul(0xcd9e8d57, c)];
    a = (high1 ^ b ^ k0) >>> 0;
    b = low1;
    c = (high0 ^ d ^ k1) >>> 0;
    d = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  result[0] = a;
  result[1] = b;
  result[2] = c;
  result[3] = d;
}

/** The upper 32 bits of the product of two unsigned words. */
function multiplyHigh(x: number, y: number): number {
  const [xHigh, xLow, yHigh, yLow] = [x >>> 16, x & 0xffff, y >>> 16, y & 0xffff];
  const middle = xHigh * yLow + ((xLow * yLow) >>> 16);
  const lower = xLow * yHigh + (middle & 0xffff);
  return (xHigh * yHigh + Math.floor(middle / 65536) + Math.floor(lower / 65536)) >>> 0;
}
