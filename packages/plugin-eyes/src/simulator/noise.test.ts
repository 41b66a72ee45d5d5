import { expect, test } from 'vitest';
import { noiseLevel, noiseTile, sampleNoise, tileSize } from './noise.ts';

const tile = noiseTile(5, 32, 4, 0.6);

test('the tile has mean 0 and standard deviation 1, and repeats without a seam', () => {
  const finest = tile.levels[0]!.data;
  const mean = finest.reduce((sum, value) => sum + value, 0) / finest.length;
  const variance = finest.reduce((sum, value) => sum + value * value, 0) / finest.length;
  expect(mean).toBeCloseTo(0, 4);
  expect(variance).toBeCloseTo(1, 3);
  for (const v of [3.5, 100.2]) {
    expect(sampleNoise(tile.levels[0]!, -2.3, v)).toBeCloseTo(
      sampleNoise(tile.levels[0]!, tileSize - 2.3, v),
      5,
    );
    expect(
      Math.abs(sampleNoise(tile.levels[0]!, tileSize - 0.5, v) - sampleNoise(tile.levels[0]!, tileSize, v)),
    ).toBeLessThan(0.5);
  }
});

test('coarser levels keep the mean and lose the grain', () => {
  const roughness = (level: number) => {
    let sum = 0;
    for (let i = 0; i < 500; i++) {
      sum += Math.abs(
        sampleNoise(tile.levels[level]!, i * 0.5 + 0.5, 9) - sampleNoise(tile.levels[level]!, i * 0.5, 9),
      );
    }
    return sum;
  };
  for (const level of [1, 2, 3, 4]) expect(roughness(level)).toBeLessThan(roughness(level - 1));
  expect(noiseLevel(tile, 0.3)).toBe(tile.levels[0]);
  expect(noiseLevel(tile, 0.3, -1)).toBe(tile.levels[0]);
  expect(noiseLevel(tile, 4)).toBe(tile.levels[2]);
  expect(noiseLevel(tile, 4, -1)).toBe(tile.levels[1]);
  expect(noiseLevel(tile, 1e6)).toBe(tile.levels.at(-1));
  expect(noiseLevel(tile, 1e6, 2)).toBe(tile.levels.at(-1));
});
