import { basename } from 'node:path';
import { type DatasetReader, type ImageForm, SimganError } from '@simgan/core';
import { type Folder, stemOf } from '@simgan/core/reading';
import { detectFormat } from '@simgan/formats';
import { isNamedAsPicture } from '../pictures/picture-kind.ts';
import { openFolder } from './folder.ts';
import { findLabelFiles } from './unread-labels.ts';

/** A reader is tried on so many pictures, and on what lies beside them. */
const TRIED_PICTURES = 4;
/** Files of labels that are about other pictures than these need not be listed. */
const MOST_FILES = 64;
/** Larger files take too long to be tried. */
const LARGEST_TRIED = 32 * 2 ** 20;

/**
 * The formats that a folder's labels are in, found by trying readers on a few of its pictures.
 *
 * @returns the names of the readers that make samples of these pictures and look at files of labels for that.
 */
export async function recognizeFormats(
  dir: string,
  readers: Readonly<Record<string, DatasetReader<unknown>>>,
  image: ImageForm,
): Promise<string[]> {
  const whole = await openFolder(dir);
  const found: string[] = [];
  for (const [name, reader] of Object.entries(readers)) {
    const { folder, hasReadLabels } = partOf(whole);
    const read = await Promise.resolve()
      .then(() => reader(folder, { image }))
      .catch(() => undefined);
    if (read && read.samples.length > 0 && hasReadLabels()) found.push(name);
  }
  const general = found.length === 0 ? detectFormat(whole) : undefined;
  if (general) found.push(general.name);
  return found;
}

/** A folder with a few pictures and the files of labels that may be theirs. */
function partOf(folder: Folder): { folder: Folder; hasReadLabels: () => boolean } {
  const pictures = folder.files.filter(isNamedAsPicture).slice(0, TRIED_PICTURES);
  const stems = new Set(pictures.map((file) => basename(stemOf(file))));
  const isNear = (file: string) => {
    const stem = basename(stemOf(file));
    return stems.has(stem) || [...stems].some((own) => own.startsWith(`${stem}_`));
  };
  const labels = findLabelFiles(folder.files);
  const near = labels.filter(isNear);
  const others = folder.files.filter((file) => !isNamedAsPicture(file) && !isNear(file)).slice(0, MOST_FILES);
  const known = new Set([...pictures, ...near, ...others]);
  let hasReadLabels = false;
  const touch = (file: string) => {
    if (!known.has(file)) throw new SimganError('INVALID_FILE', `${file} is not tried.`);
    if (!isNamedAsPicture(file)) hasReadLabels = true;
  };
  const part: Folder = {
    ...folder,
    files: folder.files.filter((file) => known.has(file)),
    rejects: [],
    async read(file, maxBytes = LARGEST_TRIED) {
      touch(file);
      return folder.read(file, Math.min(maxBytes, LARGEST_TRIED));
    },
    locate(file) {
      touch(file);
      return folder.locate(file);
    },
  };
  return { folder: part, hasReadLabels: () => hasReadLabels };
}
