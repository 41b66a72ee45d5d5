import { SimganError } from '@simgan/core';
import type { Json, LabeledObject } from '../objects/objects.ts';
import { areaOf, boxOf } from '../objects/outline.ts';
import { packRuns, runsOf } from '../objects/run-length.ts';
import type {
  FormatOutput,
  FormatSample,
  FormatWriteOptions,
  FormatWriter,
} from '../registry/dataset-format.ts';
import { numberedName } from '../registry/picture-names.ts';
import { KEYPOINT_SHIFT } from './read-coco.ts';

const LABELS = 'annotations/instances.json';
const ANNOTATIONS = 'annotations/annotations.part';

/** What a class is known by: set by its first object that has it. */
interface Category {
  /** Counted from 1. */
  readonly id: number;
  readonly name: string;
  supercategory: string;
  keypoints: readonly string[];
  /** Pairs of names of keypoints. */
  skeleton: Json;
}

/** An object as it will stand in the file, once nothing can fail any more. */
interface Prepared {
  readonly category: Category;
  readonly supercategory: string;
  readonly skeleton: Json;
  readonly line: object;
}

/** Writes `images/` and `annotations/instances.json`, which grows with each sample. */
export async function writeCoco(output: FormatOutput, { name }: FormatWriteOptions): Promise<FormatWriter> {
  const images = await output.append(LABELS);
  const annotations = await output.append(ANNOTATIONS);
  const categories = new Map<string, Category>();
  let [imageId, annotationId] = [0, 0];
  await images.write(`{"info":{"description":${JSON.stringify(name)}},"licenses":[],"images":[`);

  const annotationOf = (
    object: LabeledObject,
    sample: FormatSample,
    added: Map<string, Category>,
  ): Prepared => {
    const box = boxOf(object);
    if (!box) {
      throw new SimganError(
        'INVALID_ARGUMENT',
        `COCO has no place for the object ${JSON.stringify(object.class)} of ${sample.id}: it has no box, outline, mask or keypoint.`,
      );
    }
    let category = categories.get(object.class) ?? added.get(object.class);
    if (!category) {
      category = {
        id: categories.size + added.size + 1,
        name: object.class,
        supercategory: '',
        keypoints: [],
        skeleton: [],
      };
      added.set(object.class, category);
    }
    const { supercategory, skeleton = [], ...fields } = object.fields ?? {};
    return {
      category,
      supercategory: typeof supercategory === 'string' ? supercategory : '',
      skeleton,
      line: {
        bbox: box,
        area: areaOf(object),
        iscrowd: object.isCrowd ? 1 : 0,
        segmentation: object.mask
          ? { size: object.mask.size, counts: packRuns(runsOf(object.mask)) }
          : (object.polygons ?? []).map((polygon) => polygon.flat()),
        ...keypointsOf(object, category, sample),
        ...fields,
      },
    };
  };
  return {
    async write(sample) {
      const { objects, class: own, fields } = sample.objects;
      const added = new Map<string, Category>();
      const all = objects.map((object) => annotationOf(object, sample, added));
      const file = numberedName(imageId, sample.extension);
      await output.picture(`images/${file}`, sample);
      for (const [name, category] of added) categories.set(name, category);
      imageId++;
      const image = {
        ...fields,
        ...(own !== undefined && { class: own }),
        id: imageId,
        file_name: file,
        width: sample.width,
        height: sample.height,
      };
      await images.write(`${imageId > 1 ? ',' : ''}\n${JSON.stringify(image)}`);
      for (const { category, supercategory, skeleton, line } of all) {
        category.supercategory ||= supercategory;
        if (linesOf(category).length === 0) category.skeleton = skeleton;
        annotationId++;
        const numbers = { id: annotationId, image_id: imageId, category_id: category.id };
        await annotations.write(`${annotationId > 1 ? ',' : ''}\n${JSON.stringify({ ...line, ...numbers })}`);
      }
    },
    async finish() {
      await annotations.close();
      await images.write('\n],"annotations":[');
      for await (const chunk of output.read(ANNOTATIONS)) await images.write(chunk);
      const list = [...categories.values()].map(({ id, name, supercategory, keypoints, skeleton }) => ({
        id,
        name,
        supercategory,
        ...(keypoints.length > 0 && { keypoints, skeleton: linesOf({ keypoints, skeleton }) }),
      }));
      await images.write(`\n],"categories":${JSON.stringify(list)}}\n`);
      await images.close();
      await output.remove(ANNOTATIONS);
    },
  };
}

/** Lines between keypoints by their numbers from 1; what is no pair of names of the class connects nothing. */
function linesOf({ keypoints, skeleton }: Pick<Category, 'keypoints' | 'skeleton'>): [number, number][] {
  if (!Array.isArray(skeleton)) return [];
  return skeleton.flatMap((pair: Json) => {
    const [from, to] = Array.isArray(pair) ? pair.map((name) => keypoints.indexOf(String(name)) + 1) : [];
    return from && to ? [[from, to] as [number, number]] : [];
  });
}

function keypointsOf({ keypoints }: LabeledObject, category: Category, { id }: FormatSample) {
  if (!keypoints || keypoints.length === 0) return {};
  const names = keypoints.map(({ name }) => name);
  if (category.keypoints.length === 0) category.keypoints = names;
  const unknown = names.find((name) => !category.keypoints.includes(name));
  if (unknown !== undefined) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `COCO has one list of keypoints for each class, and ${JSON.stringify(category.name)} of ${id} has ${JSON.stringify(unknown)}, which its first object does not have.`,
    );
  }
  const byName = new Map(keypoints.map((keypoint) => [keypoint.name, keypoint]));
  const flat = category.keypoints.flatMap((name) => {
    const { point, visibility } = byName.get(name) ?? { point: null, visibility: 0 };
    return point && visibility > 0
      ? [point[0] - KEYPOINT_SHIFT, point[1] - KEYPOINT_SHIFT, visibility]
      : [0, 0, 0];
  });
  return { keypoints: flat, num_keypoints: flat.filter((value, n) => n % 3 === 2 && value > 0).length };
}
