import { expect, test } from 'vitest';
import { drawStripes, stripesForm } from '../../test/stripes.ts';
import { imageOf, type SizedForm } from '../image.ts';
import { createRng } from '../rng.ts';
import { FEATURES, imageFeatures } from './image-features.ts';

test('features are histograms that sum to 1, and a spectrum that tells coarse from fine', () => {
  const smooth = imageFeatures(drawStripes(createRng(1), 0, 120), stripesForm);
  const grainy = imageFeatures(drawStripes(createRng(1), 30, 120), stripesForm);
  expect(smooth).toHaveLength(FEATURES);
  const sum = (from: number, to: number) => grainy.slice(from, to).reduce((a, b) => a + b, 0);
  for (const [from, to] of [
    [0, 12],
    [12, 22],
    [22, 32],
  ] as const) {
    expect(sum(from, to)).toBeCloseTo(1, 9);
  }
  const finest = 37;
  expect(grainy[finest]! - smooth[finest]!).toBeGreaterThan(2);
  // Vertical stripes: all power across, none along.
  const pixels = Uint8Array.from({ length: 768 }, (_, at) => 120 + 100 * Math.sin(1.4 * (at % 32)));
  const directions = [...imageFeatures(imageOf(pixels, stripesForm), stripesForm).slice(38)];
  expect(directions.indexOf(Math.max(...directions))).toBe(0);
});

test('pictures of any size have as many features, and their own size counts', () => {
  const anySize = { channels: 1, bits: 8 } as const;
  const sizes = [
    [32, 24],
    [50, 40],
    [8, 8],
  ] as const;
  const features = sizes.map(([width, height]) => {
    const form: SizedForm = { ...anySize, width, height };
    const pixels = Uint8Array.from(
      { length: width * height },
      (_, at) => 120 + 100 * Math.sin(1.4 * (at % width)),
    );
    return imageFeatures(imageOf(pixels, form), anySize);
  });
  for (const one of features) {
    expect(one).toHaveLength(FEATURES);
    expect(one.every(Number.isFinite)).toBe(true);
    const directions = [...one.slice(38)];
    expect(directions.indexOf(Math.max(...directions))).toBe(0);
  }
});
