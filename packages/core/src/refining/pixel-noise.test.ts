import { expect, test } from 'vitest';
import { createRng } from '../rng.ts';
import { mean, std } from '../statistics.ts';
import { noiseKey, philox, pixelNoise } from './pixel-noise.ts';

test('the generator gives the known answers of its authors', () => {
  // The file kat_vectors of Random123.
  const hex = (key: readonly [number, number], counter: readonly [number, number, number, number]) => {
    const words = new Uint32Array(4);
    philox(words, key, ...counter);
    return [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ');
  };
  const ones = 0xffffffff;
  expect(hex([0, 0], [0, 0, 0, 0])).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  expect(hex([ones, ones], [ones, ones, ones, ones])).toBe('408f276d 41c83b0e a20bc7c6 6d5451fd');
  expect(hex([0xa4093822, 0x299f31d0], [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344])).toBe(
    'd16cfe09 94fdcceb 5001e420 24126ea1',
  );
});

test('a window has the noise that the whole picture has there', () => {
  const [width, height, channels] = [37, 23, 2];
  const key = noiseKey(createRng(3).fork('a'));
  const whole = pixelNoise([{ key, window: { left: 0, top: 0, width, height } }], channels);
  expect(whole.shape).toEqual([1, height, width, channels]);
  const windows = [
    { left: 0, top: 0, width: 8, height: 5 },
    { left: 5, top: 3, width: 8, height: 5 },
    { left: 29, top: 18, width: 8, height: 5 },
  ];
  const { data, shape } = pixelNoise(
    windows.map((window) => ({ key, window })),
    channels,
  );
  expect(shape).toEqual([3, 5, 8, channels]);
  for (const [index, { left, top }] of windows.entries()) {
    for (let y = 0; y < 5; y++) {
      const start = ((top + y) * width + left) * channels;
      const row = (index * 5 + y) * 8 * channels;
      expect(data.slice(row, row + 8 * channels)).toEqual(whole.data.slice(start, start + 8 * channels));
    }
  }
});

test('noise is normal, independent of its neighbors, and differs by key and channel', () => {
  const window = { left: 0, top: 0, width: 160, height: 120 };
  const of = (id: string) =>
    pixelNoise([{ key: noiseKey(createRng(1).fork(id)), window }], 2).data as Float32Array;
  const [a, b] = [of('a'), of('b')];
  expect(mean(a)).toBeCloseTo(0, 1);
  expect(std(a)).toBeCloseTo(1, 1);
  const tails = a.filter((value) => Math.abs(value) > 2).length / a.length;
  expect(tails).toBeGreaterThan(0.042);
  expect(tails).toBeLessThan(0.049);
  const correlation = (x: (i: number) => number, y: (i: number) => number, count: number) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += x(i) * y(i);
    return Math.abs(sum / count);
  };
  const at = (data: Float32Array, shift: number) => (i: number) => data[i + shift]!;
  const row = window.width * 2;
  // Another channel, the next pixel, the next row.
  for (const shift of [1, 2, 3, 4, row]) {
    expect(correlation(at(a, 0), at(a, shift), a.length - row)).toBeLessThan(0.02);
  }
  expect(correlation(at(a, 0), at(b, 0), a.length)).toBeLessThan(0.02);
});
