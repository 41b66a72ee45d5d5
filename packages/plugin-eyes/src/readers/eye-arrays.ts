/** @file Eyes out of arrays: many pictures in one file. */
import {
  composeTransforms,
  createDataset,
  type Dataset,
  type Image,
  type ImageSpec,
  mirrorTransform,
  type Picture,
  resizeTransform,
  type Sample,
} from '@simgan/core';
import type { EyeAnnotation } from '../annotation.ts';
import { sampleOf } from './eye-picture.ts';

/** Usable rows of one array. */
export interface Block<Source> {
  readonly source: Source;
  readonly rows: readonly number[];
}

/** The rows of blocks, one after the other, as one dataset; nothing is kept but their numbers. */
export function datasetOfBlocks<Source>(
  blocks: readonly Block<Source>[],
  read: (source: Source, row: number) => Promise<Sample<EyeAnnotation>>,
): Dataset<Sample<EyeAnnotation>> {
  const starts: number[] = [];
  let length = 0;
  for (const { rows } of blocks) {
    starts.push(length);
    length += rows.length;
  }
  return createDataset(length, (index) => {
    let [low, high] = [0, blocks.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (starts[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    const { source, rows } = blocks[low]!;
    return read(source, rows[index - starts[low]!]!);
  });
}

/** A grey picture out of numbers, each at its own place. */
export function greyPicture(
  width: number,
  height: number,
  at: (row: number, column: number) => number,
): Picture {
  const image: Image = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) image[row * width + column] = at(row, column);
  }
  return { image, spec: { width, height, channels: 1, bits: 8 } };
}

/** A whole picture stretched to the form, as these data sets are used (36 x 60 to 35 x 55), mirrored or not. */
export function stretched(
  id: string,
  picture: Picture,
  annotation: EyeAnnotation,
  form: ImageSpec,
  mirrored = false,
): Sample<EyeAnnotation> {
  const resize = resizeTransform(picture.spec, form);
  const transform = mirrored ? composeTransforms(mirrorTransform(picture.spec), resize) : resize;
  return sampleOf(id, picture, annotation, transform, form);
}
