import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { compress } from './compression.ts';
import { equalize } from './equalize.ts';
import { halve, shade } from './optics.ts';
import { sense } from './sensor.ts';

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}

test('halving averages four pixels into one', () => {
  const data = Float32Array.from({ length: 2 * 4 * 3 }, (_, i) => i);
  const { data: half, width, height } = halve({ data, width: 4, height: 2 });
  expect([width, height]).toEqual([2, 1]);
  expect([...half]).toEqual([7.5, 8.5, 9.5, 13.5, 14.5, 15.5]);
});

test('a vignette darkens corners, a slope one side', () => {
  const flat = () => ({ data: new Float32Array(11 * 11 * 3).fill(1), width: 11, height: 11 });
  const vignetted = flat();
  shade(vignetted, { vignette: 0.4, slope: 0, angle: 0 });
  expect(vignetted.data[60 * 3]).toBeCloseTo(1, 5);
  expect(vignetted.data[0]).toBeLessThan(0.7);
  const sloped = flat();
  shade(sloped, { vignette: 0, slope: 1, angle: 0 });
  expect(sloped.data[10 * 3]! / sloped.data[0]!).toBeCloseTo(Math.exp(10 / 11), 5);
});

test('a sensor has read noise in the dark, more noise in light, and channel gains', () => {
  const spread = (light: number) => {
    const data = new Float32Array(30_000).fill(light);
    sense(createRng(1), { data, width: 100, height: 100 }, 2, {
      readNoise: 0.01,
      shotNoise: 0.002,
      gains: [1.1, 1, 0.9],
    });
    const red = data.filter((_, i) => i % 3 === 0);
    const mean = sum(red) / red.length;
    return { mean, deviation: Math.sqrt(sum(red.map((value) => (value - mean) ** 2)) / red.length) };
  };
  expect(spread(0).deviation).toBeCloseTo(0.01, 3);
  const lit = spread(0.25);
  expect(lit.mean).toBeCloseTo(0.55, 2);
  expect(lit.deviation).toBeCloseTo(Math.sqrt(0.0001 + 0.002 * 0.55), 3);
});

test('compression quantizes blocks: nothing at a tiny step, flat blocks at a huge one', () => {
  const rng = createRng(2);
  const picture = Float32Array.from({ length: 20 * 12 }, () => 100 + 20 * rng.next());
  const fine = picture.slice();
  compress(fine, 20, 12, 1, 1e-4, [3, 5]);
  for (const [i, value] of fine.entries()) expect(Math.abs(value - picture[i]!)).toBeLessThan(0.01);
  const coarse = picture.slice();
  compress(coarse, 20, 12, 1, 200, [3, 5]);
  // The grid starts 3 pixels before the picture: columns 0 to 4 of the first rows are one block.
  for (let row = 0; row < 3; row++) {
    for (let column = 1; column < 5; column++) expect(coarse[row * 20 + column]).toBeCloseTo(coarse[0]!, 3);
  }
  expect(new Set(Array.from(coarse, (value) => Math.round(value))).size).toBeLessThanOrEqual(12);
});

test('equalizing keeps the order of grays and uses the whole range; one gray stays', () => {
  const values = Float32Array.of(10, 11, 12, 12, 13, 200);
  equalize(values);
  expect(values[0]).toBe(0);
  expect(values[5]).toBe(255);
  for (let i = 1; i < 6; i++) expect(values[i]).toBeGreaterThanOrEqual(values[i - 1]!);
  const flat = new Float32Array(9).fill(80);
  equalize(flat);
  expect([...flat]).toEqual(new Array(9).fill(80));
});
