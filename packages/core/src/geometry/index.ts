export {
  affineGrid,
  type ControlGrid,
  displacementMap,
  LEAST_STRETCH,
  scaleGrid,
  sourceBy,
  stretchOf,
} from './displacement.ts';
export {
  type AnnotationSchema,
  annotationSchema,
  carryLabels,
  elementGeometry,
  fieldGeometry,
  type LabelGeometry,
  type LabelKind,
  type LabelKinds,
  type LabelMove,
  OTHER_FIELDS,
  type ValueGeometry,
} from './labels.ts';
export { applyMatrix, determinant, invertMatrix, type Matrix2, multiplyMatrices } from './matrix.ts';
export { moveCompanions } from './move-companions.ts';
export {
  type AffineOptions,
  affineMap,
  composeMaps,
  mapOf,
  middleOf,
  type PictureMap,
  transformOf,
} from './picture-map.ts';
export { type ResampleOptions, resample } from './resample.ts';
export { resampleBy } from './resample-by.ts';
export {
  type CropWindow,
  composeTransforms,
  cropTransform,
  type Direction,
  flipTransform,
  type ImageTransform,
  invertTransform,
  isMirrored,
  mirrorTransform,
  movePoint,
  type Point,
  resizeTransform,
  turnAngles,
  turnDirection,
  turnInPicture,
} from './transform.ts';
export {
  SINGLE_ANGLE_LIMIT,
  type Turn,
  turnDirectionBy,
  turnInPictureBy,
  turnOf,
  turnRollBy,
} from './turn.ts';
