import type { Rng } from '@simgan/core';
import { between } from './draw.ts';
import type { EyeOptions } from './options.ts';
import type { Radiance } from './render.ts';
import { viewpointOf } from './viewpoint.ts';

/** How far a camera's picture is blurred, pixels. */
export function drawBlur(rng: Rng, options: EyeOptions): number {
  const [sharp, blurred] = viewpointOf(options).blur;
  return options.width * between(rng, sharp, blurred);
}

/** A lens' blur: a Gaussian with a standard deviation of `sigma` pixels, 0 for none; edges are replicated. */
export function blur(sharp: Radiance, sigma: number): Radiance {
  if (sigma === 0) return sharp;
  const { data, width, height } = sharp;
  const radius = Math.max(1, Math.ceil(2.5 * sigma));
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)),
  );
  const sum = kernel.reduce((total, weight) => total + weight, 0);
  const weights = kernel.map((weight) => weight / sum);
  const along = (from: Float32Array, length: number, stride: number, start: (line: number) => number) => {
    const out = new Float32Array(from.length);
    const lines = (width * height) / length;
    for (let line = 0; line < lines; line++) {
      const first = start(line);
      for (let i = 0; i < length; i++) {
        let red = 0;
        let green = 0;
        let blue = 0;
        for (let k = -radius; k <= radius; k++) {
          const source = first + Math.max(0, Math.min(length - 1, i + k)) * stride;
          const weight = weights[k + radius]!;
          red += weight * from[source]!;
          green += weight * from[source + 1]!;
          blue += weight * from[source + 2]!;
        }
        const at = first + i * stride;
        out[at] = red;
        out[at + 1] = green;
        out[at + 2] = blue;
      }
    }
    return out;
  };
  const rows = along(data, width, 3, (row) => row * width * 3);
  return { data: along(rows, height, width * 3, (column) => column * 3), width, height };
}
