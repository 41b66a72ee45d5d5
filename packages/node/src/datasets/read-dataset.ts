import { stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Plugin, Sample } from '@simgan/core';
import { createDataset, type Dataset, SimganError } from '@simgan/core';
import { idKey, idProblem, idsOfFiles } from '@simgan/core/reading';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { readLines } from '../files/read-lines.ts';
import { firstRejects, type Reject, reasonOf } from '../files/reject.ts';
import { sha256 } from '../files/sha256.ts';
import { type LoadOptions, loadPictures } from '../pictures/load-pictures.ts';
import { isNamedAsPicture } from '../pictures/picture-kind.ts';
import { bareAnnotation, rememberText } from './annotation-text.ts';
import {
  BEGUN_MANIFEST,
  type DatasetManifest,
  IMAGES,
  type JsonObject,
  MANIFEST,
  METADATA,
  readManifest,
} from './dataset-format.ts';
import {
  FOREIGN_PROVENANCE,
  idOf,
  isOwnProvenance,
  type MetadataLine,
  parseMetadataLine,
  shortened,
} from './metadata-line.ts';
import { checkFolder, listFolder } from './read-images.ts';

/** Options for {@link readDataset}. */
export interface ReadDatasetOptions extends LoadOptions {
  /**
   * The kind of the annotations: `plugin`, each is checked with the plugin's schema; `foreign`, they are passed on
   * as they are. Default: what the folder's `dataset.json` says, or `foreign` where there is none.
   */
  readonly annotations?: 'plugin' | 'foreign';
}

interface Folder<Item> {
  /** In the order of the metadata, or of the pictures' paths where there is none. */
  readonly samples: Dataset<Item>;
  readonly rejects: readonly Reject[];
  /** Pictures that had to be scaled: their labels in pixels no longer fit. */
  readonly resized: number;
  /** The manifest, if this library wrote the folder. */
  readonly manifest: DatasetManifest | undefined;
}

/** A folder of pictures with what is known of them. `null` is the annotation of a picture without labels. */
export type DatasetFolder<Annotation> =
  | (Folder<Sample<Annotation>> & { readonly annotations: 'plugin' })
  | (Folder<Sample<JsonObject | null>> & { readonly annotations: 'foreign' });

/**
 * Reads a folder of pictures with a `metadata.jsonl` beside them: one that {@link writeDataset} wrote, or any
 * other. A line's `file_name` names its picture relative to the folder, its other fields are the annotation.
 * Without a `metadata.jsonl` every picture of the folder is a sample without labels.
 *
 * Nothing is lost in silence: a line that is not JSON, names no picture, one outside the folder or one that
 * another line named, a picture that cannot be used or that no line names, and an annotation that the plugin's
 * schema refuses, are rejects (`metadata.jsonl:12`). So are lines of more than 16 MiB, of more than a million values or
 * nested more than 200 levels deep, and those of other programs with a field `simgan`: under that name a line that this
 * library wrote has the provenance of its sample, which is not part of the annotation.
 *
 * Annotations are frozen, and {@link writeDataset} writes their fields byte for byte as they stand in the
 * file, order, spaces and digits included. They are what the file says: a label in pixels is not changed when
 * its picture is scaled (`resized` counts those).
 *
 * Pictures are decoded once at the start, like those of {@link readImages}; the metadata stays in memory as
 * text.
 *
 * @throws SimganError NOT_ENOUGH_DATA if no sample can be used, INVALID_FILE if the folder is a dataset whose
 * writing was interrupted or of another plugin's kind.
 */
