import { SimganError } from '@simgan/core';
import { type Folder, type Reject, stemOf } from '@simgan/core/reading';
import type { JsonObject, LabeledObject } from '../objects/objects.ts';
import { decodeMask } from '../objects/run-length.ts';
import type { FormatContent, FormatReadOptions } from '../registry/dataset-format.ts';
import { contentOf, picturesIn, readEachLabel, resolveWithin } from '../registry/picture-files.ts';
import { checked, readJson } from '../registry/read-labels.ts';
import { type CocoAnnotation, cocoAnnotation, cocoFile, cocoImage } from './coco-schema.ts';

/**
 * COCO counts keypoints in whole pixels: 0 is the first pixel, whose center is ours at 0.5. Boxes and outlines are in
 * [0, width] and [0, height], as ours are (stated by Detectron2's reader, `detectron2/data/datasets/coco.py`).
 */
export const KEYPOINT_SHIFT = 0.5;

/** The files of a folder that are named as COCO's labels are. */
export function labelFiles({ files }: Pick<Folder, 'files'>): string[] {
  const named =
    /(^|\/)annotations\/[^/]+\.json$|(^|\/)[^/]*(coco|instances|keypoints|annotations)[^/]*\.json$/i;
  return files.filter(
    (file) => named.test(file) && !/(captions|panoptic|image_info|frame_data|definitions)/i.test(file),
  );
}

interface Picture {
  readonly file: string;
  readonly labels: string;
  readonly fields: JsonObject;
  readonly size: readonly [width: number, height: number];
  /** By the ids of annotations: instances and keypoints of the same object stand in two files. */
  readonly annotations: Map<string, { readonly raw: unknown; readonly categories: Categories }[]>;
}

type Categories = ReadonlyMap<
  string,
  {
    readonly name: string;
    readonly keypoints: readonly string[];
    readonly supercategory: string;
    /** Pairs of names of keypoints that a line connects. */
    readonly skeleton: readonly (readonly [string, string])[];
  }
>;

/** Reads all files of labels of a folder. */
export async function readCoco(folder: Folder, options: FormatReadOptions): Promise<FormatContent> {
  const pictures = new Map<string, Picture>();
  const rejects: Reject[] = [];
  const files = picturesIn(folder);
  const known = new Set(files);
  const byName = new Map<string, string[]>();
  for (const file of files) {
    const name = file.split('/').at(-1)!;
    byName.set(name, [...(byName.get(name) ?? []), file]);
  }
  for (const labels of labelFiles(folder)) {
    options.signal?.throwIfAborted();
    const content = await readJson(folder, labels, cocoFile);
    const categories: Categories = new Map(
      content.categories.map(({ id, name, keypoints, supercategory, skeleton }) => [
        String(id),
        {
          name,
          keypoints: keypoints ?? [],
          supercategory: supercategory ?? '',
          skeleton: skeletonOf(keypoints ?? [], skeleton ?? [], `${labels}: category ${name}`),
        },
      ]),
    );
    const byId = new Map<string, Picture>();
    for (const [index, raw] of content.images.entries()) {
      const place = `${labels}:images[${index}]`;
      const parsed = cocoImage.safeParse(raw);
      if (!parsed.success) {
        rejects.push({
          file: place,
          reason: 'It is not an image of COCO with id, file_name, width and height.',
        });
        continue;
      }
      const { id, file_name, width, height, ...others } = parsed.data;
      const file = locate(file_name, labels, known, byName);
      if (!file) {
        rejects.push({
          file: place,
          reason: `Its picture ${JSON.stringify(file_name.slice(0, 200))} is not in the folder, or not only once.`,
        });
        continue;
      }
      if (byId.has(String(id))) {
        rejects.push({ file: place, reason: `Another image has the id ${id}.` });
        continue;
      }
      const picture: Picture = pictures.get(file) ?? {
        file,
        labels,
        fields: others as JsonObject,
        size: [width, height],
        annotations: new Map(),
      };
      pictures.set(file, picture);
      byId.set(String(id), picture);
    }
    for (const [index, raw] of content.annotations.entries()) {
      const { image_id, id } = (raw ?? {}) as { image_id?: unknown; id?: unknown };
      const name = ['string', 'number'].includes(typeof id) ? String(id) : `${labels}:${index}`;
      const picture = byId.get(String(image_id));
      if (!picture) {
        rejects.push({
          file: `${labels}:annotations[${index}]`,
          reason:
            image_id === undefined
              ? 'It names no image.'
              : `No image has the id ${JSON.stringify(image_id).slice(0, 40)}.`,
        });
        continue;
      }
      const list = picture.annotations.get(name) ?? [];
      list.push({ raw, categories });
      picture.annotations.set(name, list);
    }
  }
  for (const file of files) {
    if (!pictures.has(file) && !isMaskOf(file))
      rejects.push({ file, reason: 'No file of COCO labels names it.' });
  }
  const read = await readEachLabel(
    [...pictures.values()],
    ({ file }) => file,
    async ({ file, labels, fields, size, annotations }) => {
      const objects = [...annotations].map(([id, parts]) =>
        mergeParts(
          parts.map((part) => objectOf(part.raw, part.categories, size, `${labels}: annotation ${id}`)),
        ),
      );
      const { class: own, ...rest } = fields;
      const isClass = typeof own === 'string';
      const left = isClass ? rest : fields;
      return {
        file,
        picture: { file },
        annotation: {
          ...(isClass && { class: own }),
          objects,
          ...(Object.keys(left).length > 0 && { fields: left }),
        },
      };
    },
    options,
  );
  return contentOf(read.pictures, [...rejects, ...read.rejects]);
}

