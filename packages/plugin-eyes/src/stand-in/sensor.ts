import type { Rng } from '@simgan/core';
import type { Radiance } from '../simulator/render.ts';

/** How a sensor turns light into numbers. */
export interface Sensor {
  /** Deviation of the noise without light, and the variance that a unit of light adds. */
  readonly readNoise: number;
  readonly shotNoise: number;
  /** Gains of the three channels: a white balance that misses. */
  readonly gains: readonly [red: number, green: number, blue: number];
}

/** Exposes a picture and adds a sensor's noise and colour cast, in place. Channels have their own noise, as behind a colour filter. */
export function sense(
  rng: Rng,
  { data }: Radiance,
  exposure: number,
  { readNoise, shotNoise, gains }: Sensor,
): void {
  for (let i = 0; i < data.length; i++) {
    const light = data[i]! * exposure * gains[i % 3]!;
    data[i] = light + rng.normal() * Math.sqrt(readNoise * readNoise + shotNoise * Math.max(0, light));
  }
}
