/** @file A folder in a format of others as samples of a form. */

import { readFile } from 'node:fs/promises';
import {
  type Companion,
  hasSize,
  type Image,
  type ImageForm,
  type Reject,
  type Sample,
  SimganError,
} from '@simgan/core';
import { carryLabels, type ImageTransform, type LabelGeometry, resizeTransform } from '@simgan/core/geometry';
import { type LabeledFolder, type ReaderOptions, readEach } from '@simgan/core/reading';
import type { FormatCompanion, FormatEntry, JsonObject, ObjectsAnnotation } from '@simgan/formats';
import { lookForPixels } from '../datasets/check-labels-follow.ts';
import { type LabelGeometryOption, parseLabelGeometry } from '../datasets/label-declaration.ts';
import { openCompanion } from '../datasets/open-companion.ts';
import type { LabelsOption } from '../datasets/read-dataset.ts';
import { decodePicture } from '../pictures/pixels.ts';
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
}

/**
 * Reads a folder in a format of others: pictures are scaled and cut to the form as `readImages` does, and their labels
 * follow. Every picture is decoded once at the start; those that cannot be used are rejects.
 *
 * @throws SimganError as {@link openFormat}; NOT_ENOUGH_DATA if no picture can be used.
 */
export async function readFormatSamples(
  dir: string,
  { format, formats, image: form, labelGeometry, labels, ...options }: FormatSamplesOptions,
): Promise<LabeledFolder<ObjectsAnnotation> & { readonly format: string }> {
  const declared = parseLabelGeometry(labelGeometry ?? {});
  const opened = await openFormat(dir, { format, formats, signal: options.signal });
  const following = { geometry: objectsGeometry(declared, 'invariant'), undeclared: lookForPixels(declared) };
  const indices = Array.from({ length: opened.entries.length }, (_, index) => index);
  const { samples, rejects } = await readEach<number, ObjectsAnnotation>(
    indices,
    (index) => opened.entries.id(index),
    (index) => sampleAt(opened, index, form, following),
    options,
  );
  if (samples.length === 0) {
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `There is no usable picture of the format ${opened.format} in ${dir}: ${rejects[0]?.reason ?? ''}`,
    );
  }
  if (labels !== 'invariant') following.undeclared.refuse(dir);
  return { samples, rejects: [...opened.rejects, ...rejects], format: opened.format };
}

/** How labels follow their pictures, and what is looked for in fields that nobody declared. */
interface Following {
  readonly geometry: LabelGeometry<ObjectsAnnotation>;
  readonly undeclared: ReturnType<typeof lookForPixels>;
}

async function sampleAt(
  opened: OpenedFormat,
  index: number,
  form: ImageForm,
  { geometry, undeclared }: Following,
): Promise<Sample<ObjectsAnnotation> | Reject> {
  const entry = await opened.entries.at(index);
  const { image, transform } = await imageOf(opened, entry, form);
  const { file, id, annotation, companions = [] } = entry;
  const { from, to } = transform;
  const isMoved = from.width !== to.width || from.height !== to.height;
  const opening = companions.map((companion) =>
    companionOf(opened, companion, isMoved ? transform : undefined),
  );
  if (isMoved) undeclared.look(furtherFields(annotation) as unknown as JsonObject, transform);
  return {
    id,
    image,
    annotation: isMoved ? carryLabels(transform, annotation, geometry) : annotation,
    source: { file, ...from, ...(isMoved && { scale: transform.scale, shift: transform.shift }) },
    ...(opening.length > 0 && { companions: await Promise.all(opening) }),
  };
}

/** A companion of a picture in a format. Those within other files cannot be reached. */
export async function companionOf(
  { folder }: Pick<OpenedFormat, 'folder'>,
  { name, file, field, bytes }: FormatCompanion,
  transform?: ImageTransform,
): Promise<Companion> {
  const place = { name, file, ...(field !== undefined && { field }) };
  if (bytes) {
    if (transform)
      return { ...place, problem: 'It stands within an archive, from which it cannot follow. Unpack it.' };
    return { ...place, stored: async () => ({ bytes: await bytes(), extension: endingOf(file) }) };
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
  { picture, file }: FormatEntry,
  form: ImageForm,
): Promise<{ image: Image; transform: ImageTransform }> {
  if ('image' in picture) {
    const { width, height, channels, bits } = picture.image;
    if (
      channels === form.channels &&
      bits === form.bits &&
      (!hasSize(form) || (form.width === width && form.height === height))
    ) {
      return { image: picture.image, transform: resizeTransform({ width, height }, { width, height }) };
    }
    throw new SimganError(
      'INVALID_IMAGE',
      `${file} is an array of ${width} x ${height}, ${channels} channels and ${bits} bits, which is not the plugin's form. Convert it to picture files first.`,
    );
  }
  const location = 'file' in picture ? folder.locate(picture.file) : undefined;
  const bytes =
    'bytes' in picture
      ? picture.bytes
      : location
        ? await readFile(location)
        : await folder.read((picture as { file: string }).file);
  return decodePicture(bytes, form);
}
