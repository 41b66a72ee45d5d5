import { type Dataset, mapDataset } from './dataset.ts';
import type { Image, ImageSpec } from './image.ts';
import { createRng, type Rng } from './rng.ts';
import type { RealImage, Sample } from './sample.ts';

/** How synthetic images are brought closer to the real ones before any learning. */
export type MatchKind = 'none' | 'histogram';

/** How many real pictures lend their histograms; more give no more variety that can be seen. */
const REFERENCES = 512;

/**
 * Gives every synthetic image the intensities of a real one, drawn by the sample's id: the photometric gap
 * closed without learning, which otherwise takes most of a refiner's effort. Not in the paper.
 *
 * Intensities (of RGB, the mean of the channels) take the histogram of the real image, in their order, so no
 * edge moves and every annotation stays true. The colours beside them take the real image's mean and spread.
 * A sample's result depends on `seed`, its id and the real set alone.
 */
export async function matchHistograms<Annotation>(
  samples: Dataset<Sample<Annotation>>,
  real: Dataset<RealImage>,
  { image, seed }: { image: ImageSpec; seed: number },
): Promise<Dataset<Sample<Annotation>>> {
  const rng = createRng(seed).fork('match');
  const looks = await looksOf(real, image, rng.fork('references'));
  return mapDataset(samples, (sample) => {
    const source = rng.fork(sample.id);
    const look = looks[source.int(looks.length)]!;
    return { ...sample, image: takeOn(look, sample.image, image) };
  });
}

/** What an image takes from another. */
interface Look {
  /** In ascending order. */
  readonly intensities: Float64Array;
  /** Of each channel's difference from the intensity. */
  readonly tints: readonly Spread[];
}

interface Spread {
  readonly mean: number;
  readonly deviation: number;
}

/** How much a tint may be spread: more would turn the noise of a dark picture into colours. */
const MOST_GAIN = 2;

/** The looks of some real images, drawn at random where there are many. */
function looksOf(real: Dataset<RealImage>, image: ImageSpec, rng: Rng): Promise<Look[]> {
  const count = Math.min(REFERENCES, real.length);
  const chosen = Array.from({ length: count }, (_, i) =>
    real.length <= REFERENCES ? i : rng.int(real.length),
  );
  return Promise.all(
    chosen.map(async (index) => {
      const picture = await real.at(index);
      const intensities = intensitiesOf(picture.image, image);
      const tints = tintsOf(picture.image, intensities, image).map(spreadOf);
      return { intensities: intensities.sort(), tints };
    }),
  );
}

function takeOn(look: Look, pixels: Image, image: ImageSpec): Image {
  const { channels } = image;
  const intensities = intensitiesOf(pixels, image);
  const tints = tintsOf(pixels, intensities, image);
  const result = pixels.slice();
  const top = 2 ** image.bits - 1;
  for (const [rank, pixel] of inOrder(intensities, image).entries()) {
    const intensity = look.intensities[rank]!;
    for (let channel = 0; channel < channels; channel++) result[pixel * channels + channel] = intensity;
  }
  for (const [channel, tint] of tints.entries()) {
    const from = spreadOf(tint);
    const to = look.tints[channel]!;
    const gain = Math.min(MOST_GAIN, to.deviation / Math.max(from.deviation, 1e-9));
    for (const [pixel, value] of tint.entries()) {
      const at = pixel * channels + channel;
      result[at] = Math.min(top, Math.max(0, Math.round(result[at]! + to.mean + (value - from.mean) * gain)));
    }
  }
  return result;
}

/** Pixels from dark to bright. Where two are equal the one with the darker surroundings comes first, which adds no grain. */
function inOrder(intensities: Float64Array, { width, height }: ImageSpec): Uint32Array {
  const keys = Float64Array.from(intensities, (value, pixel) => {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    let sum = 0;
    let count = 0;
    for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
      for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
        sum += intensities[row * width + column]!;
        count += 1;
      }
    }
    return value + Math.min(0.499, Math.max(-0.499, (sum / count - value) / 2)) / 3;
  });
  return Uint32Array.from(keys, (_, pixel) => pixel).sort((a, b) => keys[a]! - keys[b]! || a - b);
}

/** The mean of the channels of each pixel. */
function intensitiesOf(pixels: Image, { channels }: ImageSpec): Float64Array {
  if (channels === 1) return Float64Array.from(pixels);
  return Float64Array.from({ length: pixels.length / channels }, (_, pixel) => {
    const at = pixel * channels;
    return (pixels[at]! + pixels[at + 1]! + pixels[at + 2]!) / 3;
  });
}

/** Each channel's difference from the intensity; none in grey images. */
function tintsOf(pixels: Image, intensities: Float64Array, { channels }: ImageSpec): Float64Array[] {
  if (channels === 1) return [];
  return Array.from({ length: channels }, (_, channel) =>
    intensities.map((intensity, pixel) => pixels[pixel * channels + channel]! - intensity),
  );
}

function spreadOf(values: Float64Array): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}
