import { type DatasetReader, type Reject, SimganError, sizedForm } from '@simgan/core';
import { idsOfFiles } from '@simgan/core/reading';
import { type Hdf5File, hdf5 } from '@simgan/formats';
import type { EyeAnnotation } from '../annotation.ts';
import { gazeOfAngles } from './eye-angles.ts';
import { type Block, datasetOfBlocks, grayPicture, sizeProblem, stretched } from './eye-arrays.ts';
import { type PixelScale, pixelProblem, pixelScale } from './pixel-scale.ts';

/**
 * A reader of the `MPIIGaze.h5` that hysts' pytorch_mpiigaze writes: groups `p00` to `p14`, each of `image`
 * (Nx36x60 bytes), `gaze` and `pose` (Nx2: pitch and yaw, radians, in our annotation's frames). Right eyes were
 * mirrored when the file was made, so all look like left eyes; normalization had removed the head's roll.
 *
 * Pictures are read from disk one at a time, each once at the start. A group that lacks an array, a row whose numbers are
 * not finite and a damaged picture are rejects (`MPIIGaze.h5:p00/gaze[3]`).
 *
 * @example
 * ```ts no-run
 * import { openFolder } from '@simgan/node';
 * import { mpiiGazeH5 } from '@simgan/plugin-eyes';
 *
 * const folder = await openFolder('pytorch_mpiigaze');
 * const { samples, rejects } = await mpiiGazeH5()(folder, { image: { width: 55, height: 35, channels: 1, bits: 8 } });
 * console.log(samples.length, rejects);
 * ```
 */
export function mpiiGazeH5(): DatasetReader<EyeAnnotation> {
  return async (folder, { image, signal, onProgress }) => {
    const form = sizedForm(image);
    const files = folder.files.filter((file) => /\.(h5|hdf5)$/i.test(file));
    const fileIds = idsOfFiles(files);
    const rejects: Reject[] = [];
    const blocks: Block<Person>[] = [];
    for (const [index, file] of files.entries()) {
      signal?.throwIfAborted();
      try {
        const found = await hdf5(folder, file, (open) => peopleOf(open, file, rejects));
        for (const { rows, ...source } of found) {
          const idOf = (row: number) => `${fileIds[index]}/${source.name}/${String(row).padStart(4, '0')}`;
          blocks.push({ source, rows, idOf });
        }
      } catch (error) {
        if (!(error instanceof SimganError)) throw error;
        rejects.push({ file, reason: error.message });
      }
      onProgress?.(index + 1, files.length);
    }
    const samples = datasetOfBlocks(blocks, ({ file, name, scale, ...size }, row, id) =>
      hdf5(folder, file, (open) => {
        const part = { axis: 0, start: row, end: row + 1 };
        const pixels = open.numbers(`${name}/image`, part).data;
        const gaze = open.numbers(`${name}/gaze`, part).data;
        const pose = open.numbers(`${name}/pose`, part).data;
        const annotation: EyeAnnotation = {
          gaze: gazeOfAngles(gaze[0]!, gaze[1]!),
          headPose: { pitch: pose[0]!, yaw: pose[1]!, roll: 0 },
          side: 'left',
        };
        const picture = grayPicture(size, scale, (y, x) => pixels[y * size.width + x]!);
        const source = { id, file: `${file}:${name}/image[${row}]`, values: scale.values };
        return stretched(source, picture, annotation, form);
      }),
    );
    return { samples, rejects };
  };
}

/** The largest pitch and yaw, radians; a little more for rounding. */
const HALF_TURN = Math.PI + 1e-3;

interface Person {
  readonly file: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly scale: PixelScale;
}

