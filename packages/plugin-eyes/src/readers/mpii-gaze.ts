import { type DatasetReader, type Reject, SimganError, sizedForm } from '@simgan/core';
import { type Folder, idsOfFiles, idsOfNames, stemOf } from '@simgan/core/reading';
import { type Hdf5File, hdf5, isMat73, type MatValue, type NumericArray, readMatFile } from '@simgan/formats';
import type { EyeAnnotation } from '../annotation.ts';
import { gazeOf, headPoseOf, rotationOf } from './eye-angles.ts';
import { type Block, datasetOfBlocks, grayPicture, sizeProblem, stretched } from './eye-arrays.ts';
import { type PixelScale, pixelProblem, pixelScale } from './pixel-scale.ts';

/** Options for {@link mpiiGaze}. */
export interface MpiiGazeOptions {
  /**
   * Whether right eyes are mirrored, so that all look like left eyes and one network serves both, as in the
   * dataset's own experiments. Gaze, head pose and side follow. Default: true.
   */
  readonly mirrorRightEyes?: boolean;
}

/**
 * A reader of MPIIGaze's normalized data, `pXX/dayYY.mat`, MATLAB v5 to v7.3: a struct `data` with `left` and
 * `right`, each of `image` (Nx36x60), `gaze` (Nx3) and `pose` (Nx3, a rotation vector), and the `filenames` of the
 * pictures they were cut from. The frames are those of our annotation (y downwards, z away from the camera).
 *
 * Pictures are stretched whole. A day that cannot be read, a missing array and a row whose numbers are not those of a
 * direction or rotation are rejects (`p00/day01.mat:data.left.gaze(3)`, rows counted from 1 as MATLAB does). A few days are cached in
 * memory; read in order, each is parsed once for its pictures.
 *
 * @example
 * ```ts no-run
 * import { openFolder } from '@simgan/node';
 * import { mpiiGaze } from '@simgan/plugin-eyes';
 *
 * const folder = await openFolder('MPIIGaze/Data/Normalized');
 * const image = { width: 55, height: 35, channels: 1, bits: 8 } as const;
 * const { samples, rejects } = await mpiiGaze({ mirrorRightEyes: false })(folder, { image });
 * console.log(samples.length, rejects);
 * ```
 */
export function mpiiGaze({ mirrorRightEyes = true }: MpiiGazeOptions = {}): DatasetReader<EyeAnnotation> {
  return async (folder, { image, signal, onProgress }) => {
    const form = sizedForm(image);
    const days = folder.files.filter((file) => /(^|\/)day\d+\.mat$/i.test(file));
    const dayIds = idsOfFiles(days);
    const load = cacheLast(CACHED_DAYS, (file) => readDay(folder, file));
    const rejects: Reject[] = [];
    const blocks: Block<{ file: string; side: Side }>[] = [];
    for (const [index, file] of days.entries()) {
      signal?.throwIfAborted();
      try {
        const day = await load(file);
        for (const side of sides) {
          const eyes = day.eyes[side];
          const place = `${file}:data.${side}`;
          if (typeof eyes === 'string') {
            rejects.push({ file: place, reason: eyes });
            continue;
          }
          const names = rowNames(day, eyes.count);
          const idOf = (row: number) => `${dayIds[index]}/${names(row)}-${side}`;
          blocks.push({ source: { file, side }, rows: usableRows(eyes, place, rejects), idOf });
        }
      } catch (error) {
        if (!(error instanceof SimganError)) throw error;
        rejects.push({ file, reason: error.message });
      }
      onProgress?.(index + 1, days.length);
    }
    const samples = datasetOfBlocks(blocks, async ({ file, side }, row, id) => {
      const day = await load(file);
      const eyes = day.eyes[side] as Eyes;
      const picture = grayPicture(eyes, eyes.scale, (y, x) => {
        return eyes.image.data[row + eyes.count * (y + eyes.height * x)]!;
      });
      const source = { id, file: `${file}:data.${side}.image(${row + 1})`, values: eyes.scale.values };
      return stretched(
        source,
        picture,
        annotationOf(eyes, row, side),
        form,
        mirrorRightEyes && side === 'right',
      );
    });
    return { samples, rejects };
  };
}

const sides = ['left', 'right'] as const;
type Side = (typeof sides)[number];

/** A day takes about 13 MB. */
const CACHED_DAYS = 8;

/** One eye's arrays, column-major: the first index, the sample, runs fastest. */
interface Eyes {
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly image: NumericArray;
  readonly scale: PixelScale;
  readonly gaze: NumericArray;
  readonly pose: NumericArray;
}

interface Day {
  /** An eye's arrays, or why it has none that can be used. */
  readonly eyes: Readonly<Record<Side, Eyes | string>>;
  /** The files that the pictures were cut from, row by row; empty where the day does not name them. */
  readonly files: readonly string[];
}

type Find = (side: Side, array: 'image' | 'gaze' | 'pose') => NumericArray | undefined;

