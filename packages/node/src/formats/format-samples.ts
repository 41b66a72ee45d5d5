/** @file A folder in a format of others as samples of a form. */

import {
  type Companion,
  cacheItems,
  createDataset,
  type ImageForm,
  imageProblem,
  type Reject,
  type Sample,
  SimganError,
} from '@simgan/core';
import {
  carryLabels,
  type ImageTransform,
  type LabelGeometry,
  mapOf,
  moveCompanions,
  resizeTransform,
} from '@simgan/core/geometry';
import { type LabeledFolder, type ReaderOptions, readEach } from '@simgan/core/reading';
import {
  type FormatCompanion,
  type FormatEntry,
  findFormat,
  type JsonObject,
  type ObjectsAnnotation,
} from '@simgan/formats';
import pMap from 'p-map';
import { lookForPixels } from '../datasets/check-labels-follow.ts';
import { PROBED_FROM, tolerateDamage } from '../datasets/damaged-pictures.ts';
import { type LabelGeometryOption, parseLabelGeometry } from '../datasets/label-declaration.ts';
import { openCompanion } from '../datasets/open-companion.ts';
import type { LabelsOption } from '../datasets/read-dataset.ts';
import { reasonOf } from '../files/reject.ts';
import {
  type DecodedPicture,
  decodePicture,
  type PictureFacts,
  readPicture,
} from '../pictures/decode-picture.ts';
import { encodePicture } from '../pictures/encode-picture.ts';
import { probePicture } from '../pictures/probe-picture.ts';
import {
  checkStoredRange,
  describeFloats,
  describeRange,
  rangeOfHighest,
  type StoredRange,
} from '../pictures/stored-range.ts';
import { furtherFields, objectsGeometry } from './objects-geometry.ts';
import { type OpenedFormat, type OpenFormatOptions, openFormat } from './open-format.ts';
import { endingOf } from './stored-sample.ts';

/** Options for {@link readFormatSamples}. */
export interface FormatSamplesOptions extends ReaderOptions, Pick<OpenFormatOptions, 'format' | 'formats'> {
  /**
   * What fields are that the format has no place for, so that they follow their pictures: `{ 'fields.pupil': 'point',
   * 'objects.fields.head': 'box' }`.
   */
  readonly labelGeometry?: LabelGeometryOption | undefined;
  /** `invariant`: no field that is not declared changes when its picture is scaled, whatever it looks like. */
  readonly labels?: LabelsOption | undefined;
  /** The stored values of 16-bit pictures that become black and white in 8 bits. Default: what the set's values say. */
  readonly valueRange?: StoredRange | undefined;
  /** Folders of at least so many pictures are opened by headers. Default: 10,000. */
  readonly probedFrom?: number;
}

/**
 * Reads a folder in a format of others: pictures are scaled and cut to the form as `readImages` does, and their labels
 * follow. Every picture is decoded once at the start, or of 10,000 or more its header is read; those that cannot be used are
 * rejects.
 *
 * @throws SimganError as {@link openFormat}; NOT_ENOUGH_DATA if no picture can be used.
 */
