import type { DatasetFormat } from '../registry/dataset-format.ts';
import { looksLikeYolo, readYolo } from './read-yolo.ts';
import { writeYolo } from './write-yolo.ts';

/** YOLO: a text file for each picture. */
export const yolo: DatasetFormat = {
  name: 'yolo',
  description: 'YOLO text files: boxes (detect), keypoints (pose) or outlines (segment), data.yaml',
  coordinates: 'relative to width and height: 0 is the left edge of the picture, 1 the right edge',
  detect: looksLikeYolo,
  read: readYolo,
  write: writeYolo,
};
