import {
  createImage,
  type Image,
  type ImageSpec,
  type ImageTransform,
  type Picture,
  resample,
  type Sample,
} from '@simgan/core';
import type { EyeAnnotation } from '../annotation.ts';
import { carryEye } from './carry-eye.ts';

/** A picture and its labels in the form that the plugin's images have. */
export function sampleOf(
  id: string,
  { image, spec }: Picture,
  annotation: EyeAnnotation,
  transform: ImageTransform,
  form: ImageSpec,
): Sample<EyeAnnotation> {
  const resampled = resample(image, spec, transform);
  return {
    id,
    image: spec.channels === form.channels ? resampled : repeated(resampled, form),
    annotation: carryEye(transform, annotation),
  };
}

/** Grey as colour. Colour is never made grey here: decoders are asked for the channels that are wanted. */
function repeated(grey: Image, form: ImageSpec): Image {
  const image = createImage(form);
  for (let i = 0; i < image.length; i++) image[i] = grey[Math.floor(i / form.channels)]!;
  return image;
}

/** A path or key as the id of a sample: what some system cannot have in a file's name becomes `_`. */
export function idOf(path: string): string {
  const parts = path
    .split('/')
    .map((part) => part.replace(/[<>:"|?*\\]|\p{Cc}/gu, '_').replace(/^\.+|[. ]+$/g, '_') || '_');
  return parts.join('/');
}

/** A file's path without its extension. */
export function stemOf(file: string): string {
  return file.replace(/\.[^./]+$/, '');
}
