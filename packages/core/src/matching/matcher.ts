import { type Dataset, mapDataset } from '../dataset.ts';
import { SimganError } from '../errors.ts';
import type { ImageSpec } from '../image.ts';
import { createRng, type Rng } from '../rng.ts';
import type { RealImage } from '../sample.ts';
import { blur, sharpen } from './blur.ts';
import { type Correction, checkMatch, correctionNames } from './corrections.ts';
import { equalise } from './equalise.ts';
import { type Look, lookOf, takeOn } from './histogram.ts';
import { imageOf, type Light, lightOf } from './light.ts';
import { addNoise } from './noise.ts';
import { shade } from './shading.ts';

/** How many real pictures lend their histograms; more give no more variety that can be seen. */
const REFERENCES = 512;

/** Applies corrections to synthetic pictures. */
export interface Matcher {
  readonly corrections: readonly Correction[];
  /**
   * The pictures after all corrections; ids, annotations and whatever else an item holds pass through. A picture's
   * result depends on the corrections, the seed, its id and the real set alone.
   */
  match<Item extends RealImage>(samples: Dataset<Item>): Dataset<Item>;
  /** The id of the real picture whose histogram a sample takes; `undefined` if no histograms are taken. */
  referenceOf(sampleId: string): string | undefined;
}

/**
 * Makes corrections ready; without any, pictures pass through as they are.
 *
 * @param corrections - in any order; they are applied in that of {@link correctionKinds}
 * @param real - whose histograms are taken; looked at for `histogram` only, and up to 512 of them
 * @throws SimganError INVALID_ARGUMENT if they cannot be applied to pictures of this form, NOT_ENOUGH_DATA if there
 * is no real picture to take a histogram from
 */
export async function createMatcher(
  corrections: readonly Correction[],
  real: Dataset<RealImage>,
  { image, seed }: { image: ImageSpec; seed: number },
): Promise<Matcher> {
  checkMatch(corrections, image);
  const takesHistograms = corrections.some(({ correction }) => correction === 'histogram');
  const references = takesHistograms ? await readReferences(real, { image, seed }) : [];
  return matcherOf(corrections, references, { image, seed });
}

/** {@link createMatcher} with references that are read already. */
export function matcherOf(
  corrections: readonly Correction[],
  references: readonly Reference[],
  { image, seed }: { image: ImageSpec; seed: number },
): Matcher {
  const rng = sourceOf(seed);
  const takesHistograms = corrections.some(({ correction }) => correction === 'histogram');
  const inOrder = corrections.toSorted(
    (a, b) => correctionNames.indexOf(a.correction) - correctionNames.indexOf(b.correction),
  );
  const referenceOf = (source: Rng) => references[source.fork('reference').int(references.length)]!;
  const apply = (light: Light, { correction, strength }: Correction, source: Rng): Light => {
    switch (correction) {
      case 'shading':
        return shade(light, image, strength, source.fork('shading'));
      case 'blur':
        return blur(light, image, strength);
      case 'sharpen':
        return sharpen(light, image, strength);
      case 'histogram':
        return takeOn(light, image, referenceOf(source).look, strength);
      case 'equalise':
        return equalise(light, image, strength);
      case 'noise':
        return addNoise(light, image, strength, source.fork('noise'));
    }
  };
  return {
    corrections: inOrder,
    match(samples) {
      if (inOrder.length === 0) return samples;
      return mapDataset(samples, (sample) => {
        const source = rng.fork(sample.id);
        let light = lightOf(sample.image);
        for (const correction of inOrder) light = apply(light, correction, source);
        return { ...sample, image: imageOf(light, image) };
      });
    },
    referenceOf: (sampleId) => (takesHistograms ? referenceOf(rng.fork(sampleId)).id : undefined),
  };
}

/** A real picture whose look others take on. */
export interface Reference {
  readonly id: string;
  readonly look: Look;
}

/**
 * The looks of some real pictures, drawn at random where there are many.
 *
 * @throws SimganError NOT_ENOUGH_DATA if there is none
 */
export function readReferences(
  real: Dataset<RealImage>,
  { image, seed }: { image: ImageSpec; seed: number },
): Promise<Reference[]> {
  if (real.length === 0) {
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      'There is no real picture whose histogram could be taken. Add real pictures, or leave the correction histogram out.',
    );
  }
  const rng = sourceOf(seed).fork('references');
  const chosen =
    real.length <= REFERENCES
      ? Array.from({ length: real.length }, (_, i) => i)
      : Array.from({ length: REFERENCES }, () => rng.int(real.length));
  return Promise.all(
    chosen.map(async (index) => {
      const picture = await real.at(index);
      return { id: picture.id, look: lookOf(lightOf(picture.image), image) };
    }),
  );
}

function sourceOf(seed: number): Rng {
  return createRng(seed).fork('match');
}
