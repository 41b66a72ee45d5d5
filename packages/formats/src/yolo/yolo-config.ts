/** @file `data.yaml`: classes, keypoints and splits of a YOLO dataset. */
import { SimganError } from '@simgan/core';
import type { Folder } from '@simgan/core/reading';
import { parse } from 'yaml';
import { z } from 'zod';
import { checked, readText } from '../registry/read-labels.ts';

const name = z.coerce.string().min(1).max(200);
const names = z.union([z.array(name).max(100_000), z.record(z.string().regex(/^\d{1,6}$/), name)]);
const paths = z.union([z.string().max(4096), z.array(z.string().max(4096)).max(1000)]).nullish();

const schema = z.looseObject({
  path: z.string().max(4096).nullish(),
  train: paths,
  val: paths,
  test: paths,
  names: names.optional(),
  kpt_shape: z.tuple([z.int().min(1).max(1000), z.union([z.literal(2), z.literal(3)])]).optional(),
  kpt_names: z.record(z.string(), z.array(name).max(1000)).optional(),
});

/** What a YOLO dataset says of itself. */
export interface YoloConfig {
  classOf(number: number): string;
  /** How many keypoints an object has, and how many numbers each. */
  readonly keypoints?: readonly [count: number, numbers: 2 | 3];
  keypointName(classNumber: number, index: number): string;
  readonly splits: readonly (readonly [split: string, paths: readonly string[]])[];
}

/** The file of a folder that describes a YOLO dataset. */
export function configFile({ files }: Pick<Folder, 'files'>): string | undefined {
  return (
    files.find((file) => /^(data|dataset)\.ya?ml$/i.test(file)) ??
    files.find((file) => /^[^/]+\.ya?ml$/i.test(file))
  );
}

/** The file of a folder that lists classes, one a line (Darknet, labelImg). */
export function classesFile({ files }: Pick<Folder, 'files'>): string | undefined {
  return files.find((file) => /(^|\/)(classes\.txt|obj\.names)$/.test(file));
}

/** Reads `data.yaml`, or `classes.txt` where there is none. */
export async function readConfig(folder: Folder): Promise<YoloConfig> {
  const file = configFile(folder);
  if (file === undefined) {
    const list = classesFile(folder);
    const lines = list === undefined ? [] : (await readText(folder, list, 2 ** 20)).split(/\r?\n/);
    return { classOf: (number) => lines[number]?.trim() || String(number), keypointName, splits: [] };
  }
  const text = await readText(folder, file, 2 ** 20);
  let value: unknown;
  try {
    // Anchors may refer to each other without end.
    value = parse(text, { maxAliasCount: 100, logLevel: 'silent' });
  } catch (error) {
    throw new SimganError('INVALID_FILE', `${file} is not YAML: ${(error as Error).message.split('\n')[0]}`, {
      cause: error,
    });
  }
  const config = checked(value, schema, file);
  const classes = config.names ?? [];
  const classOf = (number: number) =>
    (Array.isArray(classes) ? classes[number] : classes[String(number)]) ?? String(number);
  const base = config.path ?? '';
  const splits = (['train', 'val', 'test'] as const).flatMap((split) => {
    const given = config[split];
    const listed = (typeof given === 'string' ? [given] : (given ?? [])).map((path) => `${base}/${path}`);
    return listed.length > 0 ? [[split, listed] as const] : [];
  });
  return {
    classOf,
    keypointName: (number, index) =>
      config.kpt_names?.[String(number)]?.[index] ?? keypointName(number, index),
    splits,
    ...(config.kpt_shape && { keypoints: config.kpt_shape }),
  };
}

function keypointName(_: number, index: number): string {
  return `keypoint_${index}`;
}
