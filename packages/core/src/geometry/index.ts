export {
  type AnnotationSchema,
  annotationSchema,
  carryLabels,
  type LabelGeometry,
  type LabelKind,
  type LabelKinds,
  type LabelMove,
  type ValueGeometry,
} from './labels.ts';
export { type ResampleOptions, resample } from './resample.ts';
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
