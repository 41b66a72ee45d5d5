/** @file The task that pictures are judged by: the plugin's own, or the classes that their labels name. */
import {
  type Dataset,
  type Estimator,
  hasSize,
  mapDataset,
  type Plugin,
  type RealImage,
  type Sample,
  type Size,
  type SizedForm,
  spreadItems,
} from '@simgan/core';
import { classEstimator, MOST_CLASSES } from '@simgan/core/evaluation';
import { resample, resizeTransform } from '@simgan/core/geometry';
import { CLASS_FIELDS } from '../datasets/class-fields.ts';
import { sizesOf } from '../runs/picture-sizes.ts';
import type { RealSource, SyntheticSource } from '../runs/sources.ts';

/** What networks that judge learn, and the form in which they see pictures. */
export interface JudgedTask {
  readonly estimator: Estimator<unknown>;
  readonly image: SizedForm;
  /** What networks learn, as text for people: `gaze`, `the 10 classes of "label"`. */
  readonly what: string;
  /** A picture in the form of the task. */
  fit<Item extends RealImage>(item: Item): Item;
}

/** All pictures in the form of the task. */
export function fitAll<Item extends RealImage>(task: JudgedTask, pictures: Dataset<Item>): Dataset<Item> {
  return mapDataset(pictures, (item) => task.fit(item));
}

/** Labels that are looked at to find the classes, where the first few name one. */
const LOOKED_AT = 1000;
const FIRST = 8;
/** Fewer pictures of a class on average, and its field is rather a name or a number of the picture. */
const LEAST_OF_CLASS = 5;
/** The longer side of pictures without a common size, as networks that judge see them, pixels. */
const LONGEST_SIDE = 64;

const CLASS_PATHS = CLASS_FIELDS.flatMap((field) => [[field], ['fields', field]]);

/** Finds the task that pictures can be judged by; a text says why there is none, as a sentence. */
export async function findTask(
  plugin: Plugin,
  { synthetic, real }: { readonly synthetic: SyntheticSource; readonly real: Pick<RealSource, 'images'> },
): Promise<JudgedTask | string> {
  const { estimator, image, name } = plugin;
  const isOwn = synthetic.annotations === 'plugin' && estimator?.answer !== undefined;
  if (isOwn && hasSize(image)) return { estimator, image, what: estimator.name, fit: (item) => item };
  if (isOwn) return 'The pictures have no common size, so their use to the estimator cannot be judged.';
  const form = hasSize(image) ? image : await commonForm(plugin, synthetic.training, real.images);
  const classes = await findClasses(synthetic.training, form);
  if (!classes) {
    const problem =
      synthetic.annotations === 'foreign'
        ? `The annotations are not those of the plugin ${name}`
        : `The plugin ${name} has no estimator whose answers can be compared`;
    return `${problem}, and they do not name a class of each picture (as "class" or "label"), so the use of the pictures cannot be judged.`;
  }
  return {
    ...classes,
    image: form,
    fit: (item) => (hasSize(image) ? item : fitted(item, form)),
  };
}

/** The task of the field that names a class for each picture; `undefined` if there is none. */
async function findClasses(
  samples: Dataset<Sample<unknown>>,
  size: Size,
): Promise<Pick<JudgedTask, 'estimator' | 'what'> | undefined> {
  const annotations: unknown[] = [];
  for await (const { annotation } of spreadItems(samples, LOOKED_AT)) {
    annotations.push(annotation);
    // A thousand pictures are not rendered to find nothing.
    if (annotations.length === FIRST && !CLASS_PATHS.some((path) => isIn(annotations, path)))
      return undefined;
  }
  for (const path of CLASS_PATHS) {
    const found = annotations.map((annotation) => classAt(annotation, path));
    const classes = [...new Set(found)].filter((one) => one !== undefined).sort();
    const isComplete = found.every((one) => one !== undefined);
    if (!isComplete || classes.length < 2 || classes.length > MOST_CLASSES) continue;
    if (annotations.length < LEAST_OF_CLASS * classes.length) continue;
    const templates = templatesOf(annotations, found as string[]);
    const estimator = classEstimator<unknown>({
      classes,
      size,
      classOf: (annotation) => classAt(annotation, path),
      ...(templates && { annotationOf: (one) => structuredClone(templates.get(one)) }),
    });
    return { estimator, what: `the ${classes.length} classes of ${JSON.stringify(path.at(-1))}` };
  }
  return undefined;
}

function isIn(annotations: readonly unknown[], path: readonly string[]): boolean {
  return annotations.every((annotation) => classAt(annotation, path) !== undefined);
}

/** The class in a field, as text; `undefined` if there is none. */
function classAt(annotation: unknown, path: readonly string[]): string | undefined {
  let value = annotation;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return typeof value === 'string' || typeof value === 'boolean' || Number.isInteger(value)
    ? String(value)
    : undefined;
}

/** The one annotation that all pictures of a class have; `undefined` if annotations say more than the class. */
function templatesOf(
  annotations: readonly unknown[],
  classes: readonly string[],
): ReadonlyMap<string, unknown> | undefined {
  const templates = new Map<string, unknown>();
  const texts = new Map<string, string>();
  for (const [index, annotation] of annotations.entries()) {
    const text = JSON.stringify(annotation);
    const name = classes[index]!;
    if ((texts.get(name) ?? text) !== text) return undefined;
    texts.set(name, text);
    templates.set(name, annotation);
  }
  return templates;
}

/** The median size of both sets, scaled down to at most 64 pixels. */
async function commonForm(
  { image }: Plugin,
  synthetic: Dataset<RealImage>,
  real: Dataset<RealImage>,
): Promise<SizedForm> {
  const sizes = await sizesOf(synthetic, real);
  const [width, height] = [
    medianOf(sizes.map((size) => size.width)),
    medianOf(sizes.map((size) => size.height)),
  ];
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const { keepsAlpha: _, ...form } = image;
  const side = (length: number) => Math.max(9, Math.round(scale * length));
  return { ...form, width: side(width), height: side(height) };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function fitted<Item extends RealImage>(item: Item, size: Size): Item {
  const { alpha: _, ...image } = item.image;
  if (image.width === size.width && image.height === size.height) return { ...item, image };
  return { ...item, image: resample(image, resizeTransform(image, size)) };
}
