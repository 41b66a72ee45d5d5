import { type Image, imageOf, type SizedForm } from '@simgan/core';
import type { Radiance } from './render.ts';

/** Table entries per unit of light. */
const stops = 4096;

/** Linear light, 0 to 2, to sRGB values, 0 to 255 (IEC 61966-2-1), with a soft highlight roll-off above 0.8. */
const curve = (() => {
  const table = new Float32Array(2 * stops + 1);
  for (let i = 0; i < table.length; i++) {
    const light = i / stops;
    const rolled = light < 0.8 ? light : 1 - 0.2 * Math.exp(-(light - 0.8) / 0.2);
    table[i] = 255 * (rolled <= 0.0031308 ? 12.92 * rolled : 1.055 * rolled ** (1 / 2.4) - 0.055);
  }
  return table;
})();

/**
 * The exposure that moves a picture's brightness half way to `target`: dark skin stays darker than pale skin.
 * Brightness is the root mean square, which accounts for the white of the eye in a dark face.
 */
export function meter({ data }: Radiance, target: number): number {
  const brightness = Math.sqrt((3 * sumOfSquares(data)) / data.length);
  return target / (0.55 * brightness + 0.45 * 0.27);
}

/** The sum of squared luminances. */
function sumOfSquares(data: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) {
    const light = 0.2126 * data[i]! + 0.7152 * data[i + 1]! + 0.0722 * data[i + 2]!;
    sum += light * light;
  }
  return sum;
}

/** What a camera does to light before it is shown; see {@link tone}. */
export interface Tone {
  readonly exposure: number;
  /** The light, after exposure, that contrast leaves as it is. */
  readonly level: number;
  /** How much steeper than linear the tone curve is at that level. */
  readonly contrast: number;
  /** The share by which the picture's mean color is turned into gray, 0 to 1. */
  readonly balance: number;
  /** The share of all light that strays over the whole picture, 0 to 1. */
  readonly veil: number;
}

/** Light as a camera records it, in place: exposed, white-balanced, veiled, and bent by a quadratic tone curve. */
export function tone({ data }: Radiance, { exposure, level, contrast, balance, veil }: Tone): void {
  let [red, green, blue] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 3) {
    red += data[i]!;
    green += data[i + 1]!;
    blue += data[i + 2]!;
  }
  const gray = (red + green + blue) / 3;
  const gain = (sum: number) => (sum > 0 ? (gray / sum) ** balance : 1) * (1 - veil) * (exposure / level);
  const [redGain, greenGain, blueGain] = [gain(red), gain(green), gain(blue)];
  const bend = (light: number) => {
    const veiled = light + veil;
    return level * veiled * Math.max(0, 1 - contrast + contrast * veiled);
  };
  for (let i = 0; i < data.length; i += 3) {
    data[i] = bend(data[i]! * redGain);
    data[i + 1] = bend(data[i + 1]! * greenGain);
    data[i + 2] = bend(data[i + 2]! * blueGain);
  }
}

/** Display values, 0 to 255 with fractions, of light times `exposure`: `[height, width, 1]` of luminance, or `[height, width, 3]`. */
export function develop({ data }: Radiance, exposure: number, color: boolean): Float32Array {
  const out = new Float32Array(color ? data.length : data.length / 3);
  if (color) {
    for (let i = 0; i < out.length; i++) out[i] = displayed(exposure * data[i]!);
  } else {
    for (let i = 0; i < out.length; i++) {
      const at = 3 * i;
      out[i] = displayed(exposure * (0.2126 * data[at]! + 0.7152 * data[at + 1]! + 0.0722 * data[at + 2]!));
    }
  }
  return out;
}

/** The 8-bit image of display values, rounded. */
export function quantize(values: Float32Array, form: SizedForm): Image {
  return imageOf(new Uint8Array(new Uint8ClampedArray(values).buffer), form);
}

function displayed(light: number): number {
  return curve[Math.max(0, Math.min(2 * stops, (light * stops + 0.5) | 0))]!;
}
