import {
  createDataset,
  createImage,
  createRng,
  type Dataset,
  imageRange,
  type Sample,
  type SizedForm,
} from '../src/index.ts';

/** Where the dark disc is, pixels; the center of the first pixel is (0, 0). */
export interface DiscAnnotation {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** How {@link discs} are drawn. Intensities are shares of the range. */
export interface DiscLook {
  readonly seed?: number;
  readonly length?: number;
  /** Of the disc and of the ground around it. */
  readonly light?: readonly [disc: number, ground: number];
  /** How much of the light falls off to one side. */
  readonly falloff?: number;
  /** The width of the disc's edge, pixels. */
  readonly edge?: number;
  readonly image?: SizedForm;
}

export const discImage: SizedForm = { width: 48, height: 40, channels: 1, bits: 8 };

/** Pictures of a dark disc between some bright bars on a smooth ground: a scene with edges of every direction. */
export function discs({
  seed = 1,
  length = 60,
  light: [dark, bright] = [0.25, 0.6],
  falloff = 0.4,
  edge = 1,
  image = discImage,
}: DiscLook = {}): Dataset<Sample<DiscAnnotation>> {
  const source = createRng(seed);
  const [low, high] = imageRange(image);
  const { width, height, channels } = image;
  return createDataset(length, (index) => {
    const rng = source.fork(index);
    const [x, y] = [width / 2 + 6 * (rng.next() - 0.5), height / 2 + 6 * (rng.next() - 0.5)];
    const radius = 6 + 2 * rng.next();
    const tilt = falloff * (rng.next() - 0.5);
    const bar = Math.floor(4 * rng.next());
    const drawn = createImage(image);
    const pixels = drawn.data;
    for (let i = 0; i < pixels.length; i++) {
      const pixel = Math.floor(i / channels);
      const [column, row] = [pixel % width, Math.floor(pixel / width)];
      const cover = Math.min(1, Math.max(0, (radius - Math.hypot(column - x, row - y)) / edge + 0.5));
      const isBar = column < 6 + bar || column > width - 8 + bar;
      const ground =
        bright *
        (isBar && row % 8 < 4 ? 1.1 : 1) *
        (1 + tilt * (row / height) + falloff * (column / width - 0.5));
      pixels[i] = Math.round(low + Math.min(1, ground + cover * (dark - ground)) * (high - low));
    }
    return { id: String(index).padStart(4, '0'), image: drawn, annotation: { x, y, radius } };
  });
}
