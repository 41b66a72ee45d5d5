import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import type { Image, ImageForm } from '@simgan/core';
import { SimganError } from '@simgan/core';
import pMap from 'p-map';
import { fetchBytes, isWebUrl } from '../files/fetch-bytes.ts';
import { type Reject, reasonOf } from '../files/reject.ts';
import { type DecodeOptions, decodeDefaults } from './decode-options.ts';
import { type DecodedPicture, decodePicture, type PictureFacts, readPicture } from './decode-picture.ts';
import { openPictureCache } from './picture-cache.ts';
import { isNamedAsPicture, pictureKind, SIGNATURE_LENGTH } from './picture-kind.ts';
import { probePicture } from './probe-picture.ts';
import { checkStoredRange, rangeOfHighest, type StoredRange } from './stored-range.ts';

/** How many files are decoded at once: enough to keep the decoders busy, few enough to bound memory. */
const PARALLEL_FILES = Math.min(8, Math.max(2, availableParallelism()));

/** Options for loading pictures. */
export interface LoadOptions extends DecodeOptions {
  /**
   * Bytes of decoded pixels to keep in memory. Pictures beyond it are decoded again each time they are asked for.
   * Pictures from URLs are always kept. Default: 512 MiB.
   */
  readonly memoryBudget?: number;
  /**
   * What names the set among others, such as its folder's path: pictures of large sets are then decoded once and kept
   * between runs (`pictureCacheFolder`). Default: nothing is kept.
   */
  readonly cachedAs?: string | undefined;
  /** Sets of fewer pictures are not kept between runs. Default: 1000, of which decoding takes long. */
  readonly cachedFrom?: number | undefined;
  /**
   * Sets of at least so many pictures are opened by the headers of their files where these say all; what is damaged
   * beyond that shows when it is asked for. Default: all are decoded at the start.
   */
  readonly probedFrom?: number | undefined;
  /** Called after each picture, with how many were looked at and how many there are. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A picture to load: its location, and its name in reports. */
export interface PictureSource {
  /** In reports: the path relative to the folder, or the URL. */
  readonly name: string;
  /** A file's path or an http(s) URL. */
  readonly location: string;
  /** Whether a file that neither is nor is named as a picture may be skipped without a report. */
  readonly isOptional?: boolean;
}

/** Pictures that were all decoded once, so that those that cannot be used are known from the start. */
export interface LoadedPictures<Source extends PictureSource> {
  readonly usable: readonly Source[];
  /** The image of `usable[index]`. */
  imageAt(index: number): Promise<Image>;
  readonly rejects: readonly Reject[];
  /** Files that were skipped because they neither are nor are named as pictures. */
  readonly ignored: number;
  /** Pictures that had to be scaled. */
  readonly resized: number;
  /** Pictures with transparency, which became 0. */
  readonly transparent: number;
  /** What was done to the picture of `usable[index]`. */
  factsOf(index: number): PictureFacts;
  /** Which stored values of 16-bit pictures became black and white, if it is not the whole range. */
  readonly range?: StoredRange;
  /** The lowest and the highest value of all pictures of floats, if there are any. */
  readonly span?: readonly [low: number, high: number];
}

/** What is worth saying of pictures that were loaded. */
interface PictureNews {
  readonly resized: number;
  readonly transparent?: number;
  readonly range?: StoredRange;
  readonly span?: readonly [low: number, high: number];
}

/** What is to be said of pictures that were loaded. */
export function saidOf({ resized, transparent = 0, range, span }: PictureNews) {
  return {
    resized,
    ...(transparent > 0 && { transparent }),
    ...(range && { range }),
    ...(span && { span }),
  };
}

/**
 * Decodes every picture, several at a time, keeps what fits the memory budget and lists what cannot be used.
 * The result does not depend on which picture was ready first, but for which ones are kept.
 */
export async function loadPictures<Source extends PictureSource>(
  sources: readonly Source[],
  form: ImageForm,
  options: LoadOptions = {},
): Promise<LoadedPictures<Source>> {
  const { memoryBudget = 512 * 2 ** 20, onProgress, signal, valueRange } = options;
  if (valueRange) checkStoredRange(valueRange);
  const cache = await openCache(sources.length, form, options);
  const outcomes: (Outcome | undefined)[] = [];
  let used = 0;
  const isProbed = sources.length >= (options.probedFrom ?? Number.POSITIVE_INFINITY);
  const loadAt = async (index: number, decoding: LoadOptions) => {
    const source = sources[index]!;
    const probed =
      isProbed && !isWebUrl(source.location) ? probePicture(source.location, form, options) : undefined;
    if (probed) {
      const known = cache?.find(source.name, source.location);
      outcomes[index] = {
        image: undefined,
        facts: probed,
        ...(known ? { cached: known.image } : { isProbed: true }),
      };
      if (index % 256 === 0) await setImmediate();
      return;
    }
    const known = cache?.find(source.name, source.location);
    const outcome: Outcome = known
      ? { image: undefined, facts: known.facts, cached: known.image }
      : await load(source, form, decoding);
    // What the values of 16 bits become depends on the whole set.
    if (
      cache &&
      !known &&
      'image' in outcome &&
      outcome.image &&
      outcome.facts.highest === undefined &&
      !(valueRange && outcome.facts.span)
    ) {
      cache.add(source.name, source.location, outcome.image, outcome.facts);
    }
    if ('image' in outcome && outcome.image) {
      const fits = used + outcome.image.data.byteLength <= memoryBudget;
      if (fits || isWebUrl(source.location)) used += outcome.image.data.byteLength;
      else outcome.image = undefined;
    }
    outcomes[index] = outcome;
  };
  const inParallel = { concurrency: PARALLEL_FILES, ...(signal && { signal }) };
  let done = 0;
  await pMap(
    sources.keys(),
    async (index) => {
      await loadAt(index, options);
      onProgress?.(++done, sources.length);
    },
    inParallel,
  );
  await cache?.tidy();
  const range = valueRange ?? rangeOfHighest(highestOf(outcomes));
  const decoding = range ? { ...options, valueRange: range } : options;
  if (range && !valueRange) {
    const deep = outcomes.flatMap((outcome, index) => (highestIn(outcome) === undefined ? [] : index));
    for (const index of deep) {
      const outcome = outcomes[index] as { image: Image | undefined };
      used -= outcome.image?.data.byteLength ?? 0;
    }
    await pMap(deep, (index) => loadAt(index, decoding), inParallel);
  }

  const usable: Source[] = [];
  const kept: (Image | undefined)[] = [];
  const cached: ((() => Image) | undefined)[] = [];
  const probed = new Set<number>();
  const rejects: Reject[] = [];
  let ignored = 0;
  let resized = 0;
  let transparent = 0;
  const facts: PictureFacts[] = [];
  let span: [low: number, high: number] | undefined;
  for (const [index, outcome] of outcomes.entries()) {
    const source = sources[index]!;
    if (outcome === undefined || 'isIgnored' in outcome) ignored++;
    else if ('reason' in outcome) rejects.push({ file: source.name, reason: outcome.reason });
    else {
      usable.push(source);
      if (outcome.isProbed) probed.add(kept.length);
      kept.push(outcome.cached ? undefined : outcome.image);
      cached.push(outcome.cached);
      facts.push(outcome.facts);
      const own = outcome.facts.span;
      if (own) span = span ? [Math.min(span[0], own[0]), Math.max(span[1], own[1])] : [...own];
      if (outcome.facts.isResized) resized++;
      if (outcome.facts.hasAlpha) transparent++;
    }
  }
  return {
    usable,
    rejects,
    ignored,
    resized,
    transparent,
    factsOf: (index) => facts[index]!,
    ...(range && { range }),
    ...(span && { span }),
    async imageAt(index) {
      const known = kept[index];
      if (known) return known;
      const isFirst = probed.has(index);
      const source = usable[index]!;
      const image =
        cached[index]?.() ??
        (isFirst ? (await decode(source, form, decoding)).image : await decodeAgain(source, form, decoding));
      if (isFirst) {
        probed.delete(index);
        cache?.add(source.name, source.location, image, facts[index]!);
      }
      // Of what was opened by its header or decoded by an earlier run, memory holds nothing until it is asked for.
      if ((cached[index] || isFirst) && used + image.data.byteLength <= memoryBudget) {
        used += image.data.byteLength;
        kept[index] = image;
      }
      return image;
    },
  };
}

/** What earlier runs decoded of the same set in the same way. */
function openCache(
  length: number,
  form: ImageForm,
  { cachedAs, cachedFrom = 1000, ...options }: LoadOptions,
) {
  if (cachedAs === undefined || length < cachedFrom) return undefined;
  const { fit, maxPixels, maxBytes, minScale } = { ...decodeDefaults, ...options };
  return openPictureCache({ version: 1, cachedAs, form, fit, maxPixels, maxBytes, minScale });
}

type Outcome =
  | { image: Image | undefined; facts: PictureFacts; cached?: () => Image; isProbed?: boolean }
  | { reason: string }
  | { isIgnored: true };

function highestIn(outcome: Outcome | undefined): number | undefined {
  return outcome && 'facts' in outcome ? outcome.facts.highest : undefined;
}

/** The highest stored value of pictures whose 16 bits became 8. */
function highestOf(outcomes: readonly (Outcome | undefined)[]): number | undefined {
  let highest: number | undefined;
  for (const outcome of outcomes) {
    const own = highestIn(outcome);
    if (own !== undefined) highest = Math.max(own, highest ?? 0);
  }
  return highest;
}

async function load(source: PictureSource, form: ImageForm, options: LoadOptions): Promise<Outcome> {
  try {
    if (source.isOptional && !isNamedAsPicture(source.location) && !(await isPicture(source.location))) {
      return { isIgnored: true };
    }
    const { image, ...facts } = await decode(source, form, options);
    return { image, facts };
  } catch (error) {
    options.signal?.throwIfAborted();
    return { reason: error instanceof SimganError ? error.message : reasonOf(error) };
  }
}

async function decode(source: PictureSource, form: ImageForm, options: LoadOptions): Promise<DecodedPicture> {
  if (!isWebUrl(source.location)) return readPicture(source.location, form, options);
  const { maxBytes = decodeDefaults.maxBytes, signal } = options;
  return decodePicture(await fetchBytes(source.location, { maxBytes, signal }), form, options);
}

async function decodeAgain(source: PictureSource, form: ImageForm, options: LoadOptions): Promise<Image> {
  try {
    return (await decode(source, form, options)).image;
  } catch (error) {
    throw new SimganError(
      'INVALID_FILE',
      `The picture ${source.location} was usable at the start and no longer is: ${reasonOf(error)} ` +
        'Leave the folder alone while it is in use, then run it again.',
      { cause: error },
    );
  }
}

/** Whether a file is a picture by its content; reads no more than the signature. */
async function isPicture(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const start = new Uint8Array(SIGNATURE_LENGTH);
    const { bytesRead } = await handle.read(start, 0, SIGNATURE_LENGTH, 0);
    return pictureKind(start.subarray(0, bytesRead)) !== undefined;
  } finally {
    await handle.close();
  }
}
