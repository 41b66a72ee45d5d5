import { expect, test } from 'vitest';
import { shadowedPixels } from './shadow.ts';

test('a plane casts no shadow on itself, upright or slanted', () => {
  const size = 64;
  const upright = new Float32Array(size * size).fill(800);
  const slanted = upright.map((depth, index) => depth + 2 * (index % size));
  expect(shadowedPixels(upright, size, 44_000)).not.toContain(1);
  expect(shadowedPixels(slanted, size, 44_000)).not.toContain(1);
});

test('an edge casts a shadow to the left, as wide as the difference of the disparities', () => {
  const size = 128;
  const [front, back, shift] = [700, 1000, 44_000];
  const depths = new Float32Array(size * size).fill(back);
  for (let row = 20; row < 100; row++) depths.fill(front, row * size + 60, row * size + 100);
  const shadow = shadowedPixels(depths, size, shift);
  const width = shift / front - shift / back;
  const row = [...shadow.subarray(50 * size, 51 * size)];
  expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(width, -0.5);
  expect(row.indexOf(1)).toBeGreaterThan(60 - width - 2);
  expect(row.lastIndexOf(1)).toBe(59);
  expect([...shadow.subarray(10 * size, 11 * size)]).not.toContain(1);
});

test('behind a thin bar, light passes on both sides', () => {
  const size = 128;
  const depths = new Float32Array(size * size).fill(1000);
  for (let row = 0; row < size; row++) depths.fill(600, row * size + 80, row * size + 86);
  const row = [...shadowedPixels(depths, size, 44_000).subarray(0, size)];
  const [first, last] = [row.indexOf(1), row.lastIndexOf(1)];
  // 44000 / 600 - 44000 / 1000 = 29 pixels to the left of a bar of 6.
  expect(last).toBeLessThan(80 - 15);
  expect(last - first).toBeLessThan(10);
});
