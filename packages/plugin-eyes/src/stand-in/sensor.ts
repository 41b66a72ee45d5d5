import type { Rng } from '@simgan/core';
import type { Radiance } from '../simulator/render.ts';

/** Noise and white balance of a sensor. */
export interface Sensor {
  /** The standard deviation of the noise without light, and the variance that a unit of light adds. */
  readonly readNoise: number;
  readonly shotNoise: number;
  /** Gains of the three channels: an imperfect white balance. */
  readonly gains: readonly [red: number, green: number, blue: number];
}

/** Exposes a picture and adds a sensor's noise and color cast, in place. Channels have independent noise. */
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
