/** @file How a plugin reads other dataset formats, without knowing where files are stored or how they are decoded. */
import pMap from 'p-map';
import { createDataset, type Dataset } from '../dataset.ts';
import { SimganError } from '../errors.ts';
import type { Image, ImageForm, Size } from '../image.ts';
import type { Sample } from '../sample.ts';

/** An input that was left out, and the reason. Readers list them and continue; nothing is dropped silently. */
export interface Reject {
  /** The file relative to the folder that was read (`a/b.png`, `metadata.jsonl:12`, `7.json:head_pose`), or its URL. */
  readonly file: string;
  /** The reason, as a sentence for people. */
  readonly reason: string;
  /** The source that it belongs to, if there are several: `synthetic`, `real`. */
  readonly of?: string;
}

/** Files in a fixed order and the methods to read them, wherever they are stored. */
export interface Folder {
  /** The folder's name in messages. */
  readonly name: string;
  /** Paths relative to the folder with `/` between parts, sorted by code unit; includes subfolders. */
  readonly files: readonly string[];
  /** Entries that could not be listed. */
  readonly rejects: readonly Reject[];
  /**
   * The bytes of a file.
   *
   * @param maxBytes - larger files are refused unread. Default: 1 GiB.
   * @throws SimganError INVALID_FILE if the file cannot be read.
   */
  read(file: string, maxBytes?: number): Promise<Uint8Array>;
  /**
   * Decodes a picture at its own size, rotated by its EXIF orientation.
   *
   * @throws SimganError INVALID_IMAGE if it is damaged, too large or not a picture.
   */
  picture(file: string, form: PictureForm): Promise<Image>;
  /**
   * Decodes a picture and hands it to `use`. Where pictures may be large, this bounds memory: how many pixels are
   * decoded at the same time is limited, and those of a picture count until `use` is done.
   *
   * @returns what `use` returned.
   * @throws SimganError INVALID_IMAGE if it is damaged, too large or not a picture.
   */
  picture<Value>(
    file: string,
    form: PictureForm,
    use: (image: Image) => Value | Promise<Value>,
  ): Promise<Value>;
  /**
   * The size of a picture, rotated by its EXIF orientation, from its header.
   *
   * @throws SimganError INVALID_IMAGE if it is not a picture.
   */
  pictureSize(file: string): Promise<StoredPicture>;
  /**
   * The path of a file on this machine, for formats that are read in place; `undefined` if it is elsewhere.
   *
   * @throws SimganError INVALID_FILE if the folder has no such file.
   */
  locate(file: string): string | undefined;
}

/** How a picture is stored: its size as it is displayed, its colors and bits. */
export interface StoredPicture extends Size {
  /** Without transparency. */
  readonly channels: number;
  readonly bits: number;
}

/** The form that a picture is decoded to, and how large it may be. */
export interface PictureForm extends Pick<ImageForm, 'channels' | 'bits'> {
  /** Pictures of more pixels are refused before they are decoded. Default: 50 million. */
  readonly maxPixels?: number;
}

/** Options for a dataset reader. */
export interface ReaderOptions {
  /** The form that images are converted to; labels follow. */
  readonly image: ImageForm;
  /** Bytes of decoded samples to cache in memory; the others are read again on request. Default: 512 MiB. */
  readonly memoryBudget?: number;
  /** Called with the number of inputs read so far and in all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Labeled pictures, and the inputs that were left out. */
export interface LabeledFolder<Annotation> {
  readonly samples: Dataset<Sample<Annotation>>;
  readonly rejects: readonly Reject[];
}

/**
 * Reads one format. Files of other formats are ignored; files of the format that cannot be used become rejects with
 * their reason, and reading continues.
 */
export type DatasetReader<Annotation> = (
  folder: Folder,
  options: ReaderOptions,
) => Promise<LabeledFolder<Annotation>>;

/** Decoders are asynchronous and few; a handful at a time keeps them busy. */
const CONCURRENCY = 8;
/** The estimated size of a sample's annotation in bytes, enough for some sixty points. */
const ANNOTATION_BYTES = 8192;

/**
 * Reads each input once, several at a time, caches what fits the memory budget and lists what cannot be used: for
 * formats where only decoding shows whether an input is valid. The result does not depend on which input was ready
 * first.
 *
 * @param fileOf - the name of an input in rejects and in the samples' `source`.
 * @param read - the sample of an input, or a reject. An error that it throws becomes a reject too. Between inputs the
 * event loop runs; where one takes long, `read` should look at the signal.
 * @throws the signal's reason if it aborts.
 */
export async function readEach<Input, Annotation>(
  inputs: readonly Input[],
  fileOf: (input: Input) => string,
  read: (input: Input, signal?: AbortSignal) => Promise<Sample<Annotation> | Reject>,
  { memoryBudget = 512 * 2 ** 20, onProgress, signal }: Omit<ReaderOptions, 'image'> = {},
): Promise<LabeledFolder<Annotation>> {
  const outcomes: (Sample<Annotation> | undefined)[] = [];
  const ids: string[] = [];
  const refused = new Map<number, Reject>();
  let used = 0;
  let done = 0;
  const attempt = async (input: Input, stop?: AbortSignal): Promise<Sample<Annotation> | Reject> => {
    try {
      const outcome = await read(input, stop);
      if ('reason' in outcome) return outcome;
      return { ...outcome, source: { file: fileOf(input), ...outcome.source } };
    } catch (error) {
      stop?.throwIfAborted();
      return { file: fileOf(input), reason: reasonOf(error) };
    }
  };
  const rest = restBetween();
  await pMap(
    inputs,
    async (input, index) => {
      await rest();
      signal?.throwIfAborted();
      const outcome = await attempt(input, signal);
      if ('reason' in outcome) refused.set(index, outcome);
      else {
        ids[index] = outcome.id;
        const bytes = outcome.image.data.byteLength + ANNOTATION_BYTES;
        if (used + bytes <= memoryBudget) {
          used += bytes;
          outcomes[index] = outcome;
        }
      }
      onProgress?.(++done, inputs.length);
    },
    { concurrency: CONCURRENCY, ...(signal && { signal }) },
  );
  const usable = inputs.map((_, index) => index).filter((index) => !refused.has(index));
  const readAgain = async (item: number) => {
    const index = usable[item]!;
    const outcome = outcomes[index] ?? (await attempt(inputs[index]!));
    if (!('reason' in outcome)) return outcome;
    throw new SimganError(
      'INVALID_FILE',
      `${outcome.file} was usable at the start and no longer is: ${outcome.reason} ` +
        'Do not change the folder while it is in use, and rerun.',
    );
  };
  const samples = createDataset(usable.length, readAgain, (item) => ids[usable[item]!]!);
  const rejects = inputs.flatMap((_, index) => refused.get(index) ?? []);
  return { samples, rejects };
}

/** Why an input cannot be used. What is not a SimganError is a defect of the reader; one file must not end a run. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'SimganError') return error.message;
  return `Its reader failed (${error instanceof Error ? `${error.name}: ${error.message}` : error}). Please report it.`;
}

/** How long the event loop may wait, milliseconds: signals and timers are heard in between. */
const LONGEST_WAIT = 20;

/** Lets the event loop run if it has not for a while. */
function restBetween(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < LONGEST_WAIT) return;
    await new Promise<void>((resolve) => {
      setTimeout(resolve);
    });
    last = performance.now();
  };
}
