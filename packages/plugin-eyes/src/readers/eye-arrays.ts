/** @file Eyes in arrays: many pictures in one file. */
import {
  createDataset,
  type Dataset,
  type Image,
  imageOf,
  type Sample,
  SimganError,
  type Size,
  type SizedForm,
} from '@simgan/core';
import { composeTransforms, mirrorTransform, resizeTransform } from '@simgan/core/geometry';
import type { EyeAnnotation } from '../annotation.ts';
import { type EyeSource, sampleOf } from './eye-picture.ts';
import type { PixelScale } from './pixel-scale.ts';

/** More pictures are in no file of eyes; a few bytes of a damaged or hostile one can claim any number. */
const MOST_PICTURES = 2 ** 22;
/** The largest picture of an eye that is read, pixels. */
const MOST_PIXELS = 2 ** 22;

/** Why arrays of so many pictures of that size are not read; `undefined` if they are. */
export function sizeProblem(count: number, height: number, width: number): string | undefined {
  if (count > MOST_PICTURES) return `It has ${count} pictures; at most ${MOST_PICTURES} are read.`;
  if (height * width > MOST_PIXELS) {
    return `Its pictures are ${width} x ${height}; pictures of more than ${MOST_PIXELS} pixels are not read.`;
  }
  return undefined;
}

/** The usable rows of one array. */
export interface Block<Source> {
  readonly source: Source;
  readonly rows: readonly number[];
  /** The id of a row's sample, unique within the dataset. */
  readonly idOf: (row: number) => string;
}

/** The rows of blocks, one after the other, as one dataset. Only row numbers and ids are kept in memory. */
export function datasetOfBlocks<Source>(
  blocks: readonly Block<Source>[],
  read: (source: Source, row: number, id: string) => Promise<Sample<EyeAnnotation>>,
): Dataset<Sample<EyeAnnotation>> {
  const starts: number[] = [];
  let length = 0;
  for (const { rows } of blocks) {
    starts.push(length);
    length += rows.length;
  }
  const locate = (index: number) => {
    let [low, high] = [0, blocks.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (starts[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    const { source, rows, idOf } = blocks[low]!;
    const row = rows[index - starts[low]!]!;
    return { source, row, id: idOf(row) };
  };
  return createDataset(
    length,
    async (index) => {
      const { source, row, id } = locate(index);
      try {
        return await read(source, row, id);
      } catch (error) {
        throw new SimganError(
          'INVALID_FILE',
          `The sample ${id} was usable at the start and no longer is: ${(error as Error).message} ` +
            'Do not change the folder while it is in use, and rerun.',
          { cause: error },
        );
      }
    },
    (index) => locate(index).id,
  );
}

/** A gray picture of stored values, each read from its own place. */
export function grayPicture(
  { width, height }: Size,
  { factor }: PixelScale,
  at: (row: number, column: number) => number,
): Image {
  const data = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++)
      data[row * width + column] = Math.round(factor * at(row, column));
  }
  return imageOf(data, { width, height, channels: 1, bits: 8 });
}

/** The whole picture stretched to the form, as these datasets are used (60x36 to 55x35), mirrored or not. */
export function stretched(
  source: EyeSource,
  picture: Image,
  annotation: EyeAnnotation,
  form: SizedForm,
  mirrored = false,
): Sample<EyeAnnotation> {
  const resize = resizeTransform(picture, form);
  const transform = mirrored ? composeTransforms(mirrorTransform(picture), resize) : resize;
  return sampleOf(source, picture, annotation, transform, form);
}
