import { type DatasetReader, type Reject, SimganError, sizedForm } from '@simgan/core';
import { idsOfFiles, idsOfNames } from '@simgan/core/reading';
import { type Hdf5File, hdf5 } from '@simgan/formats';
import type { EyeAnnotation } from '../annotation.ts';
import { gazeOfUnity } from './eye-angles.ts';
import { type Block, datasetOfBlocks, grayPicture, sizeProblem, stretched } from './eye-arrays.ts';
import { LabelProblem, parseVector } from './label-text.ts';
import { type PixelScale, pixelProblem, pixelScale } from './pixel-scale.ts';

/**
 * A reader of the `gaze.h5` and `real_gaze.h5` of Kaggle's 4quant/eye-gaze: a group `image` of pictures (35x55
 * bytes), one dataset each, and in `gaze.h5` a group `look_vec` of the same keys with UnityEyes' gaze, as numbers or
 * text. Real pictures have no labels, and their annotation is empty.
 *
 * Pictures are read from disk one at a time, each once at the start. A picture of another shape, one that is damaged and
 * a missing or broken gaze are rejects (`gaze.h5:look_vec/17`).
 *
 * @example
 * ```ts no-run
 * import { openFolder } from '@simgan/node';
 * import { eyeGazeH5 } from '@simgan/plugin-eyes';
 *
 * const folder = await openFolder('eye-gaze');
 * const { samples, rejects } = await eyeGazeH5()(folder, { image: { width: 55, height: 35, channels: 1, bits: 8 } });
 * console.log(samples.length, rejects);
 * ```
 */
export function eyeGazeH5(): DatasetReader<EyeAnnotation> {
  return async (folder, { image, signal, onProgress }) => {
    const form = sizedForm(image);
    const files = folder.files.filter((file) => /\.(h5|hdf5)$/i.test(file));
    const fileIds = idsOfFiles(files);
    const rejects: Reject[] = [];
    const blocks: Block<{ file: string; keys: readonly string[] }>[] = [];
    for (const [index, file] of files.entries()) {
      signal?.throwIfAborted();
      try {
        const { keys, rows } = await hdf5(folder, file, (open) => usableKeys(open, file, rejects));
        const ids = idsOfNames(keys);
        blocks.push({ source: { file, keys }, rows, idOf: (row) => `${fileIds[index]}/${ids[row]}` });
      } catch (error) {
        if (!(error instanceof SimganError)) throw error;
        rejects.push({ file, reason: error.message });
      }
      onProgress?.(index + 1, files.length);
    }
    const samples = datasetOfBlocks(blocks, ({ file, keys }, row, id) =>
      hdf5(folder, file, (open) => {
        const key = keys[row]!;
        const path = `image/${key}`;
        const { shape, data } = open.numbers(path);
        const [height, width] = shape as [number, number];
        const scale = scaleOf(open, path, data);
        if (typeof scale === 'string') throw new SimganError('INVALID_FILE', scale);
        const picture = grayPicture({ width, height }, scale, (y, x) => data[y * width + x]!);
        const source = { id, file: `${file}:${path}`, values: scale.values };
        return stretched(source, picture, annotationOf(open, key), form);
      }),
    );
    return { samples, rejects };
  };
}

/** All keys of the pictures, and which of them are usable. */
function usableKeys(
  open: Hdf5File,
  file: string,
  rejects: Reject[],
): { keys: readonly string[]; rows: number[] } {
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
    const path = `image/${key}`;
    const reason = sizeProblem(1, shape[0]!, shape[1]!) ?? unreadable(open, path);
    if (reason) {
      rejects.push({ file: `${file}:${path}`, reason });
      continue;
    }
    try {
      annotationOf(open, key);
      rows.push(row);
    } catch (error) {
      if (error instanceof LabelProblem)
        rejects.push({ file: `${file}:${error.key}`, reason: error.message });
      else if (error instanceof SimganError)
        rejects.push({ file: `${file}:look_vec/${key}`, reason: error.message });
      else throw error;
    }
  }
  return { keys, rows };
}

function scaleOf(open: Hdf5File, path: string, data: ArrayLike<number>): PixelScale | string {
  return pixelScale([data], open.dtype(path));
}

/** Why a picture cannot be read: damage within it shows only when it is decompressed. */
function unreadable(open: Hdf5File, path: string): string | undefined {
  try {
    const { data } = open.numbers(path);
    const scale = scaleOf(open, path, data);
    return typeof scale === 'string' ? scale : pixelProblem(data, scale);
  } catch (error) {
    if (!(error instanceof SimganError)) throw error;
    return error.message;
  }
}

function annotationOf(open: Hdf5File, key: string): EyeAnnotation {
  const path = `look_vec/${key}`;
  if (open.shape(path) === undefined && open.texts(path) === undefined) {
    if (open.names('look_vec').length === 0) return {};
    throw new LabelProblem(path, 'Its gaze is missing.');
  }
  const value = open.shape(path) ? Array.from(open.numbers(path).data) : open.texts(path)?.[0];
  const [x, y, z] = parseVector(value, path, 3) as [number, number, number];
  const length = Math.hypot(x, y, z);
  if (Math.abs(length - 1) > 0.02) {
    throw new LabelProblem(
      path,
      `Its gaze has the length ${length.toFixed(3)}; the length of a direction is 1.`,
    );
  }
  return { gaze: gazeOfUnity([x, y, z]) };
}
