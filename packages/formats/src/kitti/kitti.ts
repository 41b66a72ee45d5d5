import type { DatasetFormat } from '../registry/dataset-format.ts';
import { kittiFiles, readKitti } from './read-kitti.ts';
import { writeKitti } from './write-kitti.ts';

/** KITTI's object detection: a text file of boxes for each picture. */
export const kitti: DatasetFormat = {
  name: 'kitti',
  description: 'KITTI object detection: boxes and 3-D boxes in label_2/*.txt, image_2/',
  coordinates: 'pixels counted from 0 at their centers: 0.5 is added',
  detect: (folder) => kittiFiles(folder).length > 0,
  read: readKitti,
  write: writeKitti,
};
