import type { SizedForm } from '../image.ts';
import type { Light } from './light.ts';

/** Blurs with a Gaussian whose std is `sigma` pixels. The picture is mirrored at its borders. */
export function blur(light: Light, { width, height, channels }: SizedForm, sigma: number): Light {
  const kernel = gaussian(sigma);
  const alongRows = convolve(light, kernel, {
    lines: height,
    length: width,
    channels,
    step: channels,
    leap: width * channels,
  });
  return convolve(alongRows, kernel, {
    lines: width,
    length: height,
    channels,
    step: width * channels,
    leap: channels,
  });
}

/** Unsharp masking amplifies the detail that a blur of this std in pixels removes. */
const DETAIL = 1;

/** Unsharp masking: adds `amount` times the detail finer than 1 px. */
export function sharpen(light: Light, image: SizedForm, amount: number): Light {
  const soft = blur(light, image, DETAIL);
  return light.map((value, i) => value + amount * (value - soft[i]!));
}

/** How far blurring reaches, in pixels. */
export function reachOfBlur(sigma: number): number {
  return Math.max(1, Math.ceil(3.5 * sigma));
}

/** How far sharpening reaches, in pixels. */
export const REACH_OF_SHARPENING = reachOfBlur(DETAIL);

/** One half of a symmetric kernel, starting at its center; the whole kernel sums to 1. */
function gaussian(sigma: number): Float64Array {
  const radius = reachOfBlur(sigma);
  // The integral over each pixel, not the value at its center: exact for a small std too.
  const edge = (x: number) => errorFunction(x / (sigma * Math.SQRT2));
  const kernel = Float64Array.from({ length: radius + 1 }, (_, x) => (edge(x + 0.5) - edge(x - 0.5)) / 2);
  const sum = kernel.reduce((total, weight, x) => total + (x === 0 ? weight : 2 * weight), 0);
  return kernel.map((weight) => weight / sum);
}

/** Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: within 1.5e-7. */
function errorFunction(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const polynomial =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - polynomial * Math.exp(-x * x));
}

/** The lines of a picture along one of its axes: `step` values from pixel to pixel, `leap` from line to line. */
interface Lines {
  readonly lines: number;
  readonly length: number;
  readonly channels: number;
  readonly step: number;
  readonly leap: number;
}

function convolve(light: Light, kernel: Float64Array, { lines, length, channels, step, leap }: Lines): Light {
  const result = new Float64Array(light.length);
  const mirrored = (at: number) => {
    const period = 2 * length;
    const wrapped = ((at % period) + period) % period;
    return wrapped < length ? wrapped : period - 1 - wrapped;
  };
  const reach = kernel.length - 1;
  // The offset of each neighbor, computed once for all lines.
  const places = Int32Array.from({ length: length + 2 * reach }, (_, i) => mirrored(i - reach) * step);
  for (let line = 0; line < lines; line++) {
    for (let channel = 0; channel < channels; channel++) {
      const start = line * leap + channel;
      for (let i = 0; i < length; i++) {
        let sum = kernel[0]! * light[start + i * step]!;
        for (let k = 1; k <= reach; k++) {
          sum +=
            kernel[k]! * (light[start + places[i + reach - k]!]! + light[start + places[i + reach + k]!]!);
        }
        result[start + i * step] = sum;
      }
    }
  }
  return result;
}
