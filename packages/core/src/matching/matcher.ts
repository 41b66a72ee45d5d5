import { type Dataset, mapDataset } from '../dataset.ts';
import { SimganError } from '../errors.ts';
import { formOf, type ImageForm } from '../image.ts';
import { createRng, type Rng } from '../rng.ts';
import type { RealImage } from '../sample.ts';
import { applyInBands, isLocal, PIXELS_PER_BAND } from './bands.ts';
import { blur, sharpen } from './blur.ts';
import { type Correction, checkMatch, correctionNames } from './corrections.ts';
import { equalize } from './equalize.ts';
import { type Look, lookOf, takeOn } from './histogram.ts';
import { compress, drawGridOffset } from './jpeg.ts';
import { type Light, lightOf, storedLight } from './light.ts';
import { addNoise } from './noise.ts';
import { shade } from './shading.ts';

/** The maximum number of real pictures whose histograms are used; more add no visible variety. */
const REFERENCES = 512;

/** Applies corrections to synthetic pictures. */
export interface Matcher {
  /** In the order of application. */
  readonly corrections: readonly Correction[];
  /** The real pictures whose histograms are used; all that a matcher needs of the real set. */
  readonly references: readonly Reference[];
  /** Applies all corrections to one picture. */
  apply<Item extends RealImage>(sample: Item): Item;
  /**
   * Applies all corrections to a dataset; ids, annotations and all other fields pass through. A picture's result
   * depends on the corrections, the seed, its id and the real set alone.
   */
  match<Item extends RealImage>(samples: Dataset<Item>): Dataset<Item>;
  /** The id of the real picture whose histogram a sample takes; `undefined` without the correction `histogram`. */
  referenceOf(indexId: string): string | undefined;
}

/**
 * Creates a matcher from corrections. Without corrections, pictures pass through unchanged.
 *
 * @param corrections - in any order; they are applied in the order of {@link correctionKinds}.
 * @param real - the pictures whose histograms are used; only read for `histogram`, and up to 512 of them.
 * @throws SimganError INVALID_ARGUMENT if the corrections cannot be applied to pictures of this form, NOT_ENOUGH_DATA
 * if there is no real picture to take a histogram from.
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

/** {@link createMatcher} with references that are already read. */
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
    if (isLocal(inOrder) && form.width * form.height > PIXELS_PER_BAND) {
      return { ...sample, image: applyInBands(sample.image, inOrder, { form, source }) };
    }
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
        case 'jpeg':
          light = compress(light, form, strength, drawGridOffset(source.fork('jpeg')));
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

/** A real picture whose look is transferred to others. */
export interface Reference {
  readonly id: string;
  readonly look: Look;
}

/**
 * The looks of up to 512 real pictures; drawn at random, with replacement, if there are more.
 *
 * @throws SimganError NOT_ENOUGH_DATA if there is no real picture.
 */
export function readReferences(
  real: Dataset<RealImage>,
  { image, seed }: { image: ImageForm; seed: number },
): Promise<Reference[]> {
  if (real.length === 0) {
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      'There is no real picture to take a histogram from. Add real pictures, or leave out the correction histogram.',
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