export async function readDataset<Annotation>(
  dir: string,
  plugin: Pick<Plugin<Annotation>, 'name' | 'image' | 'annotation'>,
  options: ReadDatasetOptions = {},
): Promise<DatasetFolder<Annotation>> {
  await checkFolder(dir);
  const manifest = await checkManifest(dir);
  const isOfPlugin = manifest?.annotations === 'plugin' && manifest.plugin === plugin.name;
  const { annotations = isOfPlugin ? 'plugin' : 'foreign' } = options;
  const schema = annotations === 'plugin' ? plugin.annotation : undefined;

  const { signal } = options;
  const { entries, rejects: notEntries } = await findEntries(dir, {
    isOurs: manifest !== undefined,
    schema,
    signal,
  });
  const ids = idsOfEntries(entries, manifest !== undefined);
  const sources = entries.map((entry, index) => ({
    ...entry,
    id: ids[index]!,
    name: entry.file,
    location: join(dir, entry.file),
    isOptional: entry.line === undefined,
  }));
  const {
    usable,
    imageAt,
    rejects: notPictures,
    resized,
  } = await loadPictures(sources, plugin.image, options);
  const rejects = [...notEntries, ...notPictures];
  if (usable.length === 0) {
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `There is no usable sample in ${dir}: pictures (PNG, JPEG, WebP or TIFF), and if there is a ${METADATA}, ` +
        `lines that name them; ${rejects.length} rejected.${firstRejects(rejects)}`,
    );
  }
  const samples = createDataset(
    usable.length,
    async (index) => {
      const { id, file, line } = usable[index]!;
      const image = await imageAt(index);
      return { id, image, annotation: await annotationOf(line, schema), source: { file } };
    },
    (index) => usable[index]!.id,
  );
  // The schema has checked each annotation, or there is none: the two sides of the union.
  return { samples, rejects, resized, manifest, annotations } as DatasetFolder<Annotation>;
}

/** The ids of samples: those that our own lines give, or else made of the pictures' paths. */
function idsOfEntries(entries: readonly Entry[], isOurs: boolean): string[] {
  const given = isOurs ? entries.map(({ id }) => id) : [];
  const keys = new Set(given.map((id) => id && idKey(id)));
  const isUsable = keys.size === entries.length && given.every((id) => idProblem(id) === undefined);
  if (isUsable) return given as string[];
  return idsOfFiles(
    entries.map(({ file }) => (file.startsWith(`${IMAGES}/`) ? file.slice(IMAGES.length + 1) : file)),
  );
}

/** The folder's manifest, if it is a dataset of ours and whole. */
async function checkManifest(dir: string): Promise<DatasetManifest | undefined> {
  const manifest = await readManifest(dir, MANIFEST);
  if (!manifest) {
    if (!(await readManifest(dir, BEGUN_MANIFEST))) return undefined;
    throw new SimganError(
      'INVALID_FILE',
      `The dataset in ${dir} is not complete: its writing was interrupted. Resume it first.`,
    );
  }
  const hash = (await isFile(join(dir, METADATA))) ? await sha256(join(dir, METADATA)) : undefined;
  if (hash !== manifest.metadataSha256) {
    throw new SimganError(
      'INVALID_FILE',
      `${join(dir, METADATA)} ${hash ? `is not what ${MANIFEST} was written for` : 'is missing'}. Restore it; or, ` +
        `if you changed it on purpose, delete ${MANIFEST}, and the folder is read like any folder of pictures.`,
    );
  }
  return manifest;
}

/** A picture of the folder, and its line if there is metadata. */
interface Entry {
  readonly file: string;
  readonly line?: string;
  /** The id that the line gives, if this library wrote it. */
  readonly id?: string | undefined;
}

interface EntryOptions {
  /** Whether this library wrote the folder. */
  readonly isOurs: boolean;
  readonly schema: StandardSchemaV1 | undefined;
  readonly signal: AbortSignal | undefined;
}

