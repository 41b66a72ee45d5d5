import type { DatasetFormat } from '../registry/dataset-format.ts';
import { readVoc, vocFiles } from './read-voc.ts';
import { writeVoc } from './write-voc.ts';

/** Pascal VOC: an XML file of boxes for each picture. */
export const voc: DatasetFormat = {
  name: 'voc',
  description:
    'Pascal VOC: boxes in Annotations/*.xml, masks in SegmentationObject/, JPEGImages/, ImageSets/',
  coordinates: 'pixels counted from 1, the last included: 1 is subtracted from xmin and ymin',
  detect: (folder) => vocFiles(folder).length > 0,
  read: readVoc,
  write: writeVoc,
};
