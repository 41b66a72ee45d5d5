import { type Dataset, mapDataset } from './dataset.ts';
import type { Image, ImageSpec } from './image.ts';
import { createRng, type Rng } from './rng.ts';
import type { RealImage, Sample } from './sample.ts';

/** How synthetic images are brought closer to the real ones before any learning. */
export type MatchKind = 'none' | 'histogram';

/** How many real pictures lend their histograms; more give no more variety that can be seen. */
const REFERENCES = 512;

/**
 * Gives every synthetic image the intensity histogram of a real one, drawn by the sample's id, channel by
 * channel: the photometric gap closed without learning, which otherwise takes most of a refiner's effort.
 * Values are mapped in their order, so no edge moves and every annotation stays true. Not in the paper.
 *
 * A sample's result depends on `seed`, its id and the real set alone.
 */
export async function matchHistograms<Annotation>(
  samples: Dataset<Sample<Annotation>>,
  real: Dataset<RealImage>,
  { image, seed }: { image: ImageSpec; seed: number },
): Promise<Dataset<Sample<Annotation>>> {
  const rng = createRng(seed).fork('match');
  const references = await sortedReferences(real, image, rng.fork('references'));
  return mapDataset(samples, (sample) => {
    const source = rng.fork(sample.id);
    const reference = references[source.int(references.length)]!;
    return { ...sample, image: takeOver(sample.image, reference, image, source) };
  });
}

/** For some real images, drawn at random: each channel's values in ascending order. */
async function sortedReferences(real: Dataset<RealImage>, image: ImageSpec, rng: Rng): Promise<Image[][]> {
  const count = Math.min(REFERENCES, real.length);
  const chosen = Array.from({ length: count }, (_, i) =>
    real.length <= REFERENCES ? i : rng.int(real.length),
  );
  return Promise.all(
    chosen.map(async (index) => {
      const picture = await real.at(index);
      return channelsOf(picture.image, image.channels).map((channel) => channel.sort());
    }),
  );
}

function channelsOf(image: Image, channels: number): Image[] {
  return Array.from({ length: channels }, (_, channel) => image.filter((_, i) => i % channels === channel));
}

/** Replaces the k-th smallest value by the reference's k-th smallest. Equal values are ordered at random, as a sensor's noise would. */
function takeOver(image: Image, reference: readonly Image[], { channels }: ImageSpec, rng: Rng): Image {
  const result = image.slice();
  // The same random order for all channels, or flat grey areas would turn into coloured noise.
  const noise = Float64Array.from({ length: image.length / channels }, () => rng.next());
  for (const [channel, sorted] of reference.entries()) {
    const ranks = Array.from(noise, (_, pixel) => pixel).sort(
      (a, b) => image[a * channels + channel]! + noise[a]! - (image[b * channels + channel]! + noise[b]!),
    );
    for (const [rank, pixel] of ranks.entries()) result[pixel * channels + channel] = sorted[rank]!;
  }
  return result;
}
