import type { DatasetFormat } from '../registry/dataset-format.ts';
import { readBop, sceneFiles } from './read-bop.ts';
import { writeBop } from './write-bop.ts';

/** BOP: poses of objects in scenes. */
export const bop: DatasetFormat = {
  name: 'bop',
  description:
    'BOP: poses, boxes and masks of objects in scenes, depth (scene_gt.json, scene_gt_info.json, mask_visib/, depth/)',
  coordinates: 'boxes from the first to the last pixel: 1 is added to width and height',
  hasCompanions: ['depth'],
  labelGeometry: {
    'fields.cam_K': 'camera',
    // Where the camera is, and where objects are in front of it: neither a scale nor a crop changes that.
    'fields.cam_R_w2c': 'invariant',
    'fields.cam_t_w2c': 'invariant',
    'fields.depth_scale': 'invariant',
    'fields.view_level': 'invariant',
    'objects.fields.cam_R_m2c': 'invariant',
    'objects.fields.cam_t_m2c': 'invariant',
    'objects.fields.visib_fract': 'invariant',
    'objects.fields.bbox_obj': 'box',
  },
  detect: (folder) => sceneFiles(folder).length > 0,
  read: readBop,
  write: writeBop,
};
