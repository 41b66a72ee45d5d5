import { dirname, join } from 'node:path';
import type { Plugin, Sample } from '@simgan/core';
import { imageProblem, SimganError } from '@simgan/core';
import { idKey, idProblem } from '@simgan/core/reading';
import { makeFolder, writeFileAtomic } from '../files/atomic-file.ts';
import type { Reject } from '../files/reject.ts';
import { encodePng } from '../pictures/pixels.ts';
import { type DatasetHeader, IMAGES, type JsonObject } from './dataset-format.ts';
import { type ExistingOutput, openLog } from './dataset-log.ts';
import { formatMetadataLine } from './metadata-line.ts';
import { WRITE_AHEAD } from './output-folder.ts';

/** How {@link writeDataset} writes. */
export interface WriteDatasetOptions<Annotation> {
  readonly plugin: Pick<Plugin<Annotation>, 'name' | 'image'>;
  /** Whether the annotations are of the plugin's kind (as unless given) or as another program wrote them. */
  readonly annotations?: 'plugin' | 'foreign';
  /** How the samples were made, for `dataset.json` and each line. A resumed run must have the same. */
  readonly provenance?: JsonObject;
  /** What to add to one sample's provenance in its line. */
  readonly sampleProvenance?: (sample: Sample<Annotation>) => JsonObject;
  /** Inputs that were left out, for `rejects.jsonl`. */
  readonly rejects?: readonly Reject[];
  /** `refuse` unless given. */
  readonly existing?: ExistingOutput;
  /** Names in the folder that the caller writes itself; see {@link inspectOutput}. */
  readonly companions?: readonly string[];
  /** Called after each sample with how many the dataset now has. */
  readonly onProgress?: ((written: number) => void) | undefined;
  /** Stops between samples; what is written can be resumed. */
  readonly signal?: AbortSignal | undefined;
}

/** What {@link writeDataset} wrote. */
export interface WrittenDataset {
  /** Samples in the dataset. */
  readonly count: number;
  /** Samples that were there already. */
  readonly resumed: number;
}

/**
 * Writes a dataset folder that Hugging Face's `imagefolder` loads:
 *
 * - `images/<id>.png`, exact in 8 and 16 bits;
 * - `metadata.jsonl`, a line for each sample: `file_name`, the annotation's fields, and under `simgan` its
 *   provenance. An annotation that {@link readDataset} read is written byte for byte as it stood;
 * - `rejects.jsonl`, a line for each input that was left out;
 * - `dataset.json`, written last: form of the images, provenance, count, and the hash of `metadata.jsonl`.
 *
 * Until then the metadata is `metadata.jsonl.partial` beside a `dataset.json.partial`: the folder is an
 * interrupted run, which `existing: 'resume'` completes to the same bytes as if it had never stopped, wherever
 * it was killed. A file either has all its bytes or does not bear its name. Images are written a few ahead of
 * their lines.
 *
 * @param samples - in a fixed order, ids unique. A function is given a test for what is already written and may
 * leave those samples out, which spares making them; samples that come all the same are skipped.
 * @throws SimganError OUTPUT_EXISTS if the folder is not free, OUTPUT_FAILED if a file cannot be written,
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
    provenance,
  };
  const log = await openLog(dir, header, existing, companions);
  const seen = new Set<string>();
  const madeFolders = new Set<string>();

  const prepare = async (sample: Sample<Annotation>): Promise<string> => {
    const { id, image, annotation } = sample;
    const fileName = fileNameOf(id);
    const line = formatMetadataLine(id, fileName, annotation, {
      ...provenance,
      ...sampleProvenance?.(sample),
    });
    const problem = imageProblem(image, plugin.image);
    if (problem)
      throw new SimganError('INVALID_IMAGE', `The image of sample ${id} cannot be written: ${problem}.`);
    const file = join(dir, fileName);
    if (!madeFolders.has(dirname(file))) {
      await makeFolder(dirname(file));
      madeFolders.add(dirname(file));
    }
    await writeFileAtomic(file, await encodePng(image));
    return line;
  };

  const underWay: Promise<string>[] = [];
  // A line leaves the queue when it is in the log, so that lines keep their order whatever fails.
  const settleOne = async () => {
    await log.append(await underWay[0]!);
    underWay.shift();
    onProgress?.(log.count());
  };
  try {
    const isWritten = (id: string) => log.isWritten(fileNameOf(id));
    for await (const sample of typeof samples === 'function' ? samples(isWritten) : samples) {
      signal?.throwIfAborted();
      checkId(sample.id, seen);
      if (isWritten(sample.id)) continue;
      await log.begin();
      if (underWay.length >= WRITE_AHEAD) await settleOne();
      const line = prepare(sample);
      // Awaited in order below; without this a failure in between would count as unhandled.
      line.catch(() => {});
      underWay.push(line);
    }
    while (underWay.length > 0) await settleOne();
    signal?.throwIfAborted();
    await log.finish(rejects);
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

/** Where {@link writeDataset} puts the picture of a sample, relative to the dataset's folder. */
export function fileNameOf(id: string): string {
  return `${IMAGES}/${id}.png`;
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
