import { expect, test } from 'vitest';
import { imageOf, type SizedForm } from '../../image.ts';
import { createRng } from '../../rng.ts';
import { mildVariation, varyPictures } from './variation.ts';

const form: SizedForm = { width: 28, height: 28, channels: 1, bits: 8 };
const picture = (at: number, image = form) => {
  const pixels = image.bits === 8 ? new Uint8Array(784) : new Uint16Array(784);
  return { id: 'a', image: imageOf(pixels.fill(60).fill(250, at, at + 1), image) };
};
const brightest = (data: ArrayLike<number>) => Array.from(data).indexOf(Math.max(...Array.from(data)));

test('classes may move by a few pixels, values and points stay where they are', () => {
  const seen = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    const moved = varyPictures(form, 'class', mildVariation)(picture(28 * 14 + 14), createRng(seed));
    const place = brightest(moved.image.data);
    expect(Math.abs((place % 28) - 14)).toBeLessThanOrEqual(4);
    expect(Math.abs(Math.floor(place / 28) - 14)).toBeLessThanOrEqual(4);
    seen.add(place);
    const still = varyPictures(form, 'points', mildVariation)(picture(28 * 14 + 14), createRng(seed));
    expect(brightest(still.image.data)).toBe(28 * 14 + 14);
    expect(still.image.data).not.toEqual(picture(28 * 14 + 14).image.data);
  }
  expect(seen.size).toBeGreaterThan(8);
});

test('depth gets noise alone, and where nothing is, nothing comes', () => {
  const depth: SizedForm = { ...form, bits: 16, range: [100, 1000] };
  const { data } = varyPictures(depth, 'points', mildVariation)(picture(5, depth), createRng(1)).image;
  expect(Array.from(data).filter((value) => value > 100)).toEqual([expect.closeTo(250, -1)]);
  const surface = { id: 'a', image: imageOf(new Uint16Array(784).fill(500), depth) };
  const noisy = varyPictures(depth, 'points', mildVariation)(surface, createRng(1)).image.data;
  expect(new Set(noisy).size).toBeGreaterThan(3);
  expect(Math.max(...noisy.map((value) => Math.abs(value - 500)))).toBeLessThan(30);
});
