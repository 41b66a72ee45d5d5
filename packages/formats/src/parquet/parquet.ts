import type { DatasetFormat } from '../registry/dataset-format.ts';
import { parquetFiles, readParquet } from './read-parquet.ts';
import { writeParquet } from './write-parquet.ts';

/** Parquet with embedded pictures. */
export const parquet: DatasetFormat = {
  name: 'parquet',
  description: "Parquet with embedded pictures and typed columns, as Hugging Face's hub stores them",
  coordinates:
    'as in the objects of this library: corners, [0, width]; boxes of `objects.bbox` as COCO has them',
  detect: (folder) => parquetFiles(folder).length > 0,
  read: readParquet,
  write: writeParquet,
};
