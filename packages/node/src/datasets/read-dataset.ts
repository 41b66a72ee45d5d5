import { stat } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import type { DatasetReader, Plugin, Sample } from '@simgan/core';
import { createDataset, type Dataset, SimganError } from '@simgan/core';
import { type AnnotationSchema, carryLabels, type ImageTransform } from '@simgan/core/geometry';
import { idKey, idProblem, idsOfFiles } from '@simgan/core/reading';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { readLines } from '../files/read-lines.ts';
import { firstRejects, type Reject, reasonOf } from '../files/reject.ts';
import { sha256 } from '../files/sha256.ts';
import { type LoadOptions, loadPictures, saidOf } from '../pictures/load-pictures.ts';
import { isNamedAsPicture, withoutArraysBesidePictures } from '../pictures/picture-kind.ts';
import { describeFloats, describeRange, type StoredRange } from '../pictures/stored-range.ts';
import { bareAnnotation, rememberText } from './annotation-text.ts';
import { carryFields, changedMembers, declarationProblem } from './carry-fields.ts';
import { checkLabelsFollow } from './check-labels-follow.ts';
import { companionsByName, findCompanionFields, nameOfCompanion, nameOfField } from './companion-fields.ts';
import { PROBED_FROM, tolerateDamage } from './damaged-pictures.ts';
import {
  BEGUN_MANIFEST,
  type DatasetManifest,
  FILE_NAME,
  IMAGES,
  type JsonObject,
  MANIFEST,
  METADATA,
  readManifest,
} from './dataset-format.ts';
import { type DeclaredLabels, type LabelGeometryOption, parseLabelGeometry } from './label-declaration.ts';
import { companionsOfLine } from './line-files.ts';
import {
  FOREIGN_PROVENANCE,
  idOf,
  isOwnProvenance,
  type MetadataLine,
  parseMetadataLine,
  replaceMembers,
  shortened,
} from './metadata-line.ts';
import { type CompanionPlace, openCompanion } from './open-companion.ts';
import { checkFolder, listFolder } from './read-images.ts';
import { recognizeFormats } from './recognize-format.ts';
import { describeLabelFiles, findLabelFiles } from './unread-labels.ts';

/** Options for {@link readDataset}. */
export interface ReadDatasetOptions extends LoadOptions {
  /**
   * The kind of the annotations: `plugin`, each is checked with the plugin's schema; `foreign`, they are passed on
   * as they are. Default: what the folder's `dataset.json` says, or `foreign` where there is none.
   */
  readonly annotations?: 'plugin' | 'foreign';
  /**
   * What the fields of foreign annotations are, by their paths: `{ pupil: 'point', 'objects.bbox': 'box[]' }`. They
   * follow their pictures when these are scaled and cropped. Default: what the folder's `dataset.json` says.
   */
  readonly labelGeometry?: LabelGeometryOption | undefined;
  /**
   * `invariant`: no field that is not declared changes when its picture is scaled, whatever it looks like. `none`: files
   * of labels that are not read are left out.
   */
  readonly labels?: LabelsOption | undefined;
  /** Readers by the names of their formats, to suggest where files of labels lie beside pictures and are not read. */
  readonly readers?: Readonly<Record<string, DatasetReader<unknown>>> | undefined;
}

/** What is taken for granted about labels that nobody declared. */
export type LabelsOption = (typeof labelsOptions)[number];
export const labelsOptions = ['invariant', 'none'] as const;