async function readDay(folder: Folder, file: string): Promise<Day> {
  const bytes = await folder.read(file);
  if (isMat73(bytes)) return hdf5(folder, file, dayOfHdf5);
  const variables = await readMatFile(bytes, file);
  const data = variables.get('data');
  if (data?.kind !== 'struct') throw new SimganError('INVALID_FILE', 'It has no struct "data".');
  const find: Find = (side, name) => {
    const eye = fieldOf(data, side);
    const array = eye && fieldOf(eye, name);
    return array?.kind === 'array' ? array : undefined;
  };
  const names = variables.get('filenames');
  const cells = names?.kind === 'cells' ? names.cells : [];
  return dayOf(
    find,
    cells.flatMap((cell) => (cell.kind === 'text' ? [cell.text] : [])),
  );
}

/** MATLAB writes its arrays to HDF5 as they lie in memory, so the shape is read backwards. */
function dayOfHdf5(file: Hdf5File): Day {
  if (file.names('data').length === 0) throw new SimganError('INVALID_FILE', 'It has no struct "data".');
  const find: Find = (side, name) => {
    const path = `data/${side}/${name}`;
    if (file.shape(path) === undefined) return undefined;
    const { shape, data } = file.numbers(path);
    return { shape: [...shape].reverse(), data };
  };
  return dayOf(find, []);
}

function dayOf(find: Find, files: readonly string[]): Day {
  return { eyes: { left: eyesOf(find, 'left'), right: eyesOf(find, 'right') }, files };
}

/** What tells a day's rows apart in ids: the pictures' names, or row numbers where names are missing or repeat. */
function rowNames({ files }: Day, count: number): (row: number) => string {
  const stems = files.map(stemOf);
  if (stems.length !== count || new Set(stems).size < count) return (row) => String(row + 1).padStart(4, '0');
  const names = idsOfNames(stems);
  return (row) => names[row]!;
}

function eyesOf(find: Find, side: Side): Eyes | string {
  const [image, gaze, pose] = [find(side, 'image'), find(side, 'gaze'), find(side, 'pose')];
  if (!image || !gaze || !pose) {
    const missing = Object.entries({ image, gaze, pose }).flatMap(([name, array]) => (array ? [] : [name]));
    return `It has no ${missing.join(', no ')}.`;
  }
  // The single sample of a day may have lost its first index on the way through other programs.
  const shape = image.shape.length === 2 ? [1, ...image.shape] : image.shape;
  const [count = 0, height = 0, width = 0] = shape;
  const isVector = ({ shape: [rows, columns], data }: NumericArray) =>
    data.length === count * 3 && (columns === 3 || (count === 1 && rows === 3));
  if (shape.length !== 3 || !isVector(gaze) || !isVector(pose)) {
    const form = (array: NumericArray) => array.shape.join(' x ');
    return `Its image is ${form(image)}, gaze ${form(gaze)} and pose ${form(pose)}, not N x 36 x 60, N x 3 and N x 3.`;
  }
  const tooLarge = sizeProblem(count, height, width);
  if (tooLarge !== undefined) return tooLarge;
  const scale = pixelScale([image.data]);
  if (typeof scale === 'string') return scale;
  return pixelProblem(image.data, scale) ?? { count, height, width, image, scale, gaze, pose };
}

/** The rows whose labels are finite; the others are rejects. */
function usableRows(eyes: Eyes, where: string, rejects: Reject[]): number[] {
  const rows: number[] = [];
  for (let row = 0; row < eyes.count; row++) {
    const wrong = (['gaze', 'pose'] as const).find(
      (name) => !vectorAt(eyes[name], eyes.count, row).every(Number.isFinite),
    );
    if (wrong !== undefined) {
      rejects.push({ file: `${where}.${wrong}(${row + 1})`, reason: `Its ${wrong} is not finite.` });
    } else if (!isBetween(Math.hypot(...vectorAt(eyes.gaze, eyes.count, row)), 1e-6, 1e6)) {
      rejects.push({ file: `${where}.gaze(${row + 1})`, reason: 'Its gaze has no direction.' });
    } else if (!isBetween(Math.hypot(...vectorAt(eyes.pose, eyes.count, row)), 0, FULL_TURN)) {
      rejects.push({ file: `${where}.pose(${row + 1})`, reason: 'Its pose is more than a full turn.' });
    } else rows.push(row);
  }
  return rows;
}

/** The length of a rotation vector is its angle, radians; a little more for rounding. */
const FULL_TURN = 2 * Math.PI + 1e-3;

function isBetween(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

function annotationOf(eyes: Eyes, row: number, side: Side): EyeAnnotation {
  return {
    gaze: gazeOf(vectorAt(eyes.gaze, eyes.count, row)),
    headPose: headPoseOf(rotationOf(vectorAt(eyes.pose, eyes.count, row))),
    side,
  };
}

function vectorAt({ data }: NumericArray, count: number, row: number): [number, number, number] {
  return [data[row]!, data[row + count]!, data[row + 2 * count]!];
}

function fieldOf(value: MatValue, name: string): MatValue | undefined {
  return value.kind === 'struct' ? value.fields.get(name)?.[0] : undefined;
}

/** Caches the results of the last few calls. */
function cacheLast<Value>(most: number, load: (key: string) => Promise<Value>) {
  const cached = new Map<string, Promise<Value>>();
  return (key: string): Promise<Value> => {
    const value = cached.get(key) ?? load(key);
    cached.delete(key);
    cached.set(key, value);
    if (cached.size > most) cached.delete(cached.keys().next().value!);
    return value;
  };
}
