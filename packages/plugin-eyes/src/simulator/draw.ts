import type { Rng } from '@simgan/core';

/** Uniform in [low, high). */
export function between(rng: Rng, low: number, high: number): number {
  return low + (high - low) * rng.next();
}

/** `true` with this probability. */
export function chance(rng: Rng, probability: number): boolean {
  return rng.next() < probability;
}

/** Normal, clamped at 2.5 standard deviations so that no rare draw exceeds what anatomy allows. */
export function around(rng: Rng, mean: number, deviation: number): number {
  return mean + deviation * Math.max(-2.5, Math.min(2.5, rng.normal()));
}