interface Folder<Item> {
  /** In the order of the metadata, or of the pictures' paths where there is none. */
  readonly samples: Dataset<Item>;
  /**
   * The ids of samples whose pictures turned out to be damaged since the folder was opened; in their places are the next
   * ones. Only in folders of at least 10,000 pictures.
   */
  readonly damaged: ReadonlySet<string>;
  /** Grows when a damaged picture is met. */
  readonly rejects: readonly Reject[];
  /** Pictures that had to be scaled; their labels follow. */
  readonly resized: number;
  /** Pictures with transparency, which became 0, if there are any. */
  readonly transparent?: number;
  /** Which stored values of 16-bit pictures became black and white, if it is not the whole range. */
  readonly range?: StoredRange;
  /** The lowest and the highest value of all pictures of floats, if there are any. */
  readonly span?: readonly [low: number, high: number];
  /** What the fields of foreign annotations were declared to be. */
  readonly labelGeometry?: LabelGeometryOption;
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
 * Without a `metadata.jsonl` every picture of the folder is a sample without labels, unless files of labels lie beside
 * them, which ends the reading with what would read them.
 *
 * Nothing is lost in silence: a line that is not JSON, names no picture, one outside the folder or one that
 * another line named, a picture that cannot be used or that no line names, and an annotation that the plugin's
 * schema refuses, are rejects (`metadata.jsonl:12`). So are lines of more than 16 MiB, of more than a million values or
 * nested more than 200 levels deep, and those of other programs with a field `simgan`: under that name a line that this
 * library wrote has the provenance of its sample, which is not part of the annotation.
 *
 * Companions of pictures (masks, depth, normals), which a field `file_name`, `*_file_name` or a declared one names, or
 * their own name (`masks/0.png` beside `0.png`), are no samples but belong to one. Where their picture is scaled or
 * cropped they follow by their nearest pixels.
 *
 * Annotations are frozen, and {@link writeDataset} writes their fields byte for byte as they stand in the
 * file, order, spaces and digits included. Where a picture has to be scaled or cropped, its labels follow: those of the
 * plugin's kind by the geometry that it declares, others by `labelGeometry`. What is not declared and looks like pixels
 * ends the reading, so that no label becomes false in silence. A sample's `source` has the size of the stored picture
 * and how its points moved.
 *
 * Pictures are decoded once at the start, or from 10,000 on opened by their headers, like those of {@link readImages}; the
 * metadata stays in memory as text.
 *
 * @throws SimganError NOT_ENOUGH_DATA if no sample can be used; INVALID_ARGUMENT if labels would no longer fit their
 * pictures, saying what to declare; INVALID_FILE if the folder is a dataset whose
 * writing was interrupted or of another plugin's kind.
 */
export async function readDataset<Annotation>(
  dir: string,
  plugin: Pick<Plugin<Annotation>, 'name' | 'image' | 'annotation'>,
  options: ReadDatasetOptions = {},
): Promise<DatasetFolder<Annotation>> {
  const given = parseLabelGeometry(options.labelGeometry ?? {});
  await checkFolder(dir);
  const manifest = await checkManifest(dir);
  const isOfPlugin = manifest?.annotations === 'plugin' && manifest.plugin === plugin.name;
  const { annotations = isOfPlugin ? 'plugin' : 'foreign' } = options;
  const schema = annotations === 'plugin' ? plugin.annotation : undefined;
  const labelGeometry = schema ? undefined : (options.labelGeometry ?? manifest?.labelGeometry);
  const declared = labelGeometry === options.labelGeometry ? given : parseLabelGeometry(labelGeometry ?? {});

  const { signal } = options;
  const { entries, rejects: notEntries } = await findEntries(dir, {
    isOurs: manifest !== undefined,
    schema,
    declared,
    signal,
  });
  if (entries.every(({ line }) => line === undefined) && options.labels !== 'none') {
    await refuseUnreadLabels(dir, plugin, options.readers);
  }
  const ids = idsOfEntries(entries, manifest !== undefined);
  const sources = entries.map((entry, index) => ({
    ...entry,
    id: ids[index]!,
    name: entry.file,
    location: join(dir, entry.file),
    isOptional: entry.line === undefined,
  }));
  const reading = { cachedAs: resolve(dir), probedFrom: PROBED_FROM, ...options };
  const pictures = await loadPictures(sources, plugin.image, reading);
  const { usable, imageAt, factsOf, rejects: notPictures, range } = pictures;
  const labels = options.labels === 'invariant' ? 'invariant' : { schema, declared };
  const turned = labels === 'invariant' ? [] : checkLabelsFollow(dir, pictures, labels);
  const rejects = [...notEntries, ...notPictures, ...turned.map(({ reject }) => reject)];
  const left = new Set(turned.map(({ index }) => index));
  const kept = Array.from(usable.keys()).filter((index) => !left.has(index));
  if (kept.length === 0) {
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `There is no usable sample in ${dir}: pictures (PNG, JPEG, WebP or TIFF), and if there is a ${METADATA}, ` +
        `lines that name them; ${rejects.length} rejected.${firstRejects(rejects)}`,
    );
  }
  const values = range && describeRange(range);
  const all = createDataset(
    kept.length,
    async (item) => {
      const index = kept[item]!;
      const { id, file } = usable[index]!;
      const { transform, isResized, highest, span } = factsOf(index);
      const { from, scale, shift } = transform;
      const image = await imageAt(index);
      const move = isResized ? { transform, declared } : undefined;
      const source = {
        file,
        ...from,
        scale,
        shift,
        ...(highest !== undefined && values !== undefined && { values }),
        ...(span && { values: describeFloats(span, image.bits === 32 ? undefined : range) }),
      };
      const { companions = [] } = usable[index]!;
      const opened = companions.map((place) =>
        openCompanion({ ...place, location: join(dir, place.location) }, isResized ? transform : undefined),
      );
      return {
        id,
        image,
        annotation: await annotationOf(usable[index]!, schema, move),
        source,
        ...(opened.length > 0 && { companions: await Promise.all(opened) }),
      };
    },
    (item) => usable[kept[item]!]!.id,
  );
  const { items: samples, damaged } = tolerateDamage(all, (item) => usable[kept[item]!]!.file, rejects);
  const said = { ...saidOf(pictures), ...(labelGeometry && { labelGeometry }) };
  // The schema has checked each annotation, or there is none: the two sides of the union.
  return { samples, damaged, rejects, ...said, manifest, annotations } as DatasetFolder<Annotation>;
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

/** @throws SimganError INVALID_ARGUMENT if files of labels lie beside pictures, naming the formats that read them. */
export async function refuseUnreadLabels(
  dir: string,
  { image }: Pick<Plugin, 'image'>,
  readers: ReadDatasetOptions['readers'] = {},
): Promise<void> {
  const { files } = await listFolder(dir);
  const labels = findLabelFiles(files).filter((file) => file !== METADATA);
  if (labels.length === 0) return;
  const pictures = files.filter(isNamedAsPicture).length;
  const formats = await recognizeFormats(dir, readers, image);
  const names = Object.keys(readers);
  const advice =
    formats.length > 0
      ? `They are read with \`format\` ${formats.join(' or ')}.`
      : `${names.length > 0 ? `None of the formats ${names.join(', ')} reads them. ` : ''}Write them as a ${METADATA}, one JSON object with "${FILE_NAME}" for each picture.`;
  throw new SimganError(
    'INVALID_ARGUMENT',
    `${dir} has ${pictures} pictures without labels, and beside them lie labels that are not read: ${describeLabelFiles(labels)}. ` +
      `${advice} To go without them, pass \`labels\` none.`,
  );
}

/** A picture of the folder, and its line if there is metadata. */
interface Entry {
  readonly file: string;
  readonly line?: string;
  /** The id that the line gives, if this library wrote it. */
  readonly id?: string | undefined;
  /** What belongs to it; `location` is relative to the folder. */
  readonly companions?: readonly CompanionPlace[];
  /** Fields that this library added to name companions, which are not the annotation's. */
  readonly added?: readonly string[];
}

interface EntryOptions {
  /** Whether this library wrote the folder. */
  readonly isOurs: boolean;
  readonly schema: StandardSchemaV1 | undefined;
  readonly declared: DeclaredLabels;
  readonly signal: AbortSignal | undefined;
}

async function findEntries(
  dir: string,
  { isOurs, schema, declared, signal }: EntryOptions,
): Promise<{ entries: Entry[]; rejects: Reject[] }> {
  const listing = await listFolder(isOurs ? join(dir, IMAGES) : dir);
  const files = listing.files.map((file) => (isOurs ? `${IMAGES}/${file}` : file));
  const rejects = [...listing.rejects];
  const metadata = join(dir, METADATA);
  if (!files.includes(METADATA) && !isOurs) {
    const owners = companionsByName(files);
    const companions = new Map<string, CompanionPlace[]>();
    for (const [file, owner] of owners) {
      const place = { name: nameOfCompanion(file), file, location: file };
      companions.set(owner, [...(companions.get(owner) ?? []), place]);
    }
    const entries = withoutArraysBesidePictures(files)
      .filter((file) => !owners.has(file))
      .map((file) => ({ file, ...(companions.has(file) && { companions: companions.get(file)! }) }));
    return { entries, rejects };
  }

  const entries: Entry[] = [];
  const named = new Map<string, number>();
  const companions = new Set<string>();
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
        (schema ? await annotationProblem(parsed, schema) : declarationProblem(parsed.fields, declared));
      if (problem) reject(problem);
      else {
        const own = isOurs ? ownCompanions(parsed) : { companions: namedCompanions(parsed, declared) };
        for (const { location } of own.companions) companions.add(location);
        entries.push({ file, line, id: idOf(parsed), ...own });
      }
    }
  }
  for (const file of files) {
    if (!named.has(file) && !companions.has(file) && isNamedAsPicture(file)) {
      rejects.push({ file, reason: `No usable line of ${METADATA} names it.` });
    }
  }
  return { entries, rejects };
}

