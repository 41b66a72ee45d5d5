import type { DatasetFormat } from '../registry/dataset-format.ts';
import { labelFiles, readCoco } from './read-coco.ts';
import { writeCoco } from './write-coco.ts';

/** COCO: boxes, outlines, masks and keypoints of a dataset in one JSON file. */
export const coco: DatasetFormat = {
  name: 'coco',
  description: 'COCO JSON: boxes, outlines, masks (RLE) and keypoints',
  coordinates:
    'boxes, outlines: corners, [0, width]; keypoints: whole pixels, 0 is the center of the first (0.5 is added)',
  detect: (folder) => labelFiles(folder).length > 0,
  read: readCoco,
  write: writeCoco,
};
