import { SimganError, type Size } from '@simgan/core';
import { type Folder, stemOf } from '@simgan/core/reading';
import type { LabeledObject } from '../objects/objects.ts';
import type { FormatContent, FormatReadOptions } from '../registry/dataset-format.ts';
import { contentOf, isPictureName, picturesIn, readEachLabel } from '../registry/picture-files.ts';
import { LARGEST_PICTURE_LABELS, linesOf, numberOf, readText } from '../registry/read-labels.ts';
import { classesFile, configFile, readConfig, type YoloConfig } from './yolo-config.ts';

/** Whether a folder has pictures with YOLO's labels: `images/…` beside `labels/…`, or texts beside pictures and classes. */
export function looksLikeYolo({ files }: Pick<Folder, 'files'>): boolean {
  const known = new Set(files);
  const hasClasses = configFile({ files }) !== undefined || classesFile({ files }) !== undefined;
  return files.some(
    (file) =>
      isPictureName(file) &&
      (known.has(labelsOf(file) ?? '') || (hasClasses && known.has(`${stemOf(file)}.txt`))),
  );
}

/** Where the labels of a picture are: the last `images` of its path becomes `labels`. */
function labelsOf(file: string): string | undefined {
  const parts = stemOf(file).split('/');
  const at = parts.lastIndexOf('images');
  if (at < 0) return undefined;
  parts[at] = 'labels';
  return `${parts.join('/')}.txt`;
}

/** Reads pictures with a text file each: lines of a class and numbers relative to the picture's size. */
export async function readYolo(folder: Folder, options: FormatReadOptions): Promise<FormatContent> {
  const config = await readConfig(folder);
  const known = new Set(folder.files);
  const { pictures, rejects } = await readEachLabel(
    picturesIn(folder),
    (file) => file,
    async (file) => {
      const labels = [labelsOf(file), `${stemOf(file)}.txt`].find(
        (one) => one !== undefined && known.has(one),
      );
      // A picture without a file of labels is one without objects (Ultralytics: background images).
      const lines =
        labels === undefined ? [] : linesOf(await readText(folder, labels, LARGEST_PICTURE_LABELS));
      const size = lines.length > 0 ? await folder.pictureSize(file) : { width: 1, height: 1 };
      const objects = lines.map(({ number, line }) => objectOf(line, config, size, `${labels}:${number}`));
      const split = splitOf(file, config);
      return { file, picture: { file }, annotation: { objects, ...(split && { fields: { split } }) } };
    },
    options,
  );
  return contentOf(pictures, rejects);
}

function splitOf(file: string, { splits }: YoloConfig): string | undefined {
  const isBelow = (path: string) => {
    const folder = path
      .split('/')
      .filter((part) => part !== '' && part !== '.' && part !== '..')
      .join('/');
    return folder !== '' && `/${file}`.includes(`/${folder}/`);
  };
  return splits.find(([, paths]) => paths.some(isBelow))?.[0];
}

function objectOf(line: string, config: YoloConfig, { width, height }: Size, place: string): LabeledObject {
  const numbers = line.split(/\s+/).map((word) => numberOf(word, place));
  const [classNumber = -1, ...values] = numbers;
  if (!Number.isInteger(classNumber) || classNumber < 0) {
    throw invalid(place, `its first number is ${classNumber}, which is no class`);
  }
  const points = (flat: readonly number[]) =>
    Array.from(
      { length: flat.length / 2 },
      (_, n) => [flat[2 * n]! * width, flat[2 * n + 1]! * height] as const,
    );
  const object = { class: config.classOf(classNumber) };
  const { keypoints: shape } = config;
  if (shape && values.length === 4 + shape[0] * shape[1]) {
    const [count, each] = shape;
    const keypoints = Array.from({ length: count }, (_, n) => {
      const [x, y, v = 2] = values.slice(4 + n * each, 4 + (n + 1) * each) as [number, number, number?];
      if (v !== 0 && v !== 1 && v !== 2)
        throw invalid(place, `the visibility of keypoint ${n} is ${v}, not 0, 1 or 2`);
      const point = v === 0 ? null : ([x * width, y * height] as const);
      return { name: config.keypointName(classNumber, n), point, visibility: v } as const;
    });
    return { ...object, box: boxOf(values, width, height), keypoints };
  }
  if (values.length === 4) return { ...object, box: boxOf(values, width, height) };
  if (values.length >= 6 && values.length % 2 === 0) return { ...object, polygons: [points(values)] };
  throw invalid(
    place,
    `it has ${values.length} numbers after the class; a box has 4, an outline an even number of at least 6${shape ? `, a box with ${shape[0]} keypoints ${4 + shape[0] * shape[1]}` : ''}`,
  );
}

/** Center and size become left, top and size. */
function boxOf([x, y, w, h]: readonly number[], width: number, height: number) {
  return [(x! - w! / 2) * width, (y! - h! / 2) * height, w! * width, h! * height] as const;
}

function invalid(place: string, problem: string): SimganError {
  return new SimganError('INVALID_FILE', `${place} cannot be read: ${problem}.`);
}
