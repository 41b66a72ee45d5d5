import type { DatasetFormat } from '../registry/dataset-format.ts';
import { metadataFiles, readImageFolder } from './read-image-folder.ts';
import { writeImageFolder } from './write-image-folder.ts';

/** Hugging Face's `imagefolder`. */
export const imageFolder: DatasetFormat = {
  name: 'imagefolder',
  description:
    "Hugging Face's imagefolder: metadata.jsonl, .csv or .parquet beside pictures, or folders of classes",
  coordinates:
    'as in the objects of this library: corners, [0, width]; boxes of `objects.bbox` as COCO has them',
  hasCompanions: true,
  detect: (folder) => metadataFiles(folder).length > 0,
  read: readImageFolder,
  write: writeImageFolder,
};