/** The companions that the fields of another program's line name. */
function namedCompanions({ fields }: MetadataLine, declared: DeclaredLabels): CompanionPlace[] {
  return findCompanionFields(fields, declared).map(({ path: field, file }) => ({
    name: nameOfField(field),
    file,
    field,
    location: file,
    ...(leavesFolder(file) && { problem: 'It is outside the folder.' }),
  }));
}

/** The companions that this library wrote, and the fields that it added to name them. */
function ownCompanions(line: MetadataLine): Required<Pick<Entry, 'companions' | 'added'>> {
  const written = companionsOfLine(line).filter((one) => 'file' in one);
  return {
    companions: written.map(({ name, file, field, isAdded }) => ({
      name,
      file,
      location: file,
      ...(!isAdded && { field }),
    })),
    added: written.flatMap(({ field, isAdded }) => (isAdded ? [field] : [])),
  };
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

/** How the labels of a picture follow it. */
interface LabelMotion {
  readonly transform: ImageTransform;
  readonly declared: DeclaredLabels;
}

/** A line without some of its fields. */
function withoutFields(line: MetadataLine, names: readonly string[]): MetadataLine {
  const kept = Object.entries(line.fields).filter(([name]) => !names.includes(name));
  const gone = Object.fromEntries(names.map((name) => [name, undefined]));
  return { ...line, fields: Object.fromEntries(kept), text: replaceMembers(line.text, gone) };
}

async function annotationOf(
  { line, added = [] }: Pick<Entry, 'line' | 'added'>,
  schema: AnnotationSchema | undefined,
  motion?: LabelMotion,
): Promise<unknown> {
  if (line === undefined) return null;
  const whole = parseMetadataLine(line) as MetadataLine;
  const parsed = added.length > 0 ? withoutFields(whole, added) : whole;
  const isEmpty = Object.keys(parsed.fields).length === 0;
  if (!schema) {
    if (isEmpty) return null;
    const moved = motion ? carryFields(motion.transform, parsed.fields, motion.declared) : {};
    return rememberText({ ...parsed.fields, ...moved }, replaceMembers(parsed.text, moved));
  }
  const result = await validate(parsed, schema);
  if (result.issues) return null;
  if (!motion || typeof result.value !== 'object' || result.value === null) {
    return rememberText(result.value, parsed.text);
  }
  const carried = carryLabels(motion.transform, result.value, schema.geometry) as JsonObject;
  const moved = changedMembers(result.value as JsonObject, carried);
  return rememberText(carried, replaceMembers(parsed.text, moved));
}

async function validate({ fields }: MetadataLine, schema: StandardSchemaV1) {
  const result = await schema['~standard'].validate(fields);
  const bare = bareAnnotation(fields);
  return result.issues && bare !== undefined ? schema['~standard'].validate(bare) : result;
}
