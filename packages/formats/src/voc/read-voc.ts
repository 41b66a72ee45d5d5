import { SimganError } from '@simgan/core';
import { type Folder, stemOf } from '@simgan/core/reading';
import type { JsonObject, LabeledObject } from '../objects/objects.ts';
import { encodeMask } from '../objects/run-length.ts';
import type { FormatContent, FormatReadOptions } from '../registry/dataset-format.ts';
import { lazyContent } from '../registry/lazy-content.ts';
import {
  byStem,
  type LabeledPicture,
  picturesIn,
  readEachLabel,
  resolveWithin,
} from '../registry/picture-files.ts';
import { LARGEST_PICTURE_LABELS, linesOf, readText } from '../registry/read-labels.ts';
import { numbersOfColors } from './segmentation.ts';
import { parseVoc, unescaped, type VocAnnotation } from './voc-xml.ts';

/** The files of labels of a folder. */
export function vocFiles({ files }: Pick<Folder, 'files'>): string[] {
  return files.filter((file) => /(^|\/)Annotations\/.*\.xml$/i.test(file));
}

/**
 * Reads `Annotations/*.xml` with `JPEGImages/`, or XML files beside their pictures. `SegmentationObject/` gives the masks of
 * objects, numbered in the order of the XML; where there is `SegmentationClass/` alone, it is a companion.
 */
export async function readVoc(folder: Folder, options: FormatReadOptions): Promise<FormatContent> {
  const named = vocFiles(folder);
  const labels = named.length > 0 ? named : folder.files.filter((file) => /\.xml$/i.test(file));
  const all = picturesIn(folder);
  const pictures = all.filter((file) => !isSegmentation(file));
  const segmentations = byStem(all.filter(isSegmentation));
  const known = new Set(pictures);
  const stems = byStem(pictures);
  const splits = await readSplits(folder);
  const used = new Set<string>();
  const read = await readEachLabel<string, SegmentedPicture>(
    labels,
    (file) => file,
    async (file) => {
      const annotation = parseVoc(await readText(folder, file, LARGEST_PICTURE_LABELS), file);
      const picture = pictureOf(file, annotation, known, stems);
      if (!picture) return { file, reason: `Its picture ${annotation.filename ?? ''} is not in the folder.` };
      used.add(picture);
      const objects = (annotation.object ?? []).map((object) => objectOf(object));
      const split = splits.get(stemOf(picture.split('/').at(-1)!));
      const beside = (kind: string) => segmentations.get(segmentationOf(picture, kind).toLowerCase());
      const [ofObjects, ofClasses] = [beside('SegmentationObject'), beside('SegmentationClass')];
      return {
        masks: ofObjects,
        ...(ofClasses !== undefined &&
          ofObjects === undefined && { companions: [{ name: 'segmentation', file: ofClasses }] }),
        file: picture,
        picture: { file: picture },
        annotation: { objects, ...(split !== undefined && { fields: { split } }) },
      };
    },
    options,
  );
  const unlabeled = pictures
    .filter((file) => !used.has(file))
    .map((file) => ({ file, reason: 'No XML file labels it.' }));
  return lazyContent(read.pictures, [...read.rejects, ...unlabeled], async ({ annotation, masks }) => {
    if (masks === undefined) return annotation;
    const numbers = await numbersIn(folder, masks);
    const objects = annotation.objects.map((object, index) => {
      const own = numbers.data.map((number) => (number === index + 1 ? 1 : 0));
      return own.includes(1) ? { ...object, mask: encodeMask(own, numbers.width, numbers.height) } : object;
    });
    return { ...annotation, objects };
  });
}

/** A picture, and the file of its objects' masks. */
interface SegmentedPicture extends LabeledPicture {
  readonly masks: string | undefined;
}

function isSegmentation(file: string): boolean {
  return /(^|\/)Segmentation(Class|Object)\//.test(file);
}

/** The path without extension of a picture's segmentation, in a folder beside its own. */
function segmentationOf(picture: string, kind: string): string {
  const parts = stemOf(picture).split('/');
  return [...parts.slice(0, -2), kind, parts.at(-1)!].join('/');
}

/** The numbers of a picture of segmentation, stored as they are or as colors of VOC's palette. */
async function numbersIn(folder: Folder, file: string) {
  const { channels } = await folder.pictureSize(file);
  const { data, width, height } = await folder.picture(file, { channels: channels === 1 ? 1 : 3, bits: 8 });
  const numbers =
    channels === 1 ? Uint8Array.from(data, (value) => (value === 255 ? 0 : value)) : numbersOfColors(data);
  if (numbers) return { data: numbers, width, height };
  throw new SimganError('INVALID_FILE', `${file} has colors that are not of VOC's palette.`);
}

/** `ImageSets/Main/train.txt` lists the names of pictures without extension. */
async function readSplits(folder: Folder): Promise<ReadonlyMap<string, string>> {
  const splits = new Map<string, string>();
  for (const split of ['train', 'val', 'test']) {
    const file = folder.files.find((one) => new RegExp(`(^|/)ImageSets/Main/${split}\\.txt$`).test(one));
    if (file === undefined) continue;
    for (const { line } of linesOf(await readText(folder, file, 2 ** 28)))
      splits.set(line.split(/\s/)[0]!, split);
  }
  return splits;
}

function pictureOf(
  file: string,
  { filename }: VocAnnotation,
  known: ReadonlySet<string>,
  stems: ReadonlyMap<string, string>,
): string | undefined {
  const base = file.split('/').slice(0, -1).join('/');
  const root = base.replace(/(^|\/)Annotations(\/.*)?$/i, '');
  const places = [`${root}/JPEGImages`, `${root}/images`, base, root].map((path) => path.replace(/^\//, ''));
  for (const place of places) {
    const found = filename === undefined ? undefined : resolveWithin(place, unescaped(filename));
    if (found !== undefined && known.has(found)) return found;
  }
  const stem = stemOf(file).split('/').at(-1)!;
  for (const place of places) {
    const found = stems.get((place === '' ? stem : `${place}/${stem}`).toLowerCase());
    if (found !== undefined) return found;
  }
  return undefined;
}

type Bounds = NonNullable<VocAnnotation['object']>[number]['bndbox'];

function objectOf(object: NonNullable<VocAnnotation['object']>[number]): LabeledObject {
  const { name, bndbox, part, pose, truncated, occluded, difficult } = object;
  const flags = Object.entries({ truncated, occluded, difficult }).flatMap(([key, value]) =>
    value === undefined || value === ''
      ? []
      : [[key, value === '1' ? true : value === '0' ? false : value] as const],
  );
  const parts = (part ?? []).map((one) => ({ name: unescaped(one.name), box: [...boxOf(one.bndbox)] }));
  const fields: JsonObject = {
    ...(pose !== undefined && pose !== '' && { pose: unescaped(pose) }),
    ...Object.fromEntries(flags),
    ...(parts.length > 0 && { parts }),
  };
  return { class: unescaped(name), box: boxOf(bndbox), ...(Object.keys(fields).length > 0 && { fields }) };
}

/** VOC counts pixels from 1 and includes the last: 1 to width is the whole picture (VOC devkit, section 4). */
function boxOf({ xmin, ymin, xmax, ymax }: Bounds) {
  return [xmin - 1, ymin - 1, Math.max(0, xmax - xmin + 1), Math.max(0, ymax - ymin + 1)] as const;
}
