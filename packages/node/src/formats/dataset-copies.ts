/** @file A dataset of this library in other formats, sample by sample as it is written or after it was. */
import { basename, join } from 'node:path';
import type { AnnotationSchema, Reject } from '@simgan/core';
import {
  annotationOfColumns,
  columnsOf,
  type DatasetFormat,
  findFormat,
  type ObjectsAnnotation,
  objectsOfLabels,
  objectsProblem,
} from '@simgan/formats';
import { withoutFiles } from '../datasets/companion-fields.ts';
import { type JsonObject, METADATA, SAMPLE_ID } from '../datasets/dataset-format.ts';
import { companionsOfLine } from '../datasets/line-files.ts';
import { parseMetadataLine } from '../datasets/metadata-line.ts';
import { readLines } from '../files/read-lines.ts';
import { beginFormatFolder, checkFormatFolder, type FormatFolder } from './format-folder.ts';
import { companionFile, type StoredSample, storedSample } from './stored-sample.ts';

/** Which formats a dataset is written in beside its own. */
export interface CopyOptions {
  /** Names of formats, such as `coco`; each gets a folder beside the dataset's: `OUT-coco`. */
  readonly to?: readonly string[] | undefined;
  /** Formats beside those of `@simgan/formats`. */
  readonly formats?: readonly DatasetFormat[] | undefined;
}

/** A format that was written. */
export interface WrittenFormat {
  readonly format: string;
  /** The whole path of its folder. */
  readonly dir: string;
  readonly count: number;
  /** Inputs that were left out, listed in its `rejects.jsonl`. */
  readonly rejects: number;
}

/** Copies in progress. */
export interface DatasetCopies {
  /** Adds the sample of a line of the dataset's metadata, whose picture is written. */
  add(line: string): Promise<void>;
  /** Makes the copies complete. */
  finish(rejects: readonly Reject[]): Promise<readonly WrittenFormat[]>;
  /** Gives the folders back; what is not complete is deleted. */
  close(): Promise<void>;
}

interface BeginOptions extends CopyOptions {
  /** The plugin's, if the annotations are of its kind. */
  readonly schema: Pick<AnnotationSchema, 'geometry'> | undefined;
  /** The class of plugins' annotations that are one object. */
  readonly name: string;
  readonly provenance: JsonObject;
  /** The folder that the copies stand beside; in a folder `dataset` of it, or itself, is the dataset. */
  readonly out: string;
}

/**
 * Says before hours of work what would be said after: whether the formats can be written, and to where.
 *
 * @throws SimganError INVALID_ARGUMENT, OUTPUT_EXISTS.
 */
export async function checkCopies(
  out: string,
  { to = [], formats }: CopyOptions,
  existing: 'refuse' | 'resume' | 'replace',
): Promise<void> {
  for (const name of to) {
    findFormat(name, 'write', formats);
    await checkFormatFolder(`${out}-${name}`, existing !== 'refuse');
  }
}

/** Begins to copy a dataset to the formats that the options name. What was there of an earlier run is written anew. */
export async function beginCopies(
  dataset: string,
  { to = [], formats, schema, name, provenance, out }: BeginOptions,
): Promise<DatasetCopies> {
  const folders: FormatFolder[] = [];
  const close = async () => {
    for (const folder of folders) await folder.close();
  };
  try {
    for (const one of new Set(to)) {
      const target = findFormat(one, 'write', formats);
      const about = { name: basename(out), provenance, isReplaced: true };
      folders.push(await beginFormatFolder(`${out}-${one}`, target, about));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async add(line) {
      if (folders.length === 0) return;
      const { sample, id } = await sampleOf(dataset, line, schema, name);
      for (const folder of folders) await folder.write(sample, id);
    },
    async finish(rejects) {
      for (const folder of folders) await folder.finish(rejects);
      return folders.map((folder) => ({
        format: folder.format,
        dir: folder.dir,
        count: folder.count,
        rejects: rejects.length + folder.rejects.length,
      }));
    },
    close,
  };
}

/** Copies a whole dataset. */
export async function copyDataset(
  dataset: string,
  options: BeginOptions & {
    readonly rejects?: readonly Reject[];
    readonly onSample?: () => void;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<readonly WrittenFormat[]> {
  const copies = await beginCopies(dataset, options);
  try {
    for await (const line of readLines(join(dataset, METADATA), { signal: options.signal })) {
      if (!('text' in line)) continue;
      await copies.add(line.text);
      options.onSample?.();
    }
    return await copies.finish(options.rejects ?? []);
  } finally {
    await copies.close();
  }
}

async function sampleOf(
  dataset: string,
  line: string,
  schema: BeginOptions['schema'],
  name: string,
): Promise<{ sample: StoredSample; id: string }> {
  const parsed = parseMetadataLine(line);
  // The line is one that this library wrote.
  if (typeof parsed === 'string') throw new Error(parsed);
  const { fileName, provenance } = parsed;
  const written = companionsOfLine(parsed).filter((one) => 'file' in one);
  const fields = withoutFiles(parsed.fields, written);
  const companions = written.map(({ name, file }) => companionFile(name, join(dataset, file)));
  const id = String(provenance?.[SAMPLE_ID] ?? fileName);
  const location = join(dataset, fileName);
  const known = objectsProblem(fields) === undefined ? (fields as unknown as ObjectsAnnotation) : undefined;
  const unlabeled = { columns: known ? columnsOf(known) : fields, objects: known ?? { objects: [] } };
  const bare = await storedSample(id, { location, isOwnFile: true }, unlabeled, { isChecked: false });
  const sample = companions.length > 0 ? { ...bare, companions } : bare;
  if (known) return { sample, id };
  return { sample: { ...sample, objects: objectsIn(fields, schema, name, sample) }, id };
}

function objectsIn(
  fields: JsonObject,
  schema: BeginOptions['schema'],
  name: string,
  size: StoredSample,
): ObjectsAnnotation {
  if (schema) return objectsOfLabels(fields, schema, name, size);
  const annotation = annotationOfColumns(fields);
  return typeof annotation === 'string' ? { objects: [], fields } : annotation;
}