async function findEntries(
  dir: string,
  { isOurs, schema, signal }: EntryOptions,
): Promise<{ entries: Entry[]; rejects: Reject[] }> {
  const listing = await listFolder(isOurs ? join(dir, IMAGES) : dir);
  const files = listing.files.map((file) => (isOurs ? `${IMAGES}/${file}` : file));
  const rejects = [...listing.rejects];
  const metadata = join(dir, METADATA);
  if (!files.includes(METADATA) && !isOurs) return { entries: files.map((file) => ({ file })), rejects };

  const entries: Entry[] = [];
  const named = new Map<string, number>();
  for await (const { number, ...read } of readLines(metadata, { signal })) {
    signal?.throwIfAborted();
    const reject = (reason: string) => rejects.push({ file: `${METADATA}:${number}`, reason });
    if ('problem' in read) {
      reject(read.problem);
      continue;
    }
    const line = read.text;
    if (line.trim() === '') continue;
    const parsed = parseMetadataLine(line);
    if (typeof parsed === 'string') {
      reject(parsed);
      continue;
    }
    const file = posix.normalize(parsed.fileName);
    const shown = shortened(file);
    const earlier = named.get(file);
    if (leavesFolder(parsed.fileName)) {
      reject(`Its picture ${shortened(JSON.stringify(parsed.fileName))} is outside the folder.`);
    } else if (earlier !== undefined) reject(`Its picture ${shown} is that of line ${earlier} already.`);
    else {
      named.set(file, number);
      const problem =
        lossOf(parsed, isOurs) ??
        (await pictureProblem(dir, file)) ??
        (schema && (await annotationProblem(parsed, schema)));
      if (problem) reject(problem);
      else entries.push({ file, line, id: idOf(parsed) });
    }
  }
  for (const file of files) {
    if (!named.has(file) && isNamedAsPicture(file)) {
      rejects.push({ file, reason: `No usable line of ${METADATA} names it.` });
    }
  }
  return { entries, rejects };
}

/** Why a line of another program's would not come through whole: its field that we take for provenance is its own. */
function lossOf({ provenance }: MetadataLine, isOurs: boolean): string | undefined {
  return isOurs || !provenance || isOwnProvenance(provenance) ? undefined : FOREIGN_PROVENANCE;
}

/** Paths are those of every system: a backslash is never a folder's boundary here and always one on Windows. */
function leavesFolder(fileName: string): boolean {
  return (
    fileName === '' ||
    /[\\\0]/.test(fileName) ||
    /^([a-z]:|\/)/i.test(fileName) ||
    fileName.split('/').includes('..')
  );
}

async function pictureProblem(dir: string, file: string): Promise<string | undefined> {
  const shown = shortened(file);
  try {
    const found = await stat(join(dir, file));
    if (found.isFile()) return undefined;
    return `Its picture ${shown} is ${found.isDirectory() ? 'a folder' : 'not a file'}.`;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return `Its picture ${shown} ${isMissing ? 'does not exist.' : `cannot be read. ${reasonOf(error)}`}`;
  }
}

async function isFile(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() ?? false;
}

/** Why the plugin's schema refuses a line's annotation, in a sentence. */
async function annotationProblem(line: MetadataLine, schema: StandardSchemaV1): Promise<string | undefined> {
  let issues: StandardSchemaV1.FailureResult['issues'] | undefined;
  try {
    ({ issues } = await validate(line, schema));
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return `The plugin's schema of annotations fails on it: ${shortened(what)}.`;
  }
  if (!issues) return undefined;
  const shown = issues.slice(0, 3).map(({ path = [], message }) => {
    const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
    return shortened(keys.length > 0 ? `${keys.join('.')}: ${message}` : message);
  });
  return `Its annotation is not the plugin's: ${shown.join('; ')}.`;
}

async function annotationOf(
  line: string | undefined,
  schema: StandardSchemaV1 | undefined,
): Promise<unknown> {
  if (line === undefined) return null;
  const parsed = parseMetadataLine(line) as MetadataLine;
  const isEmpty = Object.keys(parsed.fields).length === 0;
  if (!schema) return isEmpty ? null : rememberText(parsed.fields, parsed.text);
  const result = await validate(parsed, schema);
  return result.issues ? null : rememberText(result.value, parsed.text);
}

async function validate({ fields }: MetadataLine, schema: StandardSchemaV1) {
  const result = await schema['~standard'].validate(fields);
  const bare = bareAnnotation(fields);
  return result.issues && bare !== undefined ? schema['~standard'].validate(bare) : result;
}
