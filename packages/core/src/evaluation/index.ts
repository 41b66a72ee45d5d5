export { type ClassEstimatorOptions, classEstimator, MOST_CLASSES } from './class-estimator.ts';
export { type ClusteredAuc, clusteredAuc } from './clustered-auc.ts';
export { type DiagnosisContext, diagnose, type Finding, type FindingSource } from './diagnosis.ts';
export type { Estimator, EstimatorRecipe } from './estimator.ts';
export {
  type ClassAnswer,
  classProbabilities,
  type EstimatorAnswer,
  type PointsAnswer,
  type ValuesAnswer,
} from './estimator-answer.ts';
export { crossEntropyLoss, directionLoss, logisticLoss, squaredDistanceLoss } from './estimator-losses.ts';
export { type EstimatorOutput, estimatorOutputs } from './estimator-outputs.ts';
export { contrastByGroup, type GroupContrast } from './group-contrast.ts';
export {
  type CertifyOptions,
  certificateText,
  certifyLabels,
  type LabelCertificate,
} from './label-certificate.ts';
export {
  type FoundPair,
  type LabelPreservation,
  measureLabelPreservation,
  pairById,
  type QuantityPreservation,
  type RefinedPair,
} from './label-preservation.ts';
export type { LabelProbe, Measurement, Quantity, Values } from './label-probe.ts';
export { compareLooks, type Interval, type LooksComparison, type LooksOptions } from './looks.ts';
export { type PatchTestOptions, type PatchTestResult, patchTest } from './patch-test.ts';
export { type PseudoLabeled, type PseudoLabelOptions, pseudoLabel } from './pseudo-labels.ts';
export {
  type RefinementFindings,
  type RefinementVerdict,
  refinementVerdict,
} from './refinement-verdict.ts';
export {
  type Direction,
  type Displacement,
  type DisplacementOptions,
  displacementAt,
  type LabelPlace,
  measureDisplacements,
  type NoDisplacement,
  placesOf,
} from './registration/index.ts';
export { type PictureShift, placesMeter, probeMeter, type ShiftMeter } from './shift-meter.ts';
export {
  compareDownstream,
  createEstimatorState,
  type EstimatorResult,
  type EstimatorState,
  type EstimatorStep,
  type TrainEstimatorOptions,
  testEstimator,
  trainEstimator,
} from './train-estimator.ts';
export {
  type JudgeUseOptions,
  judgeUse,
  type UseProgress,
  type UseReport,
} from './use/judge-use.ts';
export {
  openUseJudge,
  type TrainedJudge,
  type TreatedSet,
  type UseJudge,
  type UseJudgeOptions,
} from './use/use-judge.ts';
export {
  broadVariation,
  mildVariation,
  type Variation,
  type VariationNumbers,
  varyPictures,
} from './use/variation.ts';
export {
  type LabelOrigin,
  type UseGate,
  type UseNoise,
  type UseScore,
  type UseVerdict,
  useGates,
  useVerdict,
} from './use/verdict.ts';
