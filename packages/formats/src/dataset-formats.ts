import { SimganError } from '@simgan/core';
import { suggestion } from '@simgan/core/plugin';
import type { Folder } from '@simgan/core/reading';
import { blenderProc } from './blender-proc/blender-proc.ts';
import { bop } from './bop/bop.ts';
import { coco } from './coco/coco.ts';
import { cycleGan } from './cycle-gan/cycle-gan.ts';
import { imageFolder } from './image-folder/image-folder.ts';
import { kitti } from './kitti/kitti.ts';
import { npz } from './npz/read-npz.ts';
import { parquet } from './parquet/parquet.ts';
import type { DatasetFormat } from './registry/dataset-format.ts';
import { solo } from './solo/solo.ts';
import { tfRecord } from './tfrecord/write-tfrecord.ts';
import { voc } from './voc/voc.ts';
import { webDataset } from './webdataset/webdataset.ts';
import { yolo } from './yolo/yolo.ts';

/** The formats of this package, the more particular ones first, as `detectFormat` asks them. */
export const datasetFormats: readonly DatasetFormat[] = [
  solo,
  bop,
  voc,
  kitti,
  coco,
  yolo,
  cycleGan,
  webDataset,
  parquet,
  tfRecord,
  blenderProc,
  npz,
  imageFolder,
];

/**
 * The format of a name.
 *
 * @param others - formats beside those of this package; of two of one name, theirs.
 * @throws SimganError INVALID_ARGUMENT naming those that there are, if there is none or it cannot do what is asked.
 * @example
 * const { read } = findFormat('coco', 'read');
 */
export function findFormat<Verb extends 'read' | 'write'>(
  name: string,
  verb: Verb,
  others: readonly DatasetFormat[] = [],
): DatasetFormat & Required<Pick<DatasetFormat, Verb>> {
  const able = [...others, ...datasetFormats].filter((format) => format[verb] !== undefined);
  const found = able.find((format) => format.name === name);
  if (found) return found as DatasetFormat & Required<Pick<DatasetFormat, Verb>>;
  const names = [...new Set(able.map((format) => format.name))];
  throw new SimganError(
    'INVALID_ARGUMENT',
    `No format ${JSON.stringify(name)} can be ${verb === 'read' ? 'read' : 'written'}: there are ${names.join(', ')}.${suggestion(name, names)}`,
  );
}

/** The format that a folder looks like by the names of its files; `undefined` if it looks like none. */
export function detectFormat(
  folder: Folder,
  others: readonly DatasetFormat[] = [],
): DatasetFormat | undefined {
  return [...others, ...datasetFormats].find((format) => format.read && format.detect?.(folder));
}
