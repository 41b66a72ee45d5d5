import { createImage, type Image, type Sample, type SizedForm } from '@simgan/core';
import { carryLabels, type ImageTransform, resample } from '@simgan/core/geometry';
import { type EyeAnnotation, eyeAnnotation } from '../annotation.ts';

/** What a sample is called, and where its picture lies. */
export interface EyeSource {
  readonly id: string;
  /** The picture's file, or its place in a file. */
  readonly file: string;
  /** How stored values became those of the picture, where they are not the same. */
  readonly values?: string | undefined;
}

/** A picture and its labels, moved by a transform into the form of the plugin's images. */
export function sampleOf(
  { id, file, values }: EyeSource,
  picture: Image,
  annotation: EyeAnnotation,
  transform: ImageTransform,
  form: SizedForm,
): Sample<EyeAnnotation> {
  const resampled = resample(picture, transform);
  const { from, scale, shift } = transform;
  return {
    id,
    source: { file, ...from, scale, shift, ...(values !== undefined && { values }) },
    image: picture.channels === form.channels ? resampled : grayAsColor(resampled, form),
    annotation: carryLabels(transform, annotation, eyeAnnotation.geometry),
  };
}

/** Repeats gray in every channel. Color is never made gray here: decoders are asked for the channels that are wanted. */
function grayAsColor(gray: Image, form: SizedForm): Image {
  const image = createImage(form);
  for (let i = 0; i < image.data.length; i++) image.data[i] = gray.data[Math.floor(i / form.channels)]!;
  return image;
}
