import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type DatasetReader, SimganError } from '@simgan/core';
import type { Folder, LabeledFolder, ReaderOptions } from '@simgan/core/reading';
import { listFiles } from '../files/list-files.ts';
import { firstRejects, reasonOf } from '../files/reject.ts';
import { type DecodeOptions, decodePicture } from '../pictures/pixels.ts';
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
  options: Pick<DecodeOptions, 'maxPixels' | 'maxBytes'> = {},
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
  const read = async (file: string): Promise<Uint8Array> =>
    readFile(locate(file)).catch((error) => {
      throw new SimganError('INVALID_FILE', `${file} cannot be read. ${reasonOf(error)}`, { cause: error });
    });
  return {
    name: dir,
    files,
    rejects,
    read,
    picture: async (file, { channels, bits }) =>
      (await decodePicture(await read(file), { channels, bits }, options)).image,
    locate,
  };
}

/**
 * Reads a directory with one of a plugin's readers.
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
  const read = await reader(folder, options);
  const rejects = [...folder.rejects, ...read.rejects];
  if (read.samples.length === 0) {
    const count = folder.files.length;
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `There is no usable sample of this format in ${dir}: ${count} ${count === 1 ? 'file was' : 'files were'} looked at, ` +
        `${rejects.length} rejected.${firstRejects(rejects)}`,
    );
  }
  return { samples: read.samples, rejects };
}
