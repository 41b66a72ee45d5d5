import type { Radiance } from '../simulator/render.ts';

/** Halves a picture that was rendered at twice its size: four rays per pixel. */
export function halve({ data, width, height }: Radiance): Radiance {
  const [w, h] = [width / 2, height / 2];
  const out = new Float32Array(w * h * 3);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      for (let c = 0; c < 3; c++) {
        const at = (2 * y * width + 2 * x) * 3 + c;
        const below = at + width * 3;
        out[(y * w + x) * 3 + c] = (data[at]! + data[at + 3]! + data[below]! + data[below + 3]!) / 4;
      }
    }
  }
  return { data: out, width: w, height: h };
}

/**
 * Uneven light over the picture, in place: vignetting (`vignette`, the fraction lost in a corner) and a gradient of
 * brightness (`slope`, natural logarithm across the picture, towards `angle`, radians).
 */
export function shade(
  { data, width, height }: Radiance,
  { vignette, slope, angle }: { vignette: number; slope: number; angle: number },
): void {
  const [ax, ay] = [Math.cos(angle), Math.sin(angle)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = (2 * x + 1) / width - 1;
      const v = (2 * y + 1) / height - 1;
      const factor = (1 - vignette * 0.5 * (u * u + v * v)) * Math.exp(0.5 * slope * (u * ax + v * ay));
      const at = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) data[at + c]! *= factor;
    }
  }
}
