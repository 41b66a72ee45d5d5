import { join } from 'node:path';
import { type Dataset, datasetOf, type Image, indexId, type Sample } from '@simgan/core';
import { resample, resizeTransform } from '@simgan/core/geometry';
import { readIdxImages, readIdxLabels } from '../idx.ts';
import { type ClassAnnotation, classImage } from './class-task.ts';

/** Labeled pictures of an idx pair, in the order of the file, scaled to 28x28. */
export async function readLabeled(images: string, labels: string): Promise<Dataset<Sample<ClassAnnotation>>> {
  const [pictures, classes] = await Promise.all([readIdxImages(images), readIdxLabels(labels)]);
  if (pictures.length !== classes.length) {
    throw new Error(`${images} has ${pictures.length} pictures and ${labels} has ${classes.length} labels.`);
  }
  return datasetOf(
    pictures.map((picture, index) => ({
      id: indexId(index),
      image: scaled(picture),
      annotation: { label: classes[index]! },
    })),
  );
}

/** MNIST or USPS, shuffled: the labels of the training half are for raw pictures and upper bounds. */
export function readDigits(data: string, set: 'mnist' | 'usps', half: 'train' | 'test') {
  const file = (kind: string) => join(data, 'digits', `${set}-${half}-${kind}.gz`);
  return readLabeled(file('images.idx3-ubyte'), file('labels.idx1-ubyte'));
}

function scaled(image: Image): Image {
  const isFull = image.width === classImage.width && image.height === classImage.height;
  return isFull ? image : resample(image, resizeTransform(image, classImage));
}
