import { createDataset, SimganError } from '@simgan/core';
import { type Folder, idsOfNames, type Reject, stemOf } from '@simgan/core/reading';
import { unzipSync } from 'fflate';
import { splitOfFolder } from '../image-folder/splits.ts';
import type { Json, ObjectsAnnotation } from '../objects/objects.ts';
import type {
  DatasetFormat,
  FormatContent,
  FormatReadOptions,
  StoredPicture,
} from '../registry/dataset-format.ts';
import { rejectOf } from '../registry/read-labels.ts';
import { imageOfArray } from './array-image.ts';
import { type NpyArray, readNpy } from './npy.ts';

/** Unpacked, all arrays of a file. */
const LARGEST_FILE = 2 ** 31;
const MOST_ARRAYS = 1000;

function npzFiles({ files }: Pick<Folder, 'files'>): string[] {
  return files.filter((file) => /\.npz$/i.test(file));
}

/** The arrays of a file. @throws SimganError INVALID_FILE if it is no archive of arrays, or unpacks to too much. */
function arraysOf(bytes: Uint8Array, file: string): Map<string, NpyArray> {
  let total = 0;
  let count = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        total += originalSize;
        count++;
        if (total > LARGEST_FILE || count > MOST_ARRAYS) {
          throw new SimganError(
            'INVALID_FILE',
            `${file} unpacks to more than ${LARGEST_FILE} bytes or ${MOST_ARRAYS} arrays.`,
          );
        }
        return name.endsWith('.npy');
      },
    });
  } catch (error) {
    if (error instanceof SimganError) throw error;
    throw new SimganError('INVALID_FILE', `${file} is no .npz file, or damaged.`, { cause: error });
  }
  return new Map(
    Object.entries(files).map(([name, content]) => [name.slice(0, -4), readNpy(content, `${file}:${name}`)]),
  );
}

/** An array of pictures, `[n, height, width]` or `[n, height, width, channels]`, and arrays as long: its labels. */
interface Pictures {
  readonly name: string;
  readonly array: NpyArray;
  readonly values: ArrayValues;
  readonly labels: readonly (readonly [name: string, array: NpyArray])[];
}

/**
 * The arrays of pictures in a file; their labels are the arrays of the same length, and where several arrays of pictures
 * are told apart by a suffix (`x_train`, `x_test`), those of the same suffix.
 */
function picturesIn(arrays: ReadonlyMap<string, NpyArray>): Pictures[] {
  const all = [...arrays];
  const pictures = all.filter(([, { shape }]) => isPictures(shape));
  const suffixOf = (name: string) => /_([a-z]+)$/i.exec(name)?.[1] ?? '';
  return pictures.map(([name, array]) => ({
    name,
    array,
    values: valuesOf(array, name),
    labels: all.filter(
      ([other, { shape }]) =>
        other !== name &&
        !isPictures(shape) &&
        shape.length >= 1 &&
        shape.length <= 3 &&
        shape[0] === array.shape[0] &&
        (pictures.length === 1 || suffixOf(other) === suffixOf(name)),
    ),
  }));
}

function isPictures(shape: readonly number[]): boolean {
  const [, height = 0, width = 0, channels = 1] = shape;
  const isImage = shape.length === 3 || (shape.length === 4 && [1, 3, 4].includes(channels));
  return isImage && height >= 8 && width >= 8 && height <= 65_536 && width <= 65_536;
}

/** What the values of an array of pictures are. `shares` are floats from 0 to 1; `levels` are those of 255 levels. */
type ArrayValues = 'whole' | 'shares' | 'levels' | 'floats';

/** How far a level of 255, stored as a float, may be from a whole number when it is multiplied by 255. */
const LEVEL_TOLERANCE = 1e-3;

function valuesOf({ dtype, data }: NpyArray, name: string): ArrayValues {
  if (dtype === 'u1' || dtype === 'u2') return 'whole';
  if (!/^f[248]$/.test(dtype)) {
    throw new SimganError(
      'INVALID_FILE',
      `The pictures ${name} have values of ${dtype}; u1, u2, f2, f4 and f8 are read.`,
    );
  }
  let isLevels = true;
  for (const value of data as Float32Array) {
    if (!(value >= 0 && value <= 1)) return 'floats';
    isLevels &&= Math.abs(value * 255 - Math.round(value * 255)) < LEVEL_TOLERANCE;
  }
  return isLevels ? 'levels' : 'shares';
}

