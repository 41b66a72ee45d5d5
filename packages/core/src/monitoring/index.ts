export { type Changes, measureChanges } from './changes.ts';
export { type Decision, decide, isValid, type SteeredRecipe } from './decide.ts';
export {
  type Followed,
  type FollowedMoment,
  type FollowedPictures,
  type FollowOptions,
  followPictures,
} from './followed.ts';
export { createLookout, type Lookout, type LookoutOptions } from './lookout.ts';
export type { LabelSignal, Signals, UseSignal } from './signals.ts';
export { type Symptom, type SymptomName, symptomsOf, thresholds } from './symptoms.ts';
export { type UseWatch, type UseWatchOptions, useLooks, watchUse } from './use-watch.ts';
