/** @file How a plugin reads other dataset formats, without knowing where files lie or how they are decoded. */
import pMap from 'p-map';
import { createDataset, type Dataset } from '../dataset.ts';
import { SimganError } from '../errors.ts';
import type { Image, ImageForm } from '../image.ts';
import type { Sample } from '../sample.ts';

/** An input that was left out, and why. Readers list them and go on; nothing is dropped in silence. */
export interface Reject {
  /** The file relative to the folder that was read (`a/b.png`, `metadata.jsonl:12`, `7.json:head_pose`), or its URL. */
  readonly file: string;
  /** A sentence for people. */
  readonly reason: string;
  /** Of which of several sources it was, where there are several: `synthetic`, `real`. */
  readonly of?: string;
}

/** Files in a fixed order and the means to read them, wherever they lie. */
export interface Folder {
  /** For messages. */
  readonly name: string;
  /** Paths relative to the folder with `/` between parts, sorted by code unit; also those of subfolders. */
  readonly files: readonly string[];
  /** What could not be listed. */
  readonly rejects: readonly Reject[];
  /** @throws SimganError INVALID_FILE if the file cannot be read. */
  read(file: string): Promise<Uint8Array>;
  /**
   * Decodes a picture at its own size, turned as its EXIF orientation says.
   *
   * @throws SimganError INVALID_IMAGE if it is damaged, too large or no picture.
   */
  picture(file: string, form: Pick<ImageForm, 'channels' | 'bits'>): Promise<Image>;
  /**
   * The path of a file on this machine, for formats that are read in place; `undefined` where it is elsewhere.
   *
   * @throws SimganError INVALID_FILE if the folder has no such file.
   */
  locate(file: string): string | undefined;
}

/** Options for a dataset reader. */
export interface ReaderOptions {
  /** The form that images are brought to; labels follow. */
  readonly image: ImageForm;
  /** Bytes of decoded samples to keep in memory; the others are read again when asked for. Default: 512 MiB. */
  readonly memoryBudget?: number;
  /** Called with how many inputs were looked at and how many there are. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Labeled pictures, and what was left out. */
export interface LabeledFolder<Annotation> {
  readonly samples: Dataset<Sample<Annotation>>;
  readonly rejects: readonly Reject[];
}

/**
 * Reads one format. Files that are not of the format are passed over; those that are and cannot be used are
 * rejects with their reason, and the rest goes on.
 */
export type DatasetReader<Annotation> = (
  folder: Folder,
  options: ReaderOptions,
) => Promise<LabeledFolder<Annotation>>;

/** Decoders are asynchronous and few; a handful at a time keeps them busy. */
const CONCURRENCY = 8;
/** What a sample's annotation takes beside its pixels, bytes: an estimate for some sixty points. */
const ANNOTATION_BYTES = 8192;

/**
 * Reads each input once, several at a time, keeps what fits the memory budget and lists what cannot be used: for
 * formats where only decoding tells whether an input is sound. The result does not depend on what was ready first.
 *
 * @param read - the sample of an input, or why it is left out; what it throws is a reject too, under `fileOf`.
 */
export async function readEach<Input, Annotation>(
  inputs: readonly Input[],
  fileOf: (input: Input) => string,
  read: (input: Input) => Promise<Sample<Annotation> | Reject>,
  { memoryBudget = 512 * 2 ** 20, onProgress, signal }: Omit<ReaderOptions, 'image'> = {},
): Promise<LabeledFolder<Annotation>> {
  const outcomes: (Sample<Annotation> | undefined)[] = [];
  const ids: string[] = [];
  const refused = new Map<number, Reject>();
  let used = 0;
  let done = 0;
  await pMap(
    inputs,
    async (input, index) => {
      const outcome = await read(input).catch((error: unknown): Reject => {
        signal?.throwIfAborted();
        if (!(error instanceof SimganError)) throw error;
        return { file: fileOf(input), reason: error.message };
      });
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
    const outcome = outcomes[index] ?? (await read(inputs[index]!));
    if (!('reason' in outcome)) return outcome;
    throw new SimganError(
      'INVALID_FILE',
      `${outcome.file} was usable at the start and no longer is: ${outcome.reason} ` +
        'Leave the folder alone while it is in use, then run it again.',
    );
  };
  const samples = createDataset(usable.length, readAgain, (item) => ids[usable[item]!]!);
  const rejects = inputs.flatMap((_, index) => refused.get(index) ?? []);
  return { samples, rejects };
}
