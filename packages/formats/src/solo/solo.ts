import type { DatasetFormat } from '../registry/dataset-format.ts';
import { frameFiles, readSolo } from './read-solo.ts';

/** SOLO, which Unity Perception writes. */
export const solo: DatasetFormat = {
  name: 'solo',
  description: 'SOLO of Unity Perception: boxes, keypoints and masks of instances',
  coordinates: 'from the outer corner of the top left pixel, as in the objects of this library',
  detect: (folder) => frameFiles(folder).length > 0,
  read: readSolo,
};
