import { SimganError } from '@simgan/core';
import { type Folder, stemOf } from '@simgan/core/reading';
import type { LabeledObject } from '../objects/objects.ts';
import type { FormatContent, FormatReadOptions } from '../registry/dataset-format.ts';
import { byStem, contentOf, picturesIn, readEachLabel } from '../registry/picture-files.ts';
import { LARGEST_PICTURE_LABELS, linesOf, numberOf, readText } from '../registry/read-labels.ts';

/**
 * KITTI's coordinates count pixels from 0 ("0-based index", devkit readme): 0 is the center of the first pixel, as in
 * the projection by its cameras. Ours is 0.5 there.
 */
export const PIXEL_SHIFT = 0.5;

/** The files of labels of a folder. */
export function kittiFiles({ files }: Pick<Folder, 'files'>): string[] {
  return files.filter((file) => /(^|\/)label_2\/[^/]+\.txt$/.test(file));
}

/** Reads `label_2/*.txt` with `image_2/`. Lines of `DontCare` are regions in which nothing was labeled: crowds here. */
export async function readKitti(folder: Folder, options: FormatReadOptions): Promise<FormatContent> {
  const labels = kittiFiles(folder);
  const pictures = picturesIn(folder).filter((file) => /(^|\/)image_2\//.test(file));
  const stems = byStem(pictures);
  const used = new Set<string>();
  const read = await readEachLabel(
    labels,
    (file) => file,
    async (file) => {
      const picture = stems.get(
        stemOf(file)
          .replace(/label_2\/([^/]+)$/, 'image_2/$1')
          .toLowerCase(),
      );
      if (!picture) return { file, reason: 'There is no picture of its name in image_2.' };
      used.add(picture);
      const lines = linesOf(await readText(folder, file, LARGEST_PICTURE_LABELS));
      const objects = lines.map(({ number, line }) => objectOf(line, `${file}:${number}`));
      return { file: picture, picture: { file: picture }, annotation: { objects } };
    },
    options,
  );
  const unlabeled = pictures
    .filter((file) => !used.has(file))
    .map((file) => ({ file, reason: 'There are no labels of its name in label_2.' }));
  return contentOf(read.pictures, [...read.rejects, ...unlabeled]);
}

function objectOf(line: string, place: string): LabeledObject {
  const [type = '', ...words] = line.split(/\s+/);
  if (words.length !== 14 && words.length !== 15) {
    throw new SimganError(
      'INVALID_FILE',
      `${place} cannot be read: it has ${words.length + 1} columns; an object of KITTI has 15, or 16 with a score.`,
    );
  }
  const numbers = words.map((word) => numberOf(word, place));
  const [truncated, occluded, alpha, left, top, right, bottom] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const isIgnored = type === 'DontCare';
  return {
    class: type,
    box: [left + PIXEL_SHIFT, top + PIXEL_SHIFT, Math.max(0, right - left), Math.max(0, bottom - top)],
    ...(isIgnored && { isCrowd: true }),
    fields: {
      truncated,
      occluded,
      alpha,
      dimensions: numbers.slice(7, 10),
      location: numbers.slice(10, 13),
      rotationY: numbers[13]!,
      ...(numbers.length === 15 && { score: numbers[14]! }),
    },
  };
}
