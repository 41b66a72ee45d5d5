import type { DatasetFormat } from '../registry/dataset-format.ts';
import { readBop, sceneFiles } from './read-bop.ts';
import { writeBop } from './write-bop.ts';

/** BOP: poses of objects in scenes. */
export const bop: DatasetFormat = {
  name: 'bop',
  description:
    'BOP: poses, boxes and masks of objects in scenes (scene_gt.json, scene_gt_info.json, mask_visib/)',
  coordinates: 'boxes from the first to the last pixel: 1 is added to width and height',
  detect: (folder) => sceneFiles(folder).length > 0,
  read: readBop,
  write: writeBop,
};
