import type { Radiance } from './render.ts';

/** Stops of the table below one unit of light. */
const stops = 4096;

/** Linear light to sRGB's curve (IEC 61966-2-1), rolled off softly above 0.8 as cameras do; 0 to 2 in, 0 to 255 out. */
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
 * The factor that brings a picture's brightness half way to `target`: dark skin stays darker than pale skin.
 * Brightness is the root of the mean square, which heeds the white of the eye in a dark face.
 */
export function meter({ data }: Radiance, target: number): number {
  const brightness = Math.sqrt((3 * sumOfSquares(data)) / data.length);
  return target / (0.55 * brightness + 0.45 * 0.27);
}

/** Of the luminance of each pixel. */
function sumOfSquares(data: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) {
    const light = 0.2126 * data[i]! + 0.7152 * data[i + 1]! + 0.0722 * data[i + 2]!;
    sum += light * light;
  }
  return sum;
}

/** Display values, 0 to 255 with fractions, of light times `exposure`: `height * width` of luminance, or times 3 in colour. */
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

/** Rounds display values to bytes. */
export function quantize(values: Float32Array): Uint8Array {
  return new Uint8Array(new Uint8ClampedArray(values).buffer);
}

function displayed(light: number): number {
  return curve[Math.max(0, Math.min(2 * stops, (light * stops + 0.5) | 0))]!;
}
