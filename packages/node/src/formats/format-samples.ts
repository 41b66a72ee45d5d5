/** @file A folder in a format of others as samples of a form. */

import { readFile } from 'node:fs/promises';
import { hasSize, type Image, type ImageForm, type Reject, type Sample, SimganError } from '@simgan/core';
import {
  carryLabels,
  composeTransforms,
  cropTransform,
  type ImageTransform,
  resizeTransform,
} from '@simgan/core/geometry';
import { type LabeledFolder, type ReaderOptions, readEach } from '@simgan/core/reading';
import { type FormatEntry, type ObjectsAnnotation, objectsAnnotation } from '@simgan/formats';
import { decodePicture, inspectPicture } from '../pictures/pixels.ts';
import { type OpenedFormat, type OpenFormatOptions, openFormat } from './open-format.ts';

/** Options for {@link readFormatSamples}. */
export interface FormatSamplesOptions extends ReaderOptions, Pick<OpenFormatOptions, 'format' | 'formats'> {}

/**
 * Reads a folder in a format of others: pictures are scaled and cut to the form as `readImages` does, and their labels
 * follow. Every picture is decoded once at the start; those that cannot be used are rejects.
 *
 * @throws SimganError as {@link openFormat}; NOT_ENOUGH_DATA if no picture can be used.
 */
export async function readFormatSamples(
  dir: string,
  { format, formats, image: form, ...options }: FormatSamplesOptions,
): Promise<LabeledFolder<ObjectsAnnotation> & { readonly format: string }> {
  const opened = await openFormat(dir, { format, formats, signal: options.signal });
  const indices = Array.from({ length: opened.entries.length }, (_, index) => index);
  const { samples, rejects } = await readEach<number, ObjectsAnnotation>(
    indices,
    (index) => opened.entries.id(index),
    (index) => sampleAt(opened, index, form),
    options,
  );
  if (samples.length === 0) {
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `There is no usable picture of the format ${opened.format} in ${dir}: ${rejects[0]?.reason ?? ''}`,
    );
  }
  return { samples, rejects: [...opened.rejects, ...rejects], format: opened.format };
}

async function sampleAt(
  opened: OpenedFormat,
  index: number,
  form: ImageForm,
): Promise<Sample<ObjectsAnnotation> | Reject> {
  const entry = await opened.entries.at(index);
  const { image, width, height } = await imageOf(opened, entry, form);
  const transform = coverTransform({ width, height }, form);
  const { file, id, annotation } = entry;
  const isMoved =
    transform.scale[0] !== 1 || transform.scale[1] !== 1 || transform.shift.some((shift) => shift !== 0);
  return {
    id,
    image,
    annotation: isMoved ? carryLabels(transform, annotation, objectsAnnotation.geometry) : annotation,
    source: { file, width, height, ...(isMoved && { scale: transform.scale, shift: transform.shift }) },
  };
}

async function imageOf(
  { folder }: OpenedFormat,
  { picture, file }: FormatEntry,
  form: ImageForm,
): Promise<{ image: Image; width: number; height: number }> {
  if ('image' in picture) {
    const { width, height, channels, bits } = picture.image;
    if (
      channels === form.channels &&
      bits === form.bits &&
      (!hasSize(form) || (form.width === width && form.height === height))
    ) {
      return { image: picture.image, width, height };
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
  const { width, height } = await inspectPicture(bytes);
  return { image: (await decodePicture(bytes, form)).image, width, height };
}

/** The transform of `fit: 'cover'`: scaled until the form is filled, what stands over is cut off at both sides equally. */
function coverTransform(
  from: { readonly width: number; readonly height: number },
  form: ImageForm,
): ImageTransform {
  if (!hasSize(form)) return resizeTransform(from, from);
  const scale = Math.max(form.width / from.width, form.height / from.height);
  const scaled = { width: from.width * scale, height: from.height * scale };
  const left = (scaled.width - form.width) / 2;
  const top = (scaled.height - form.height) / 2;
  const window = { left, top, width: form.width, height: form.height };
  return composeTransforms(resizeTransform(from, scaled), cropTransform(scaled, window));
}
