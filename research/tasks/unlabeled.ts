import { type Dataset, mapDataset, type RealImage } from '@simgan/core';

/** The pictures without their labels. */
export function unlabeled(set: Dataset<RealImage>): Dataset<RealImage> {
  return mapDataset(set, ({ id, image }) => ({ id, image }));
}
