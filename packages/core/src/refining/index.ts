export {
  allowedShare,
  DEFAULT_DISPLACEMENT_LIMITS,
  type DisplacementLimit,
  type DisplacementLimits,
  kindsIn,
  type LimitedKind,
} from './displacement-limits.ts';
export { createImageRefiner, type ImageRefiner, type ImageRefinerOptions } from './image-refiner.ts';
export { type FieldMeasures, measureField } from './measure-field.ts';
export { refineStep, refineWarpedStep, wholeRefineStep } from './refine-step.ts';
