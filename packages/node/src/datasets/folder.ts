import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Dataset, type DatasetReader, type Image, type Sample, SimganError } from '@simgan/core';
import {
  type Folder,
  idKey,
  idProblem,
  idsOfNames,
  type LabeledFolder,
  type PictureForm,
  type ReaderOptions,
} from '@simgan/core/reading';
import { listFiles } from '../files/list-files.ts';
import { firstRejects, reasonOf } from '../files/reject.ts';
import type { DecodeOptions } from '../pictures/decode-options.ts';
import { usePictureFile } from '../pictures/decode-picture.ts';
import { readPictureSize } from '../pictures/picture-header.ts';
import { checkFolder } from './read-images.ts';

/**
 * A directory with its subfolders as a {@link Folder}. Only files that were listed when it was opened can be read.
 *
 * @throws SimganError NOT_ENOUGH_DATA if there is no such directory.
 * @example
 * ```ts no-run
 * const folder = await openFolder('recordings');
 * const image = await folder.picture('day01/0001.png', { channels: 1, bits: 8 });
 * ```
 */
export async function openFolder(
  dir: string,
  options: Pick<DecodeOptions, 'maxPixels' | 'maxBytes' | 'pixelBudget'> = {},
): Promise<Folder> {
  await checkFolder(dir);
  const { files, rejects } = await listFiles(dir);
  const root = resolve(dir);
  const known = new Set(files);
  const locate = (file: string): string => {
    // Only what was listed: a path in a file of labels must not lead out of the folder.
    if (!known.has(file)) throw new SimganError('INVALID_FILE', `There is no file ${file} in ${dir}.`);
    return join(root, file);
  };
  const failing = (file: string) => (error: unknown) => {
    // Only the system's errors are about the file: whoever uses a picture has errors of its own.
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new SimganError('INVALID_FILE', `${file} cannot be read. ${reasonOf(error)}`, { cause: error });
  };
  const read = async (file: string, maxBytes = LARGEST_FILE): Promise<Uint8Array> => {
    const path = locate(file);
    const { size } = await stat(path).catch(failing(file));
    if (size > maxBytes) {
      throw new SimganError(
        'INVALID_FILE',
        `${file} has ${size} bytes, and at most ${maxBytes} are read of such a file.`,
      );
    }
    return readFile(path).catch(failing(file));
  };
  const picture = async <Value>(
    file: string,
    { channels, bits, maxPixels }: PictureForm,
    use: (image: Image) => Value | Promise<Value>,
  ): Promise<Value> => {
    const limits = { ...options, ...(maxPixels !== undefined && { maxPixels }) };
    return usePictureFile(locate(file), { channels, bits }, limits, ({ image }) => use(image)).catch(
      failing(file),
    );
  };
  return {
    name: dir,
    files,
    rejects,
    read,
    picture: <Value = Image>(
      file: string,
      form: PictureForm,
      use: (image: Image) => Value | Promise<Value> = (image) => image as Value,
    ) => picture(file, form, use),
    pictureSize: async (file) => readPictureSize(locate(file)).catch(failing(file)),
    locate,
  };
}

/** Larger files are read in place, or not at all. */
const LARGEST_FILE = 2 ** 30;

/**
 * Reads a directory with one of a plugin's readers. If any id of the reader's cannot name a file or comes twice, all are
 * made valid and unique, and a sample's `source` has the reader's own.
 *
 * @throws SimganError NOT_ENOUGH_DATA if it has no usable sample, with the first reasons.
 * @example
 * ```ts no-run
 * const plugin = eyes();
 * const { samples, rejects } = await readFormat('MPIIGaze/Data/Normalized', plugin.readers.mpiigaze, {
 *   image: plugin.image,
 * });
 * ```
 */
export async function readFormat<Annotation>(
  dir: string,
  reader: DatasetReader<Annotation>,
  options: ReaderOptions,
): Promise<LabeledFolder<Annotation>> {
  const folder = await openFolder(dir);
  const failing = (what: string) => (error: unknown) => {
    options.signal?.throwIfAborted();
    if (error instanceof Error && error.name === 'SimganError') throw error;
    throw new SimganError(
      'INVALID_FILE',
      `The reader of this format fails at ${what}: ${error instanceof Error ? error.message : error}.`,
      { cause: error },
    );
  };
  const read = await Promise.resolve()
    .then(() => reader(folder, options))
    .catch(failing(dir));
  const rejects = [...folder.rejects, ...read.rejects];
  if (read.samples.length === 0) {
    const count = folder.files.length;
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `There is no usable sample of this format in ${dir}: ${count} ${count === 1 ? 'file was' : 'files were'} looked at, ` +
        `${rejects.length} rejected.${firstRejects(rejects)}`,
    );
  }
  const { samples } = read;
  const ids = usableIds(samples);
  const named = (sample: Sample<Annotation>, index: number): Sample<Annotation> => {
    const id = ids?.[index];
    if (id === undefined || id === sample.id) return sample;
    return { ...sample, id, source: { file: sample.id, ...sample.source, id: sample.id } };
  };
  return {
    samples: {
      length: samples.length,
      at: (index) =>
        samples
          .at(index)
          .catch(failing(`sample ${samples.id(index)} of ${dir}`))
          .then((sample) => named(sample, index)),
      id: (index) => ids?.[index] ?? samples.id(index),
      async *[Symbol.asyncIterator]() {
        let index = 0;
        try {
          for await (const sample of samples) yield named(sample, index++);
        } catch (error) {
          failing(dir)(error);
        }
      },
    },
    rejects,
  };
}

/** Ids in place of a reader's, if any of those is not valid or not unique; `undefined` if they can stay. */
function usableIds(samples: Dataset<unknown>): string[] | undefined {
  const keys = new Set<string>();
  for (let index = 0; index < samples.length; index++) {
    const id = samples.id(index);
    if (idProblem(id) !== undefined || keys.has(idKey(id))) {
      return idsOfNames(Array.from({ length: samples.length }, (_, i) => String(samples.id(i))));
    }
    keys.add(idKey(id));
  }
  return undefined;
}
