/** @file The pictures of a folder by their names, and what lies beside them. */
import { createDataset } from '@simgan/core';
import { type Folder, idsOfFiles, type Reject, stemOf } from '@simgan/core/reading';
import type { ObjectsAnnotation } from '../objects/objects.ts';
import type {
  FormatCompanion,
  FormatContent,
  FormatEntry,
  FormatReadOptions,
  StoredPicture,
} from './dataset-format.ts';
import { rejectOf } from './read-labels.ts';

const pictureName = /\.(png|jpe?g|jfif|webp|tiff?|bmp)$/i;

/** Whether a file's name promises a picture. */
export function isPictureName(file: string): boolean {
  return pictureName.test(file);
}

/** The pictures of a folder within some of its folders (`''`: anywhere). */
export function picturesIn(folder: Folder, within = ''): string[] {
  const prefix = within === '' || within.endsWith('/') ? within : `${within}/`;
  return folder.files.filter((file) => file.startsWith(prefix) && isPictureName(file));
}

/** Finds pictures by the path of their labels without extension, ignoring case. */
export function byStem(files: readonly string[]): ReadonlyMap<string, string> {
  return new Map(files.map((file) => [stemOf(file).toLowerCase(), file]));
}

/** A path relative to a folder, with `.` and `..` resolved; `undefined` if it leaves the folder. */
export function resolveWithin(base: string, path: string): string | undefined {
  if (path.length > 4096 || /^([a-z]:|[\\/])/i.test(path)) return undefined;
  const parts: string[] = base === '' ? [] : base.split('/');
  for (const part of path.replaceAll('\\', '/').split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

/** A labeled picture before it has an id. */
export interface LabeledPicture {
  readonly file: string;
  readonly picture: StoredPicture;
  readonly annotation: ObjectsAnnotation;
  readonly companions?: readonly FormatCompanion[];
}

/** Entries that are all in memory, with ids made of their files' names. */
export function contentOf(pictures: readonly LabeledPicture[], rejects: readonly Reject[]): FormatContent {
  const ids = idsOfFiles(pictures.map(({ file }) => file));
  const entryAt = (index: number): FormatEntry => ({ id: ids[index]!, ...pictures[index]! });
  return { entries: createDataset(pictures.length, entryAt, (index) => ids[index]!), rejects };
}

/** Reads the labels of each input, one after the other; what cannot be used becomes a reject. */
export async function readEachLabel<Input, Picture extends LabeledPicture = LabeledPicture>(
  inputs: readonly Input[],
  fileOf: (input: Input) => string,
  read: (input: Input) => Promise<Picture | Reject | undefined>,
  { onProgress, signal }: FormatReadOptions,
): Promise<{ pictures: Picture[]; rejects: Reject[] }> {
  const pictures: Picture[] = [];
  const rejects: Reject[] = [];
  let done = 0;
  for (const input of inputs) {
    signal?.throwIfAborted();
    try {
      const outcome = await read(input);
      if (outcome && 'reason' in outcome) rejects.push(outcome);
      else if (outcome) pictures.push(outcome);
    } catch (error) {
      signal?.throwIfAborted();
      rejects.push(rejectOf(fileOf(input), error));
    }
    onProgress?.(++done, inputs.length);
  }
  return { pictures, rejects };
}