export async function readFormatSamples(
  dir: string,
  {
    format,
    formats,
    image: form,
    labelGeometry,
    labels,
    valueRange,
    probedFrom = PROBED_FROM,
    ...options
  }: FormatSamplesOptions,
): Promise<FormatSamples> {
  if (valueRange) checkStoredRange(valueRange);
  const opened = await openFormat(dir, { format, formats, signal: options.signal });
  const own = findFormat(opened.format, 'read', formats).labelGeometry;
  const declared = parseLabelGeometry({ ...own, ...labelGeometry });
  const undeclared = lookForPixels(declared);
  const geometry = objectsGeometry(declared, 'invariant');
  const indices = Array.from({ length: opened.entries.length }, (_, index) => index);
  const read = async (range: StoredRange | undefined) => {
    let highest: number | undefined;
    const onMoved: SampleReading['onMoved'] = (annotation, transform) =>
      undeclared.look(furtherFields(annotation) as unknown as JsonObject, transform);
    const onHighest = (value: number) => {
      highest = Math.max(value, highest ?? 0);
    };
    const reading: SampleReading = { opened, form, geometry, range, onMoved, onHighest };
    const probe = indices.length >= probedFrom ? probeOf(reading) : undefined;
    const { samples, rejects } = probe
      ? await openProbed(indices, reading, probe, options)
      : await readEach<number, ObjectsAnnotation>(
          indices,
          (index) => opened.entries.id(index),
          (index) => sampleAt(reading, index),
          options,
        );
    return { samples, rejects, highest };
  };
  let found = await read(valueRange);
  const range = valueRange === undefined ? rangeOfHighest(found.highest) : undefined;
  // Which values are black and white is known when all pictures were looked at.
  if (range) found = await read(range);
  const { samples, rejects } = found;
  if (samples.length === 0) {
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `There is no usable picture of the format ${opened.format} in ${dir}: ${rejects[0]?.reason ?? ''}`,
    );
  }
  if (labels !== 'invariant') undeclared.refuse(dir);
  const all = [...opened.rejects, ...rejects];
  const { items, damaged } = tolerateDamage(samples, (index) => samples.id(index), all);
  return { samples: items, damaged, rejects: all, format: opened.format };
}

/** What {@link readFormatSamples} gives. */
export interface FormatSamples extends LabeledFolder<ObjectsAnnotation> {
  readonly format: string;
  /** The ids of samples whose pictures turned out to be damaged since, as in a `DatasetFolder`. */
  readonly damaged: ReadonlySet<string>;
}

/** What headers say of the picture of an entry; `undefined` where only decoding does. */
type Probe = (entry: FormatEntry) => PictureFacts | undefined;

function probeOf({ opened, form, range }: SampleReading): Probe {
  return ({ picture }) => {
    const location = 'file' in picture ? opened.folder.locate(picture.file) : undefined;
    return location === undefined ? undefined : probePicture(location, form, range && { valueRange: range });
  };
}

/** Opens pictures by their headers where these say all, and reads the others. */
async function openProbed(
  indices: readonly number[],
  reading: SampleReading,
  probe: Probe,
  { memoryBudget = 512 * 2 ** 20, onProgress, signal }: Omit<ReaderOptions, 'image'>,
): Promise<LabeledFolder<ObjectsAnnotation>> {
  const { entries } = reading.opened;
  const outcomes = new Map<number, Reject | undefined>();
  let done = 0;
  await pMap(
    indices,
    async (index) => {
      signal?.throwIfAborted();
      outcomes.set(index, await problemOf(reading, index, probe));
      onProgress?.(++done, indices.length);
    },
    { concurrency: PARALLEL, ...(signal && { signal }) },
  );
  const usable = indices.filter((index) => outcomes.get(index) === undefined);
  const read = async (item: number) => {
    const sample = await sampleAt(reading, usable[item]!);
    if ('reason' in sample) throw new SimganError('INVALID_IMAGE', sample.reason);
    return sample;
  };
  const samples = createDataset(usable.length, read, (item) => entries.id(usable[item]!));
  const sizeOf = ({ image }: Sample<unknown>) => image.data.byteLength + 1024;
  return {
    samples: cacheItems(samples, { budget: memoryBudget, sizeOf }),
    rejects: indices.flatMap((index) => outcomes.get(index) ?? []),
  };
}

const PARALLEL = 8;

/** Why a picture cannot be used, as far as that is known without decoding it. */
async function problemOf(reading: SampleReading, index: number, probe: Probe): Promise<Reject | undefined> {
  const { entries } = reading.opened;
  try {
    const entry = await entries.at(index);
    const facts = probe(entry);
    if (!facts) {
      const sample = await sampleAt(reading, index);
      return 'reason' in sample ? sample : undefined;
    }
    if (facts.isResized) reading.onMoved(entry.annotation, facts.transform);
    return undefined;
  } catch (error) {
    if (error instanceof SimganError) return { file: entries.id(index), reason: error.message };
    if (error instanceof Error && 'syscall' in error)
      return { file: entries.id(index), reason: reasonOf(error) };
    throw error;
  }
}