function peopleOf(open: Hdf5File, file: string, rejects: Reject[]): (Person & { rows: number[] })[] {
  const names = open.names('').filter((name) => /^p\d+$/.test(name));
  if (names.length === 0) rejects.push({ file, reason: 'It has no group p00, p01 and so on.' });
  return names.flatMap((name) => {
    const shapes = {
      image: open.shape(`${name}/image`),
      gaze: open.shape(`${name}/gaze`),
      pose: open.shape(`${name}/pose`),
    };
    const [count = 0, height = 0, width = 0] = shapes.image ?? [];
    const isPair = (shape?: readonly number[]) => shape?.length === 2 && shape[0] === count && shape[1] === 2;
    if (shapes.image?.length !== 3 || !isPair(shapes.gaze) || !isPair(shapes.pose)) {
      const [image, gaze, pose] = Object.values(shapes).map((shape) => shape?.join(' x ') ?? 'missing');
      const reason = `Its image is ${image}, gaze ${gaze} and pose ${pose}, not N x 36 x 60, N x 2 and N x 2.`;
      rejects.push({ file: `${file}:${name}`, reason });
      return [];
    }
    const tooLarge = sizeProblem(count, height, width);
    if (tooLarge) {
      rejects.push({ file: `${file}:${name}`, reason: tooLarge });
      return [];
    }
    const rows: number[] = [];
    const gaze = open.numbers(`${name}/gaze`).data;
    const pose = open.numbers(`${name}/pose`).data;
    const finite = (array: ArrayLike<number>, row: number) =>
      Number.isFinite(array[2 * row]) && Number.isFinite(array[2 * row + 1]);
    const areAngles = (array: ArrayLike<number>, row: number) =>
      Math.abs(array[2 * row]!) <= HALF_TURN && Math.abs(array[2 * row + 1]!) <= HALF_TURN;
    const scale = pixelScale(usableParts(open, `${name}/image`, count), open.dtype(`${name}/image`));
    if (typeof scale === 'string') {
      rejects.push({ file: `${file}:${name}/image`, reason: scale });
      return [];
    }
    const damaged = damagedPictures(open, `${name}/image`, { count, scale });
    for (let row = 0; row < count; row++) {
      const reject = (array: string, reason: string) =>
        rejects.push({ file: `${file}:${name}/${array}[${row}]`, reason });
      const damage = damaged.get(row);
      if (!finite(gaze, row)) reject('gaze', 'Its gaze is not finite.');
      else if (!finite(pose, row)) reject('pose', 'Its pose is not finite.');
      else if (!areAngles(gaze, row)) reject('gaze', 'Its gaze is no pitch and yaw in radians.');
      else if (!areAngles(pose, row)) reject('pose', 'Its pose is no pitch and yaw in radians.');
      else if (damage) reject('image', damage);
      else rows.push(row);
    }
    return [{ file, name, width, height, scale, rows }];
  });
}

/** How many pictures are checked in one go: arrays are stored, and damaged, in blocks. */
const CHECKED_TOGETHER = 256;

/** The values of an array, without the parts that cannot be read. */
function* usableParts(open: Hdf5File, path: string, count: number): Generator<ArrayLike<number>> {
  for (let start = 0; start < count; start += CHECKED_TOGETHER) {
    try {
      yield open.numbers(path, { axis: 0, start, end: Math.min(count, start + CHECKED_TOGETHER) }).data;
    } catch (error) {
      if (!(error instanceof SimganError)) throw error;
    }
  }
}

/** The pictures of an array that cannot be read, each with the reason. */
function damagedPictures(
  open: Hdf5File,
  path: string,
  { count, scale }: { readonly count: number; readonly scale: PixelScale },
): Map<number, string> {
  const damaged = new Map<number, string>();
  const problemIn = (start: number, end: number): string | undefined => {
    try {
      return pixelProblem(open.numbers(path, { axis: 0, start, end }).data, scale);
    } catch (error) {
      if (!(error instanceof SimganError)) throw error;
      return error.message;
    }
  };
  for (let start = 0; start < count; start += CHECKED_TOGETHER) {
    const end = Math.min(count, start + CHECKED_TOGETHER);
    if (problemIn(start, end) === undefined) continue;
    for (let row = start; row < end; row++) {
      const problem = problemIn(row, row + 1);
      if (problem !== undefined) damaged.set(row, problem);
    }
  }
  return damaged;
}
