import { type DatasetReader, type Hdf5File, type Reject, SimganError } from '@simgan/core';
import type { EyeAnnotation } from '../annotation.ts';
import { gazeOfUnity } from './eye-angles.ts';
import { type Block, datasetOfBlocks, greyPicture, stretched } from './eye-arrays.ts';
import { idOf, stemOf } from './eye-picture.ts';
import { LabelProblem, parseVector } from './label-text.ts';

/**
 * Reads the `gaze.h5` and `real_gaze.h5` of Kaggle's 4quant/eye-gaze: a group `image` of pictures (35 x 55 bytes),
 * one dataset each, and in `gaze.h5` a group `look_vec` of the same keys with UnityEyes' gaze, as numbers or
 * text. Real pictures have no labels, and their annotation is empty.
 *
 * Pictures are read from the disk one by one. A picture of another shape, a missing or broken gaze are rejects
 * (`gaze.h5:look_vec/17`).
 */
export function eyeGazeH5(): DatasetReader<EyeAnnotation> {
  return async (folder, { image: form, signal, onProgress }) => {
    const files = folder.files.filter((file) => /\.(h5|hdf5)$/i.test(file));
    const rejects: Reject[] = [];
    const blocks: Block<{ file: string; keys: readonly string[] }>[] = [];
    for (const [index, file] of files.entries()) {
      signal?.throwIfAborted();
      try {
        blocks.push(await folder.hdf5(file, (open) => usable(open, file, rejects)));
      } catch (error) {
        if (!(error instanceof SimganError)) throw error;
        rejects.push({ file, reason: error.message });
      }
      onProgress?.(index + 1, files.length);
    }
    const samples = datasetOfBlocks(blocks, ({ file, keys }, row) =>
      folder.hdf5(file, (open) => {
        const key = keys[row]!;
        const { shape, data } = open.numbers(`image/${key}`);
        const [height, width] = shape as [number, number];
        const picture = greyPicture(width, height, (y, x) => data[y * width + x]!);
        return stretched(idOf(`${stemOf(file)}/${key}`), picture, annotationOf(open, key), form);
      }),
    );
    return { samples, rejects };
  };
}

function usable(
  open: Hdf5File,
  file: string,
  rejects: Reject[],
): Block<{ file: string; keys: readonly string[] }> {
  const keys = open.names('image');
  if (keys.length === 0) rejects.push({ file, reason: 'It has no group "image" with pictures.' });
  const rows: number[] = [];
  for (const [row, key] of keys.entries()) {
    const shape = open.shape(`image/${key}`);
    const isPicture =
      shape && (shape.length === 2 || (shape.length === 3 && shape[2] === 1)) && !shape.includes(0);
    if (!isPicture) {
      const found = shape ? `of the shape ${shape.join(' x ')}` : 'no array of numbers';
      rejects.push({ file: `${file}:image/${key}`, reason: `It is ${found}, not a picture of 35 x 55.` });
      continue;
    }
    try {
      annotationOf(open, key);
      rows.push(row);
    } catch (error) {
      if (!(error instanceof LabelProblem)) throw error;
      rejects.push({ file: `${file}:${error.key}`, reason: error.message });
    }
  }
  return { source: { file, keys }, rows };
}

function annotationOf(open: Hdf5File, key: string): EyeAnnotation {
  const path = `look_vec/${key}`;
  if (open.shape(path) === undefined && open.texts(path) === undefined) {
    if (open.names('look_vec').length === 0) return {};
    throw new LabelProblem(path, 'Its gaze is missing.');
  }
  const value = open.shape(path) ? Array.from(open.numbers(path).data) : open.texts(path)?.[0];
  const [x, y, z] = parseVector(value, path, 3) as [number, number, number];
  if (Math.abs(Math.hypot(x, y, z) - 1) > 0.02) {
    throw new LabelProblem(path, `Its gaze is ${Math.hypot(x, y, z).toFixed(3)} long, and a direction is 1.`);
  }
  return { gaze: gazeOfUnity([x, y, z]) };
}
