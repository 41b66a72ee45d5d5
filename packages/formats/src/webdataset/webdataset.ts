import type { DatasetFormat } from '../registry/dataset-format.ts';
import { readWebDataset, tarFiles } from './read-webdataset.ts';
import { writeWebDataset } from './write-webdataset.ts';

/** WebDataset: tar archives of pictures and their labels. */
export const webDataset: DatasetFormat = {
  name: 'webdataset',
  description: 'WebDataset: tar archives, a picture and a JSON file for each sample',
  coordinates: 'as in the objects of this library: corners, [0, width]',
  hasCompanions: true,
  detect: (folder) => tarFiles(folder).length > 0,
  read: readWebDataset,
  write: writeWebDataset,
};
