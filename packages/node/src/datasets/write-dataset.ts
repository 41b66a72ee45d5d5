import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Plugin, Sample } from '@simgan/core';
import { imageProblem, SimganError } from '@simgan/core';
import { idKey, idProblem } from '@simgan/core/reading';
import { makeFolder, writeFileAtomic } from '../files/atomic-file.ts';
import type { Reject } from '../files/reject.ts';
import { encodePicture } from '../pictures/encode-picture.ts';
import {
  COMPANIONS,
  type DatasetHeader,
  fileNameOf,
  type JsonObject,
  PICTURE_HASH,
  SAMPLE_ID,
  SOURCE,
} from './dataset-format.ts';
import { type ExistingOutput, openLog } from './dataset-log.ts';
import type { LabelGeometryOption } from './label-declaration.ts';
import { formatMetadataLine } from './metadata-line.ts';
import { WRITE_AHEAD } from './output-folder.ts';
import { writeCompanions } from './write-companions.ts';

/** Options for {@link writeDataset}. */
export interface WriteDatasetOptions<Annotation> {
  readonly plugin: Pick<Plugin<Annotation>, 'name' | 'image'>;
  /** Whether the annotations are of the plugin's kind or as another program wrote them. Default: `plugin`. */
  readonly annotations?: 'plugin' | 'foreign';
  /** What the fields of foreign annotations are, for whoever reads the dataset at another size. */
  readonly labelGeometry?: LabelGeometryOption | undefined;
  /** The provenance of all samples, for `dataset.json` and each line. A resumed run must have the same. */
  readonly provenance?: JsonObject;
  /** Additional provenance of one sample, for its line. */
  readonly sampleProvenance?: (sample: Sample<Annotation>) => JsonObject;
  /** The position of the first sample in the whole dataset, of which this is a shard. Default: 0. */
  readonly start?: number | undefined;
  /** Further fields of `dataset.json`, such as those of a shard. A resumed run must have the same. */
  readonly headerFields?: object;
  /** Inputs that were left out, for `rejects.jsonl`; a function is called when all samples are written. */
  readonly rejects?: readonly Reject[] | (() => readonly Reject[]);
  /** Default: `refuse`. */
  readonly existing?: ExistingOutput;
  /** Names in the folder that the caller writes itself; see {@link inspectOutput}. */
  readonly companions?: readonly string[];
  /**
   * Called with each line of the metadata in order, those that were there before included, once its picture is written.
   * The next sample waits for it.
   */
  readonly onLine?: ((line: string) => Promise<void>) | undefined;
  /** Called after each sample with how many the dataset now has. */
  readonly onProgress?: ((written: number) => void) | undefined;
  /** Stops between samples; what is written can be resumed. */
  readonly signal?: AbortSignal | undefined;
}

/** The result of {@link writeDataset}. */
export interface WrittenDataset {
  /** Samples in the dataset. */
  readonly count: number;
  /** Samples that were there already. */
  readonly resumed: number;
}

/**
 * Writes a dataset folder that Hugging Face's `imagefolder` loads:
 *
 * - `images/0000000.png` and so on, exact in 8 and 16 bits, or `.tif` with exact floats, named by position: a name made of an id could be taken for a
 *   split (`train/2.png`), a class or a file of another sample;
 * - `metadata.jsonl`, a line for each sample: `file_name`, the annotation's fields, and under `simgan` its
 *   provenance, its id and the SHA-256 of its picture. Companions of samples (masks, depth) are files in a folder of each
 *   kind, `companions/mask/0000000.png`, which the field names that named them before, or an added `mask_file_name`. An annotation that {@link readDataset} read is written byte for byte as it stood;
 * - `rejects.jsonl`, a line for each input that was left out, companions that could not follow their picture included;
 * - `dataset.json`, written last: form of the images, provenance, count, and the hash of `metadata.jsonl`.
 *
 * Until then the metadata is `metadata.jsonl.partial` beside a `dataset.json.partial`: the folder is an
 * interrupted run, which `existing: 'resume'` completes to the same bytes as if it had never stopped, wherever
 * it was killed. A file either has all its bytes or does not bear its name. Images are written a few ahead of
 * their lines.
 *
 * @param samples - in a fixed order, ids unique. A function is given a test for what is already written and may
 * leave those samples out, which spares making them; samples that come all the same are skipped.
 * The folder is locked meanwhile, so that two programs never write to it at the same time; what is resumed is verified
 * by its hashes, and at the end every picture that a line names must be there.
 *
 * @throws SimganError OUTPUT_EXISTS if the folder is not free, OUTPUT_LOCKED if another process writes to it,
 * OUTPUT_FAILED if a file cannot be written or has vanished,
 * INVALID_ARGUMENT for an id that cannot name a file or comes twice or an annotation that is not plain JSON,
 * INVALID_IMAGE for an image that is not of the plugin's form; the signal's reason if it aborts. Except for the
 * first, what is written stays and can be resumed.
 */
