/** @file The task that pictures are judged by: the plugin's own, or the classes that their labels name. */
import {
  type Dataset,
  type Estimator,
  hasSize,
  type Plugin,
  type Sample,
  type Size,
  spreadItems,
} from '@simgan/core';
import { classEstimator, MOST_CLASSES } from '@simgan/core/evaluation';
import { CLASS_FIELDS } from '../datasets/class-fields.ts';
import type { RealSource, SyntheticSource } from '../runs/sources.ts';
import { type CommonForm, commonForm } from './common-form.ts';

/** What networks that judge learn, and the form in which they see pictures. */
export interface JudgedTask extends CommonForm {
  readonly estimator: Estimator<unknown>;
  /** What networks learn, as text for people: `gaze`, `the 10 classes of "label"`. */
  readonly what: string;
}

/** Labels that are looked at to find the classes, where the first few name one. */
const LOOKED_AT = 1000;
const FIRST = 8;
/** Fewer pictures of a class on average, and its field is rather a name or a number of the picture. */
const LEAST_OF_CLASS = 5;

const CLASS_PATHS = CLASS_FIELDS.flatMap((field) => [[field], ['fields', field]]);

/** Finds the task that pictures can be judged by; a text says why there is none, as a sentence. */
export async function findTask(
  plugin: Plugin,
  { synthetic, real }: { readonly synthetic: SyntheticSource; readonly real: Pick<RealSource, 'images'> },
): Promise<JudgedTask | string> {
  const { estimator, image, name } = plugin;
  const isOwn = synthetic.annotations === 'plugin' && estimator?.answer !== undefined;
  if (isOwn && !hasSize(image))
    return 'The pictures have no common size, so their use to the estimator cannot be judged.';
  const form = await commonForm(image, synthetic.training, real.images);
  if (isOwn) return { ...form, estimator, what: estimator.name };
  const classes = await findClasses(synthetic.training, form.image);
  if (!classes) {
    const problem =
      synthetic.annotations === 'foreign'
        ? `The annotations are not those of the plugin ${name}`
        : `The plugin ${name} has no estimator whose answers can be compared`;
    return `${problem}, and they do not name a class of each picture (as "class" or "label"), so the use of the pictures cannot be judged.`;
  }
  return { ...form, ...classes };
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
