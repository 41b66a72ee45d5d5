import { createDataset, SimganError } from '@simgan/core';
import type { Folder } from '@simgan/core/reading';
import {
  type DatasetFormat,
  datasetFormats,
  detectFormat,
  type FormatContent,
  type FormatReadOptions,
  findFormat,
  objectsProblem,
} from '@simgan/formats';
import { openFolder } from '../datasets/folder.ts';
import { firstRejects } from '../files/reject.ts';

/** A folder in a format that was opened. */
export interface OpenedFormat extends FormatContent {
  readonly folder: Folder;
  readonly format: string;
}

/** Options for {@link openFormat}. */
export interface OpenFormatOptions extends FormatReadOptions {
  /** The format's name. Default: what the folder looks like. */
  readonly format?: string | undefined;
  /** Formats beside those of `@simgan/formats`. */
  readonly formats?: readonly DatasetFormat[] | undefined;
}

/**
 * Opens a folder in a format of others, at its pictures' own sizes.
 *
 * @throws SimganError INVALID_ARGUMENT if there is no such format, or the folder looks like none; NOT_ENOUGH_DATA if it has
 * no usable picture, with the first reasons.
 * @example
 * ```ts no-run
 * const { entries, rejects } = await openFormat('coco-val', { format: 'coco' });
 * const { annotation } = await entries.at(0);
 * console.log(annotation.objects, rejects);
 * ```
 */
export async function openFormat(
  dir: string,
  { format: name, formats = [], ...options }: OpenFormatOptions = {},
): Promise<OpenedFormat> {
  const folder = await openFolder(dir);
  const format = name === undefined ? detectFormat(folder, formats) : findFormat(name, 'read', formats);
  if (!format?.read) {
    const names = [...formats, ...datasetFormats].filter(({ read }) => read).map((one) => one.name);
    throw new SimganError(
      'INVALID_ARGUMENT',
      `${dir} looks like no format that is read: name it as \`format\`, one of ${names.join(', ')}.`,
    );
  }
  const { entries, rejects } = await format.read(folder, options);
  const all = [...folder.rejects, ...rejects];
  if (entries.length === 0) {
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `There is no usable picture of the format ${format.name} in ${dir}: ${folder.files.length} files, ${all.length} rejected.${firstRejects(all)}`,
    );
  }
  const checked = async (index: number) => {
    const entry = await entries.at(index);
    const problem = objectsProblem(entry.annotation);
    if (problem === undefined) return entry;
    throw new SimganError('INVALID_FILE', `The labels of ${entry.file} cannot be used: ${problem}.`);
  };
  return {
    folder,
    format: format.name,
    entries: createDataset(entries.length, checked, (index) => entries.id(index)),
    rejects: all,
  };
}