export async function writeDataset<Annotation>(
  dir: string,
  samples:
    | AsyncIterable<Sample<Annotation>>
    | ((isWritten: (id: string) => boolean) => AsyncIterable<Sample<Annotation>>),
  options: WriteDatasetOptions<Annotation>,
): Promise<WrittenDataset> {
  const { plugin, rejects = [], companions = [], onProgress, signal } = options;
  const { existing = 'refuse', provenance = {}, sampleProvenance, annotations = 'plugin' } = options;
  const header: DatasetHeader = {
    format: 'simgan-dataset',
    version: 1,
    plugin: plugin.name,
    annotations,
    image: plugin.image,
    ...(options.labelGeometry && { labelGeometry: options.labelGeometry }),
    provenance,
    ...options.headerFields,
  };
  const log = await openLog(dir, header, existing, { companions, start: options.start ?? 0 });
  const seen = new Set<string>();
  const madeFolders = new Set<string>();

  const prepare = async (sample: Sample<Annotation>, place: number): Promise<string> => {
    const fileName = fileNameOf(place, plugin.image);
    const { id, image, annotation, source } = sample;
    const { provenance: companions, changesIn } = await writeCompanions(dir, sample, place);
    const own = {
      ...provenance,
      ...sampleProvenance?.(sample),
      [SAMPLE_ID]: id,
      ...(source && { [SOURCE]: { ...source } as JsonObject }),
      ...(companions.length > 0 && { [COMPANIONS]: companions as unknown as JsonObject[] }),
    };
    const lineOf = (hash: string) =>
      formatMetadataLine(id, fileName, annotation, { ...own, [PICTURE_HASH]: hash }, changesIn);
    // An annotation that cannot be written is refused before its picture is there.
    lineOf('');
    const problem = imageProblem(image, plugin.image);
    if (problem)
      throw new SimganError('INVALID_IMAGE', `The image of sample ${id} cannot be written: ${problem}.`);
    const file = join(dir, fileName);
    if (!madeFolders.has(dirname(file))) {
      await makeFolder(dirname(file));
      madeFolders.add(dirname(file));
    }
    const { bytes } = await encodePicture(image);
    await writeFileAtomic(file, bytes);
    return lineOf(createHash('sha256').update(bytes).digest('hex'));
  };

  const underWay: Promise<string>[] = [];
  let position = log.next;
  // A line leaves the queue when it is in the log, so that lines keep their order whatever fails.
  const settleOne = async () => {
    const line = await underWay[0]!;
    await log.append(line);
    underWay.shift();
    await options.onLine?.(line);
    onProgress?.(log.count());
  };
  try {
    const isWritten = (id: string) => log.isWritten(id);
    if (options.onLine) for await (const line of log.lines()) await options.onLine(line);
    for await (const sample of typeof samples === 'function' ? samples(isWritten) : samples) {
      signal?.throwIfAborted();
      checkId(sample.id, seen);
      if (isWritten(sample.id)) continue;
      await log.begin();
      if (underWay.length >= WRITE_AHEAD) await settleOne();
      const line = prepare(sample, position++);
      // Awaited in order below; without this a failure in between would count as unhandled.
      line.catch(() => {});
      underWay.push(line);
    }
    while (underWay.length > 0) await settleOne();
    signal?.throwIfAborted();
    await log.finish(typeof rejects === 'function' ? rejects() : rejects);
  } catch (error) {
    // What is on its way is let finish and logged as far as it goes, so that resuming repeats little.
    try {
      while (underWay.length > 0) await settleOne();
    } catch {
      // The error to report is the first.
    }
    throw error;
  } finally {
    await Promise.allSettled(underWay);
    await log.close();
  }
  return { count: log.count(), resumed: log.resumed };
}

function checkId(id: string, seen: Set<string>): void {
  const problem = idProblem(id);
  if (problem) {
    throw new SimganError('INVALID_ARGUMENT', `The id ${JSON.stringify(id)} cannot name a file: ${problem}.`);
  }
  const key = idKey(id);
  if (seen.has(key)) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `Two samples have the id ${JSON.stringify(id)}, or ids that differ only in case; each needs its own file.`,
    );
  }
  seen.add(key);
}
