import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SimganError } from '../errors.ts';
import type { DatasetReader, Folder, LabelledFolder, ReaderOptions } from '../reader.ts';
import { type OpenHdf5File, openHdf5File } from './hdf5-file.ts';
import { listFiles } from './list-files.ts';
import { type DecodeOptions, decodePicture, pictureSize } from './pixels.ts';
import { checkFolder } from './read-images.ts';
import { firstRejects, reasonOf } from './reject.ts';

/** A directory as readers see it. */
export interface OpenFolder extends Folder {
  /** Gives back the handles of the HDF5 files that were read; reading on opens them again. */
  close(): Promise<void>;
}

/** Files of which a handle is kept at a time; a dataset's pictures are asked for one by one, in any order. */
const OPEN_FILES = 8;

/**
 * A directory with its subfolders as a {@link Folder}.
 *
 * @throws SimganError NOT_ENOUGH_DATA if there is no such directory.
 */
export async function openFolder(
  dir: string,
  options: Pick<DecodeOptions, 'maxPixels' | 'maxBytes'> = {},
): Promise<OpenFolder> {
  await checkFolder(dir);
  const { files, rejects } = await listFiles(dir);
  const known = new Set(files);
  const handles = new Map<string, OpenHdf5File>();
  // One at a time: the library is synchronous, and a handle must not be closed between opening and use.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <Value>(job: () => Value | Promise<Value>): Promise<Value> => {
    const done = turn.then(job);
    turn = done.catch(() => {});
    return done;
  };
  const closeAll = () => {
    for (const handle of handles.values()) handle.close();
    handles.clear();
  };
  const read = async (file: string): Promise<Uint8Array> => {
    // Only what was listed: a path in a file of labels must not lead out of the folder.
    if (!known.has(file)) throw new SimganError('INVALID_FILE', `There is no file ${file} in ${dir}.`);
    return readFile(join(dir, file)).catch((error) => {
      throw new SimganError('INVALID_FILE', `${file} cannot be read. ${reasonOf(error)}`, { cause: error });
    });
  };
  return {
    name: dir,
    files,
    rejects,
    read,
    async picture(file, { channels, bits }) {
      const bytes = await read(file);
      const spec = { ...(await pictureSize(bytes, options)), channels, bits };
      return { image: (await decodePicture(bytes, spec, options)).image, spec };
    },
    hdf5: (file, use) =>
      inTurn(async () => {
        if (!known.has(file)) throw new SimganError('INVALID_FILE', `There is no file ${file} in ${dir}.`);
        const open = handles.get(file) ?? (await openHdf5File(join(dir, file), file));
        handles.delete(file);
        handles.set(file, open);
        if (handles.size > OPEN_FILES) {
          const [oldest, handle] = handles.entries().next().value!;
          handles.delete(oldest);
          handle.close();
        }
        return use(open);
      }),
    close: () => inTurn(closeAll),
  };
}

/**
 * Reads a directory with one of a plugin's readers.
 *
 * @throws SimganError NOT_ENOUGH_DATA if it has no usable sample, with the first reasons.
 */
export async function readFormat<Annotation>(
  dir: string,
  reader: DatasetReader<Annotation>,
  options: ReaderOptions,
): Promise<LabelledFolder<Annotation>> {
  const folder = await openFolder(dir);
  const read = await reader(folder, options);
  const rejects = [...folder.rejects, ...read.rejects];
  if (read.samples.length === 0) {
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `There is no usable sample of this format in ${dir}: ${folder.files.length} files were looked at, ` +
        `${rejects.length} rejected.${firstRejects(rejects)}`,
    );
  }
  return { samples: read.samples, rejects };
}
