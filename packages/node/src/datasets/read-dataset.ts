import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { createInterface } from 'node:readline';
import type { Plugin, Sample } from '@simgan/core';
import { createDataset, type Dataset, SimganError } from '@simgan/core';
import { idsOfFiles } from '@simgan/core/reading';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { listFiles } from '../files/list-files.ts';
import { firstRejects, type Reject } from '../files/reject.ts';
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
import { type MetadataLine, parseMetadataLine } from './metadata-line.ts';
import { checkFolder } from './read-images.ts';

/** How {@link readDataset} reads. */
export interface ReadDatasetOptions extends LoadOptions {
  /**
   * What the annotations are: `plugin`, each is checked with the plugin's schema; `foreign`, they are passed on
   * as they are. Unless given, what the folder's `dataset.json` says, and `foreign` where there is none.
   */
  readonly annotations?: 'plugin' | 'foreign';
}

interface Folder<Item> {
  /** In the order of the metadata, or of the pictures' paths where there is none. */
  readonly samples: Dataset<Item>;
  readonly rejects: readonly Reject[];
  /** How many pictures had to be scaled: their labels in pixels no longer fit. */
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
 * schema refuses, are rejects (`metadata.jsonl:12`).
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

  const { entries, rejects: notEntries } = await findEntries(dir, manifest !== undefined, schema);
  const ids = idsOfFiles(
    entries.map(({ file }) => (file.startsWith(`${IMAGES}/`) ? file.slice(IMAGES.length + 1) : file)),
  );
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
      const { id, line } = usable[index]!;
      const image = await imageAt(index);
      return { id, image, annotation: await annotationOf(line, schema) };
    },
    (index) => usable[index]!.id,
  );
  // The schema has checked each annotation, or there is none: the two sides of the union.
  return { samples, rejects, resized, manifest, annotations } as DatasetFolder<Annotation>;
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
  const hash = await sha256(join(dir, METADATA)).catch(() => undefined);
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
}

async function findEntries(
  dir: string,
  isOurs: boolean,
  schema: StandardSchemaV1 | undefined,
): Promise<{ entries: Entry[]; rejects: Reject[] }> {
  const listing = await listFiles(isOurs ? join(dir, IMAGES) : dir);
  const files = listing.files.map((file) => (isOurs ? `${IMAGES}/${file}` : file));
  const rejects = [...listing.rejects];
  const metadata = join(dir, METADATA);
  if (!files.includes(METADATA) && !isOurs) return { entries: files.map((file) => ({ file })), rejects };

  const entries: Entry[] = [];
  const named = new Map<string, number>();
  let number = 0;
  for await (const text of createInterface({
    input: createReadStream(metadata),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    number++;
    const line = number === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (line.trim() === '') continue;
    const reject = (reason: string) => rejects.push({ file: `${METADATA}:${number}`, reason });
    const parsed = parseMetadataLine(line);
    if (typeof parsed === 'string') {
      reject(parsed);
      continue;
    }
    const file = posix.normalize(parsed.fileName);
    const earlier = named.get(file);
    if (leavesFolder(parsed.fileName))
      reject(`Its picture ${JSON.stringify(parsed.fileName)} is outside the folder.`);
    else if (earlier !== undefined) reject(`Its picture ${file} is that of line ${earlier} already.`);
    else {
      named.set(file, number);
      const problem =
        (await pictureProblem(dir, file)) ?? (schema && (await annotationProblem(line, schema)));
      if (problem) reject(problem);
      else entries.push({ file, line });
    }
  }
  for (const file of files) {
    if (!named.has(file) && isNamedAsPicture(file)) {
      rejects.push({ file, reason: `No usable line of ${METADATA} names it.` });
    }
  }
  return { entries, rejects };
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
  const found = await stat(join(dir, file)).catch(() => undefined);
  return found?.isFile() ? undefined : `Its picture ${file} ${found ? 'is a folder' : 'does not exist'}.`;
}

/** Why the plugin's schema refuses a line's annotation, in a sentence. */
async function annotationProblem(line: string, schema: StandardSchemaV1): Promise<string | undefined> {
  const { issues } = await validate(parseMetadataLine(line) as MetadataLine, schema);
  if (!issues) return undefined;
  const shown = issues.slice(0, 3).map(({ path = [], message }) => {
    const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
    return keys.length > 0 ? `${keys.join('.')}: ${message}` : message;
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