/** Lines between keypoints, which COCO counts from 1, by their names. */
function skeletonOf(
  names: readonly string[],
  lines: readonly (readonly [number, number])[],
  place: string,
): (readonly [string, string])[] {
  return lines.map(([from, to]) => {
    const [one, other] = [names[from - 1], names[to - 1]];
    if (one !== undefined && other !== undefined) return [one, other] as const;
    throw invalid(place, `its skeleton connects keypoints ${from} and ${to}, and it has ${names.length}`);
  });
}

/** COCO's stuff and panoptic labels come as pictures. */
function isMaskOf(file: string): boolean {
  return /(^|\/)(panoptic|stuff)[^/]*\//i.test(file);
}

function locate(
  name: string,
  labels: string,
  known: ReadonlySet<string>,
  byName: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const base = labels.split('/').slice(0, -1).join('/');
  const above = base.split('/').slice(0, -1).join('/');
  // instances_val2017.json labels the pictures of val2017/.
  const split = stemOf(labels).split('_').at(-1)!;
  for (const from of [
    base,
    above,
    `${above}/images`,
    `images`,
    `${above}/${split}`,
    `${above}/images/${split}`,
    '',
  ]) {
    const file = resolveWithin(from.replace(/^\//, ''), name);
    if (file !== undefined && known.has(file)) return file;
  }
  const same = byName.get(name.split('/').at(-1)!) ?? [];
  return same.length === 1 && resolveWithin('', name) !== undefined ? same[0] : undefined;
}

/** What is known from the data of COCO itself and follows from the rest. */
const derived = new Set([
  'id',
  'image_id',
  'category_id',
  'bbox',
  'segmentation',
  'keypoints',
  'iscrowd',
  'area',
  'num_keypoints',
]);

function objectOf(
  raw: unknown,
  categories: Categories,
  [width, height]: readonly [number, number],
  place: string,
): LabeledObject {
  const annotation = checked(raw, cocoAnnotation, place);
  const category = categories.get(String(annotation.category_id));
  if (!category) throw invalid(place, `no category has the id ${annotation.category_id}`);
  const others = Object.entries(annotation).filter(([key]) => !derived.has(key));
  const hasSkeleton = category.skeleton.length > 0 && (annotation.keypoints ?? []).length > 0;
  const fields = Object.fromEntries([
    ...others,
    ...(category.supercategory ? [['supercategory', category.supercategory]] : []),
    ...(hasSkeleton ? [['skeleton', category.skeleton]] : []),
  ]) as JsonObject;
  return {
    class: category.name,
    ...(annotation.bbox && { box: annotation.bbox }),
    ...segmentationOf(annotation, width, height, place),
    ...keypointsOf(annotation, category.keypoints, place),
    ...(annotation.iscrowd && { isCrowd: true }),
    ...(Object.keys(fields).length > 0 && { fields }),
  };
}

function segmentationOf({ segmentation }: CocoAnnotation, width: number, height: number, place: string) {
  if (!segmentation) return {};
  if (!Array.isArray(segmentation)) {
    const { size } = segmentation;
    if (size[0] !== height || size[1] !== width) {
      throw invalid(place, `its mask is ${size[1]} x ${size[0]} and its picture ${width} x ${height}`);
    }
    decodeMask(segmentation);
    return { mask: segmentation };
  }
  if (segmentation.length === 0) return {};
  const polygons = segmentation.map((flat) => {
    if (flat.length % 2 !== 0) throw invalid(place, 'an outline has an odd number of coordinates');
    return Array.from({ length: flat.length / 2 }, (_, n) => [flat[2 * n]!, flat[2 * n + 1]!] as const);
  });
  return { polygons };
}

function keypointsOf({ keypoints: flat }: CocoAnnotation, names: readonly string[], place: string) {
  if (!flat || flat.length === 0) return {};
  if (flat.length % 3 !== 0 || (names.length > 0 && flat.length !== 3 * names.length)) {
    throw invalid(place, `it has ${flat.length} numbers for ${names.length} keypoints, not three for each`);
  }
  const keypoints = Array.from({ length: flat.length / 3 }, (_, n) => {
    const [x, y, visibility] = [flat[3 * n]!, flat[3 * n + 1]!, flat[3 * n + 2]!];
    if (visibility !== 0 && visibility !== 1 && visibility !== 2) {
      throw invalid(place, `the visibility of keypoint ${n} is ${visibility}, not 0, 1 or 2`);
    }
    const point = visibility === 0 ? null : ([x + KEYPOINT_SHIFT, y + KEYPOINT_SHIFT] as const);
    return { name: names[n] ?? `keypoint_${n}`, point, visibility } as const;
  });
  return { keypoints };
}

/** The same object in several files: what one says and another does not. */
function mergeParts(parts: readonly LabeledObject[]): LabeledObject {
  return Object.assign({}, ...parts.toReversed());
}

function invalid(place: string, problem: string): SimganError {
  return new SimganError('INVALID_FILE', `${place} cannot be read: ${problem}.`);
}