/** Reads pictures of arrays: `images` with `labels`, or `x_train`, `y_train` and the like. */
async function readNpz(folder: Folder, { onProgress, signal }: FormatReadOptions): Promise<FormatContent> {
  const rows: { readonly file: string; readonly pictures: Pictures; readonly row: number }[] = [];
  const rejects: Reject[] = [];
  const files = npzFiles(folder);
  for (const [done, file] of files.entries()) {
    signal?.throwIfAborted();
    try {
      const found = picturesIn(arraysOf(await folder.read(file, LARGEST_FILE), file));
      if (found.length === 0)
        rejects.push({
          file,
          reason: 'It has no array of pictures, [n, height, width] or [n, height, width, channels].',
        });
      for (const pictures of found) {
        for (let row = 0; row < pictures.array.shape[0]!; row++) rows.push({ file, pictures, row });
      }
    } catch (error) {
      rejects.push(rejectOf(file, error));
    }
    onProgress?.(done + 1, files.length);
  }
  const nameOf = ({ file, pictures, row }: (typeof rows)[number]) =>
    `${stemOf(file)}-${pictures.name}-${String(row).padStart(6, '0')}`;
  const ids = idsOfNames(rows.map(nameOf));
  const entryAt = (index: number) => {
    const { file, pictures, row } = rows[index]!;
    const place = `${file}:${pictures.name}/${row}`;
    return {
      id: ids[index]!,
      file: place,
      picture: pictureAt(pictures, row),
      annotation: labelsAt(pictures, row),
    };
  };
  return { entries: createDataset(rows.length, entryAt, (index) => ids[index]!), rejects };
}

/** Pictures of 8 bits that were divided by 255 are those again; other floats stay what they are. */
function pictureAt({ array: { shape, data, dtype }, values }: Pictures, row: number): StoredPicture {
  const own = shape.slice(1);
  const length = own.reduce((product, one) => product * one, 1);
  const part = (data as Float32Array).subarray(row * length, (row + 1) * length);
  if (values === 'levels') {
    const levels = Uint8Array.from(part, (value) => Math.round(value * 255));
    const was = `${dtype}, 0 to 1, times 255`;
    return { image: imageOfArray({ shape: own, dtype: 'u1', data: levels }), values: was };
  }
  const image = imageOfArray({ shape: own, dtype, data: part.slice() });
  return values === 'shares' ? { image, range: [0, 1] } : { image };
}

/** A label of one whole number a picture is its class if it is named so; all others are fields. */
function labelsAt({ name, labels }: Pictures, row: number): ObjectsAnnotation {
  const fields: Record<string, Json> = {};
  let own: string | undefined;
  const split = splitOfFolder(/_([a-z]+)$/i.exec(name)?.[1] ?? '');
  for (const [label, { shape, data }] of labels) {
    const length = shape.slice(1).reduce((product, one) => product * one, 1);
    const values = Array.from(
      data.subarray(row * length, (row + 1) * length) as ArrayLike<number | bigint>,
      Number,
    );
    const isClass =
      shape.length === 1 &&
      /^(y|labels?|class(es)?|targets?)(_[a-z]+)?$/i.test(label) &&
      Number.isInteger(values[0]);
    if (isClass) own = String(values[0]);
    else fields[label] = values.every(Number.isFinite) ? (shape.length === 1 ? values[0]! : values) : null;
  }
  const all = { ...fields, ...(split !== undefined && { split }) };
  return {
    ...(own !== undefined && { class: own }),
    objects: [],
    ...(Object.keys(all).length > 0 && { fields: all }),
  };
}

/** NumPy's archives of arrays. */
export const npz: DatasetFormat = {
  name: 'npz',
  description: 'NumPy .npz: arrays of pictures (u1, u2, floats) with arrays of labels as long',
  coordinates: 'labels are passed on as fields',
  detect: (folder) => npzFiles(folder).length > 0,
  read: readNpz,
};
