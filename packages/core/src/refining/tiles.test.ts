import { expect, test } from 'vitest';
import { createRng } from '../rng.ts';
import { planTiles, tilesOf } from './tiles.ts';

test('tiles of any plan fill the picture once, within the picture, with a halo inside of it', () => {
  const rng = createRng(1);
  for (let trial = 0; trial < 40; trial++) {
    const halo = rng.int(9);
    const side = 2 * halo + 1 + rng.int(24);
    const size = { width: 1 + rng.int(90), height: 1 + rng.int(90) };
    const seen = new Uint8Array(size.width * size.height);
    const tiles = tilesOf(size, planTiles(2 * halo + 1, side));
    for (const { window, kept } of tiles) {
      expect([window.width, window.height]).toEqual([
        Math.min(side, size.width),
        Math.min(side, size.height),
      ]);
      for (const [start, length, from, extent, whole] of [
        [window.left, window.width, kept.left, kept.width, size.width],
        [window.top, window.height, kept.top, kept.height, size.height],
      ] as const) {
        expect(start).toBeGreaterThanOrEqual(0);
        expect(start + length).toBeLessThanOrEqual(whole);
        // Right of the halo, unless the tile's edge is the picture's own.
        expect(from).toBeGreaterThanOrEqual(start === 0 ? 0 : start + halo);
        expect(from + extent).toBeLessThanOrEqual(start + length === whole ? whole : start + length - halo);
      }
      for (let y = kept.top; y < kept.top + kept.height; y++) {
        for (let x = kept.left; x < kept.left + kept.width; x++) seen[y * size.width + x]! += 1;
      }
    }
    expect(seen.every((times) => times === 1)).toBe(true);
  }
});

test('a network that depends on the whole picture gets it whole', () => {
  const [tile, ...others] = tilesOf({ width: 5000, height: 300 }, planTiles(Number.POSITIVE_INFINITY));
  expect(tile!.window).toEqual({ left: 0, top: 0, width: 5000, height: 300 });
  expect(others).toEqual([]);
});

test('tiles that halos fill are refused', () => {
  expect(() => planTiles(19, 18)).toThrow('more than the 18 of their two halos, not 18');
  expect(planTiles(19, 19)).toEqual({ side: 19, halo: 9 });
  expect(planTiles(47)).toEqual({ side: 256, halo: 23 });
  expect(planTiles(201)).toEqual({ side: 400, halo: 100 });
});
