import { type Dataset, mapDataset } from '../dataset.ts';
import { SimganError } from '../errors.ts';
import { formOf, type ImageForm } from '../image.ts';
import { createRng, type Rng } from '../rng.ts';
import type { RealImage } from '../sample.ts';
import { blur, sharpen } from './blur.ts';
import { type Correction, checkMatch, correctionNames } from './corrections.ts';
import { equalize } from './equalize.ts';
import { type Look, lookOf, takeOn } from './histogram.ts';
import { type Light, lightOf, storedLight } from './light.ts';
import { addNoise } from './noise.ts';
import { shade } from './shading.ts';

/** How many real pictures lend their histograms; more give no more variety that can be seen. */
const REFERENCES = 512;

/** Applies corrections to synthetic pictures. */
export interface Matcher {
  /** In the order of application. */
  readonly corrections: readonly Correction[];
  /** The real pictures whose histograms are taken; all that a matcher needs of the real set. */
  readonly references: readonly Reference[];
  /** One picture after all corrections. */
  apply<Item extends RealImage>(sample: Item): Item;
  /**
   * The pictures after all corrections; ids, annotations and whatever else an item holds pass through. A picture's
   * result depends on the corrections, the seed, its id and the real set alone.
   */
  match<Item extends RealImage>(samples: Dataset<Item>): Dataset<Item>;
  /** The id of the real picture whose histogram a sample takes; `undefined` if no histograms are taken. */
  referenceOf(indexId: string): string | undefined;
}

/**
 * A matcher of corrections; without any, pictures pass through as they are.
 *
 * @param corrections - in any order; they are applied in that of {@link correctionKinds}
 * @param real - whose histograms are taken; looked at for `histogram` only, and up to 512 of them
 * @throws SimganError INVALID_ARGUMENT if they cannot be applied to pictures of this form, NOT_ENOUGH_DATA if there
 * is no real picture to take a histogram from
 */
export async function createMatcher(
  corrections: readonly Correction[],
  real: Dataset<RealImage>,
  { image, seed }: { image: ImageForm; seed: number },
): Promise<Matcher> {
  checkMatch(corrections, image);
  const takesHistograms = corrections.some(({ correction }) => correction === 'histogram');
  const references = takesHistograms ? await readReferences(real, { image, seed }) : [];
  return matcherOf(corrections, references, { image, seed });
}

/** {@link createMatcher} with references that were read before. */
export function matcherOf(
  corrections: readonly Correction[],
  references: readonly Reference[],
  { image, seed }: { image: ImageForm; seed: number },
): Matcher {
  const rng = sourceOf(seed);
  const takesHistograms = corrections.some(({ correction }) => correction === 'histogram');
  const inOrder = corrections.toSorted(
    (a, b) => correctionNames.indexOf(a.correction) - correctionNames.indexOf(b.correction),
  );
  const referenceOf = (source: Rng) => references[source.fork('reference').int(references.length)]!;
  const apply = <Item extends RealImage>(sample: Item): Item => {
    if (inOrder.length === 0) return sample;
    const form = formOf(sample.image, image);
    const source = rng.fork(sample.id);
    let light: Light = lightOf(sample.image);
    for (const { correction, strength } of inOrder) {
      switch (correction) {
        case 'shading':
          light = shade(light, form, strength, source.fork('shading'));
          break;
        case 'blur':
          light = blur(light, form, strength);
          break;
        case 'sharpen':
          light = sharpen(light, form, strength);
          break;
        case 'histogram':
          light = takeOn(light, form, referenceOf(source).look, strength);
          break;
        case 'equalize':
          light = equalize(light, form, strength);
          break;
        case 'noise':
          light = addNoise(light, form, strength, source.fork('noise'));
          break;
      }
    }
    return { ...sample, image: storedLight(light, form) };
  };
  return {
    corrections: inOrder,
    references: takesHistograms ? references : [],
    apply,
    match: (samples) => (inOrder.length === 0 ? samples : mapDataset(samples, apply)),
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
  { image, seed }: { image: ImageForm; seed: number },
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
      return { id: picture.id, look: lookOf(lightOf(picture.image), formOf(picture.image, image)) };
    }),
  );
}

function sourceOf(seed: number): Rng {
  return createRng(seed).fork('match');
}
