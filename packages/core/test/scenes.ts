/** @file Small scenes that are defined between pixels, so that they can be drawn at any shift. */
import { createImage, type Image } from '../src/image.ts';
import { createRng } from '../src/rng.ts';

/** The light at a point, in [0, 1]. */
export type Scene = (x: number, y: number) => number;

/** From 0 to 1 over about a pixel. */
const soft = (t: number) => 1 / (1 + Math.exp(-t / 0.35));

const waves = (() => {
  const rng = createRng(5);
  return Array.from(
    { length: 12 },
    () => [rng.normal() * 0.5, rng.normal() * 0.5, rng.next() * 6.28] as const,
  );
})();

/** Scenes of 64 x 64 pixels with something to see in the middle, or nothing. */
export const scenes = {
  corner: (x, y) => 0.3 + 0.45 * soft(x - 30.3) * soft(y - 29.6),
  disc: (x, y) => 0.6 - 0.4 * soft(5 - Math.hypot(x - 32.2, y - 31.7)),
  texture: (x, y) => 0.5 + 0.06 * waves.reduce((sum, [a, b, c]) => sum + Math.sin(a * x + b * y + c), 0),
  edge: (x) => 0.35 + 0.35 * soft(x - 32.4),
  slanted: (x, y) => 0.35 + 0.35 * soft((x - 32) * 0.8 + (y - 32) * 0.6 - 0.3),
  flat: () => 0.5,
  ramp: (x, y) => 0.2 + 0.006 * x + 0.003 * y,
  stripes: (x) => 0.5 + 0.2 * Math.sin(x * 1.57),
} as const satisfies Record<string, Scene>;

/** What a camera does to a scene. */
export interface Camera {
  /** Std of the noise, of the range. */
  readonly noise?: number;
  readonly gain?: number;
  readonly bias?: number;
  /** Std of a Gaussian blur, pixels. */
  readonly blur?: number;
  readonly seed?: number;
}

const SIDE = 64;

/** Draws a scene moved by `dx`, `dy` pixels. */
export function drawScene(
  scene: Scene,
  [dx, dy]: readonly [number, number],
  { noise = 0, gain = 1, bias = 0, blur = 0, seed = 1 }: Camera = {},
): Image {
  const rng = createRng(seed);
  let light: Float64Array = Float64Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [x, y] = [(i % SIDE) - dx, Math.floor(i / SIDE) - dy];
    let sum = 0;
    for (const v of [0.25, 0.75]) for (const u of [0.25, 0.75]) sum += scene(x + u, y + v);
    return sum / 4;
  });
  if (blur > 0) light = blurred(blurred(light, blur, 1), blur, SIDE);
  const image = createImage({ width: SIDE, height: SIDE, channels: 1, bits: 8 });
  for (const [i, value] of light.entries()) {
    const stored = Math.round(255 * (bias + gain * value + noise * rng.normal()));
    image.data[i] = Math.min(255, Math.max(0, stored));
  }
  return image;
}

function blurred(light: Float64Array, std: number, step: number): Float64Array {
  const reach = Math.ceil(3 * std);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * std * std)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return light.map((_, i) => {
    const at = step === 1 ? i % SIDE : Math.floor(i / SIDE);
    return (
      weights.reduce((sum, weight, k) => {
        const neighbor = Math.min(SIDE - 1, Math.max(0, at + k - reach));
        return sum + weight * light[i + (neighbor - at) * step]!;
      }, 0) / total
    );
  });
}
