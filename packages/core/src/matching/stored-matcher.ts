/** @file A matcher as named arrays and strings, so that a refiner works without its real pictures. */
import { SimganError } from '../errors.ts';
import type { HostTensor } from '../host-tensor.ts';
import type { ImageForm } from '../image.ts';
import { type Correction, matchProblems } from './corrections.ts';
import { type Matcher, matcherOf, type Reference } from './matcher.ts';
import { STEPS } from './tone.ts';

/** The content of a file that stores a matcher. */
export interface StoredMatcher {
  readonly tensors: Readonly<Record<string, HostTensor>>;
  readonly about: Readonly<Record<string, string>>;
}

const QUANTILES = 'matching/quantiles';
const TINTS = 'matching/tints';
const KEY = 'matching';

/** Stores corrections as text, and their histograms: `[references, 129]`, tints `[references, channels, 2]`. */
export function storeMatcher({ corrections, references }: Matcher): StoredMatcher {
  const plain = corrections.map(({ correction, strength }) => ({ correction, strength }));
  const about = { [KEY]: JSON.stringify({ corrections: plain, references: references.map(({ id }) => id) }) };
  const channels = references[0]?.look.tints.length ?? 0;
  if (references.length === 0) return { tensors: {}, about };
  const quantiles = Float32Array.from(references.flatMap(({ look }) => [...look.intensities]));
  const tints = Float32Array.from(
    references.flatMap(({ look }) => look.tints.flatMap(({ mean, deviation }) => [mean, deviation])),
  );
  return {
    tensors: {
      [QUANTILES]: { data: quantiles, shape: [references.length, STEPS + 1] },
      ...(channels > 0 && { [TINTS]: { data: tints, shape: [references.length, channels, 2] } }),
    },
    about,
  };
}

/** Whether an array of a file belongs to its matcher. */
export function isOfMatcher(name: string): boolean {
  return name === QUANTILES || name === TINTS;
}

/**
 * Restores the matcher that {@link storeMatcher} stored; it gives the same bytes. Without stored corrections, a
 * matcher that changes nothing.
 *
 * @throws SimganError INVALID_FILE if the arrays do not fit the text.
 */
export function restoreMatcher(
  { tensors, about }: StoredMatcher,
  { image, seed }: { image: ImageForm; seed: number },
): Matcher {
  const text = about[KEY];
  if (text === undefined) return matcherOf([], [], { image, seed });
  const { corrections, ids } = parseStored(text);
  const [quantiles, tints] = [tensors[QUANTILES], tensors[TINTS]];
  const channels = image.channels === 1 ? 0 : image.channels;
  const fits =
    `${quantiles?.shape ?? [0, STEPS + 1]}` === `${[ids.length, STEPS + 1]}` &&
    (channels === 0 || ids.length === 0 || `${tints?.shape}` === `${[ids.length, channels, 2]}`) &&
    [quantiles, tints].every((array) => array?.data.every(Number.isFinite) ?? true) &&
    (ids.length > 0 || !corrections.some(({ correction }) => correction === 'histogram'));
  if (!fits) throw damaged();
  const references = ids.map((id, i): Reference => {
    const intensities = Float64Array.from(quantiles!.data.subarray(i * (STEPS + 1), (i + 1) * (STEPS + 1)));
    const spreads = Array.from({ length: channels }, (_, channel) => {
      const at = (i * channels + channel) * 2;
      return { mean: tints!.data[at]!, deviation: tints!.data[at + 1]! };
    });
    return { id, look: { intensities, tints: spreads } };
  });
  return matcherOf(corrections, references, { image, seed });
}

function parseStored(text: string): { corrections: Correction[]; ids: string[] } {
  let value: { corrections?: unknown; references?: unknown } | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch (error) {
    throw damaged(error);
  }
  const { corrections, references } = value ?? {};
  const isList = (list: unknown): list is unknown[] => Array.isArray(list) && list.length <= 4096;
  if (!isList(corrections) || !isList(references) || !references.every((id) => typeof id === 'string')) {
    throw damaged();
  }
  const isCorrection = (one: unknown): one is Correction =>
    typeof one === 'object' && one !== null && typeof (one as Correction).strength === 'number';
  if (!corrections.every(isCorrection) || matchProblems(corrections).length > 0) throw damaged();
  return { corrections, ids: references };
}

function damaged(cause?: unknown): SimganError {
  return new SimganError(
    'INVALID_FILE',
    'The corrections of light that the refiner was trained with are damaged. Restore the file, or train again.',
    { cause },
  );
}