/** What a sample is read with, and who hears of what is found. */
interface SampleReading {
  readonly opened: OpenedFormat;
  readonly form: ImageForm;
  readonly geometry: LabelGeometry<ObjectsAnnotation>;
  readonly range: StoredRange | undefined;
  /** Of a picture whose geometry changes. */
  readonly onMoved: (annotation: ObjectsAnnotation, transform: ImageTransform) => void;
  /** Of the highest stored value of a picture whose 16 bits become 8. */
  readonly onHighest: (value: number) => void;
}

async function sampleAt(
  { opened, form, geometry, range, onMoved, onHighest }: SampleReading,
  index: number,
): Promise<Sample<ObjectsAnnotation> | Reject> {
  const entry = await opened.entries.at(index);
  const { image, transform, highest, span } = await imageOf(opened, entry, form, range);
  const { file, id, annotation, companions = [], picture } = entry;
  const { from, to } = transform;
  const isMoved = from.width !== to.width || from.height !== to.height;
  const opening = companions.map((companion) =>
    companionOf(opened, companion, isMoved ? transform : undefined),
  );
  if (isMoved) onMoved(annotation, transform);
  if (highest !== undefined) onHighest(highest);
  const stored = 'values' in picture ? picture.values : undefined;
  const used = range ?? ('range' in picture ? picture.range : undefined);
  const values =
    stored ??
    (span && describeFloats(span, image.bits === 32 ? undefined : used)) ??
    (highest !== undefined && range && describeRange(range));
  return {
    id,
    image,
    annotation: isMoved ? carryLabels(transform, annotation, geometry) : annotation,
    source: {
      file,
      ...from,
      ...(isMoved && { scale: transform.scale, shift: transform.shift }),
      ...(values && { values }),
    },
    ...(opening.length > 0 && { companions: await Promise.all(opening) }),
  };
}

/** A companion of a picture in a format. Those within other files cannot be reached. */
export async function companionOf(
  { folder }: Pick<OpenedFormat, 'folder'>,
  { name, file, field, bytes, image }: FormatCompanion,
  transform?: ImageTransform,
): Promise<Companion> {
  const place = { name, file, ...(field !== undefined && { field }) };
  if (bytes) {
    if (transform)
      return { ...place, problem: 'It stands within an archive, from which it cannot follow. Unpack it.' };
    return { ...place, stored: async () => ({ bytes: await bytes(), extension: endingOf(file) }) };
  }
  if (image) {
    const companion: Companion = { ...place, pixels: image };
    return transform
      ? moveCompanions({ companions: [companion] }, mapOf(transform)).companions![0]!
      : companion;
  }
  let location: string | undefined;
  try {
    location = folder.locate(file);
  } catch (error) {
    if (!(error instanceof SimganError)) throw error;
  }
  if (location === undefined) return { ...place, problem: 'It does not exist.' };
  return openCompanion({ ...place, location }, transform);
}

async function imageOf(
  { folder }: OpenedFormat,
  { picture }: FormatEntry,
  form: ImageForm,
  range: StoredRange | undefined,
): Promise<Pick<DecodedPicture, 'image' | 'transform' | 'highest' | 'span'>> {
  const options = range && { valueRange: range };
  if ('file' in picture) {
    const location = folder.locate(picture.file);
    return location
      ? readPicture(location, form, options)
      : decodePicture(await folder.read(picture.file), form, options);
  }
  if ('bytes' in picture) return decodePicture(picture.bytes, form, options);
  const { image, range: own } = picture;
  // Of the form already: nothing is to be scaled, and no color to be changed.
  if (image.bits !== 32 && imageProblem(image, form) === undefined)
    return { image, transform: resizeTransform(image, image) };
  const { bytes } = await encodePicture(image);
  return decodePicture(bytes, form, options ?? (own && { valueRange: own }));
}
