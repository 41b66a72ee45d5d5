/** @file Pictures of stripes, a texture whose grain and brightness can be set. */
import {
  createRng,
  type Dataset,
  datasetOf,
  type Image,
  imageOf,
  type RealImage,
  type Rng,
  type SizedForm,
} from '../src/index.ts';

export const stripesForm: SizedForm = { width: 32, height: 24, channels: 1, bits: 8 };

/** Pictures of soft stripes of random phase, with grain of a given strength and a brightness. */
export function stripes(
  count: number,
  seed: number,
  { grain = 6, brightness = 120 } = {},
): Dataset<RealImage> {
  const rng = createRng(seed);
  return datasetOf(
    Array.from({ length: count }, (_, i) => ({
      id: String(i),
      image: drawStripes(rng.fork(i), grain, brightness),
    })),
  );
}

/** One of {@link stripes}. */
export function drawStripes(rng: Rng, grain: number, brightness: number): Image {
  const phase = 2 * Math.PI * rng.next();
  const slope = rng.normal();
  const { width, height } = stripesForm;
  const pixels = Uint8Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return brightness + 50 * Math.sin(phase + 0.4 * x + 0.2 * slope * y) + grain * rng.normal();
  });
  return imageOf(pixels, stripesForm);
}
