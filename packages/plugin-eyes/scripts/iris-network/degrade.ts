import type { Rng } from '@simgan/core';
import { blurred, type Plane } from '../../src/probe/plane.ts';

/**
 * Changes how a picture looks and moves nothing in it: tones as of another camera or equalized, shadows over the
 * picture, blur, grain, reflections, so that what is learned from simulated eyes holds for real and refined ones.
 * The plane has mean 0 and deviation 1 before and after.
 */
export function degraded(plane: Plane, rng: Rng): Plane {
  const { width, height } = plane;
  const values = plane.values.slice();
  const chance = (share: number) => rng.next() < share;
  const between = (low: number, high: number) => low + (high - low) * rng.next();
  if (chance(0.5)) shadow(values, width, height, between(0.2, 1.2), 2 * Math.PI * rng.next());
  if (chance(0.5)) cloud(values, width, height, between(0.1, 0.5), rng);
  const equality = chance(0.3) ? 0 : chance(0.6) ? 1 : rng.next();
  if (equality > 0) equalize(values, equality);
  if (chance(0.5)) bend(values, between(-0.8, 0.8));
  let result: Plane = { values, width, height };
  if (chance(0.5)) saturate(values, between(-2.2, -0.8), between(0.9, 2.2));
  if (chance(0.2)) reflection(values, width, height, rng);
  if (chance(0.7)) result = blurred(result, between(0.3, 1.1));
  if (chance(0.7)) grain(result, between(0.02, 0.3), chance(0.3) ? between(0.4, 0.8) : 0, rng);
  return standardized(result);
}

/** Brighter on one side. */
function shadow(values: Float32Array, width: number, height: number, strength: number, angle: number): void {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  for (let i = 0; i < values.length; i++) {
    const u = (2 * (i % width)) / width - 1;
    const v = (2 * Math.floor(i / width)) / height - 1;
    values[i]! += strength * (u * c + v * s);
  }
}

/** Smooth blotches. */
function cloud(values: Float32Array, width: number, height: number, strength: number, rng: Rng): void {
  const waves = Array.from({ length: 5 }, () => ({
    x: 0.35 * rng.normal(),
    y: 0.35 * rng.normal(),
    phase: 2 * Math.PI * rng.next(),
  }));
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    for (const wave of waves) values[i]! += (strength / 2) * Math.sin(wave.x * x + wave.y * y + wave.phase);
  }
}

/** Spreads the tones evenly, as far as `share` says. */
function equalize(values: Float32Array, share: number): void {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  for (const [rank, at] of order.entries()) {
    const even = 3.46 * (rank / values.length - 0.5);
    values[at] = (1 - share) * values[at]! + share * even;
  }
}

/** Makes dark tones or bright ones fill more of the range. */
function bend(values: Float32Array, amount: number): void {
  for (let i = 0; i < values.length; i++) {
    const t = Math.max(-1, Math.min(1, values[i]! / 2));
    values[i]! += amount * (1 - t * t);
  }
}

function saturate(values: Float32Array, low: number, high: number): void {
  for (let i = 0; i < values.length; i++) values[i] = Math.max(low, Math.min(high, values[i]!));
}

/** Small bright patches, as lamps and glasses leave. */
function reflection(values: Float32Array, width: number, height: number, rng: Rng): void {
  for (let count = 1 + rng.int(3); count > 0; count--) {
    const [x, y] = [rng.int(width), rng.int(height)];
    const [w, h] = [1 + rng.int(4), 1 + rng.int(3)];
    for (let row = y; row < Math.min(height, y + h); row++) {
      for (let column = x; column < Math.min(width, x + w); column++) values[row * width + column] = 2;
    }
  }
}

/** Noise; `softness` above 0 blurs it into blotches, as compression and refiners do. */
function grain(plane: Plane, strength: number, softness: number, rng: Rng): void {
  const noise: Plane = { ...plane, values: plane.values.map(() => rng.normal()) };
  const grains = softness > 0 ? standardized(blurred(noise, softness)) : noise;
  for (const [i, value] of grains.values.entries()) plane.values[i]! += strength * value;
}

function standardized({ values, width, height }: Plane): Plane {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const scale = 1 / Math.max(1e-3, Math.sqrt(variance));
  return { values: values.map((value) => (value - mean) * scale), width, height };
}
