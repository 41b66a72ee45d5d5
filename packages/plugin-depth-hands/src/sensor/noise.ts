import type { Rng } from '@simgan/core';

/**
 * Normal noise with mean 0 and standard deviation 1 at every pixel, correlated over about `cell` pixels:
 * white noise on a coarse grid, interpolated.
 *
 * @returns `[size, size]` values.
 */
export function smoothNoise(rng: Rng, size: number, cell: number): Float32Array {
  const pitch = Math.max(1, cell);
  const nodes = Math.ceil(size / pitch) + 2;
  const grid = Float32Array.from({ length: nodes * nodes }, () => rng.normal());
  const [shiftX, shiftY] = [rng.next(), rng.next()];
  const noise = new Float32Array(size * size);
  for (let row = 0; row < size; row++) {
    const y = row / pitch + shiftY;
    const j = Math.floor(y);
    const b = y - j;
    for (let column = 0; column < size; column++) {
      const x = column / pitch + shiftX;
      const i = Math.floor(x);
      const a = x - i;
      const o = j * nodes + i;
      const mixed =
        (1 - b) * ((1 - a) * grid[o]! + a * grid[o + 1]!) +
        b * ((1 - a) * grid[o + nodes]! + a * grid[o + nodes + 1]!);
      // Interpolation averages noise; this brings the standard deviation back to 1.
      noise[row * size + column] = mixed / Math.sqrt(((1 - a) ** 2 + a ** 2) * ((1 - b) ** 2 + b ** 2));
    }
  }
  return noise;
}
