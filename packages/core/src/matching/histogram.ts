import type { SizedForm } from '../image.ts';
import { addToPixels, intensitiesOf, type Light } from './light.ts';
import { changeTone, type Quantiles, quantilesOf } from './tone.ts';

/** The look of a picture: what histogram matching transfers to others. */
export interface Look {
  readonly intensities: Quantiles;
  /** Mean and std of each channel's difference from the intensity; empty for gray pictures. */
  readonly tints: readonly Spread[];
}

interface Spread {
  readonly mean: number;
  readonly deviation: number;
}

/** The maximum gain of a tint: more would turn the noise of a dark picture into colors. */
const MOST_GAIN_OF_TINT = 2;

/** The look of a real picture. */
export function lookOf(light: Light, image: SizedForm): Look {
  const intensities = intensitiesOf(light, image);
  const tints = tintsOf(light, intensities, image).map(spreadOf);
  return { intensities: quantilesOf(intensities), tints };
}

/**
 * Moves a picture `share` of the way to another's look: intensities to its histogram, in their own order, and tints
 * to its mean and std.
 */
export function takeOn(light: Light, image: SizedForm, look: Look, share: number): Light {
  const { channels } = image;
  const from = intensitiesOf(light, image);
  const result = light.slice();
  addToPixels(result, changeTone(light, image, look.intensities, share), image);
  for (const [channel, tint] of tintsOf(light, from, image).entries()) {
    const own = spreadOf(tint);
    const to = look.tints[channel]!;
    const gain = Math.min(MOST_GAIN_OF_TINT, to.deviation / Math.max(own.deviation, 1e-9));
    for (const [pixel, value] of tint.entries()) {
      result[pixel * channels + channel]! += share * (to.mean + (value - own.mean) * gain - value);
    }
  }
  return result;
}

/** Each channel's difference from the intensity; empty for gray images. */
function tintsOf(light: Light, intensities: Float64Array, { channels }: SizedForm): Float64Array[] {
  if (channels === 1) return [];
  return Array.from({ length: channels }, (_, channel) =>
    intensities.map((intensity, pixel) => light[pixel * channels + channel]! - intensity),
  );
}

function spreadOf(values: Float64Array): Spread {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = Math.fround(sum / values.length);
  return { mean, deviation: Math.fround(Math.sqrt(Math.max(0, squares / values.length - mean * mean))) };
}
