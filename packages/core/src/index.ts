export {
  createDataset,
  type Dataset,
  datasetOf,
  mapDataset,
  readAhead,
  rememberItems,
  spreadItems,
  takeFrom,
} from './dataset.ts';
export type { ImageDisplay, LegendEntry, Rgb } from './display.ts';
export { eagerEngine } from './engine/eager.ts';
export type { CompiledStep, Engine, Step } from './engine/engine.ts';
export { type ErrorCode, SimganError } from './errors.ts';
export { diagnose, type Finding, measurePhotometry, type Photometry } from './evaluation/diagnosis.ts';
export type { Estimator, EstimatorRecipe } from './evaluation/estimator.ts';
export { directionLoss, logisticLoss, squaredDistanceLoss } from './evaluation/estimator-losses.ts';
export { FEATURES, imageFeatures } from './evaluation/features.ts';
export { halve } from './evaluation/halve.ts';
export {
  type KernelDistances,
  kernelDistance,
  measureKernelDistances,
} from './evaluation/kernel-distance.ts';
export {
  type DistanceSummary,
  type LabelPreservation,
  measureLabelPreservation,
  pairById,
  type QuantityPreservation,
  type RefinedPair,
  summarize,
} from './evaluation/label-preservation.ts';
export type { LabelProbe, Measurement, Quantity, Values } from './evaluation/label-probe.ts';
export { type PatchTestOptions, type PatchTestResult, patchTest } from './evaluation/patch-test.ts';
export {
  type ImageStatistics,
  measureStatistics,
  type StatisticsDistance,
  statisticsDistance,
} from './evaluation/statistics.ts';
export {
  compareDownstream,
  createEstimatorState,
  type EstimatorResult,
  type EstimatorState,
  type EstimatorStep,
  type TrainEstimatorOptions,
  testEstimator,
  trainEstimator,
} from './evaluation/train-estimator.ts';
export {
  type CropWindow,
  carryLabels,
  composeTransforms,
  cropTransform,
  type Direction,
  flipTransform,
  type ImageTransform,
  invertTransform,
  isMirrored,
  type LabelMove,
  type LabelMoves,
  mirrorTransform,
  movePoint,
  type Point,
  type ResampleOptions,
  resample,
  resizeTransform,
  type Size,
  turnAngles,
  turnDirection,
  turnInPicture,
  unmoved,
} from './geometry.ts';
export { type HostTensor, hostScalar, scalarValue } from './host-tensor.ts';
export {
  createImage,
  decodeImages,
  encodeImages,
  type Image,
  type ImageSpec,
  imageLength,
  imageProblem,
  imageRange,
} from './image.ts';
export {
  isMat73,
  type MatArray,
  type MatCells,
  type MatOther,
  type MatStruct,
  type MatText,
  type MatValue,
  readMatFile,
} from './mat-file.ts';
export {
  type Correction,
  type CorrectionName,
  type CorrectionSpec,
  correctionKinds,
  correctionNames,
  type MatchKind,
  type MatchSetting,
  matchProblems,
} from './matching/corrections.ts';
export { createMatcher, type Matcher } from './matching/matcher.ts';
export {
  type MatchPlan,
  type PlannedCorrection,
  type PlanOptions,
  planCorrections,
} from './matching/plan.ts';
export {
  type Convolution,
  type ConvolutionShape,
  convolution,
  type Initializer,
  type Padding,
} from './networks/convolution.ts';
export { type DiscriminatorLayer, patchDiscriminator } from './networks/discriminator.ts';
export { type EstimatorLayer, estimatorNetwork } from './networks/estimator.ts';
export { convolutionFeatures, type OnnxFeatureOptions, onnxFeatures } from './networks/features.ts';
export {
  type Discriminator,
  type Network,
  type NetworkBuilder,
  parameterCount,
  type Refiner,
} from './networks/network.ts';
export { type ResidualRefinerOptions, residualRefiner } from './networks/refiner.ts';
export {
  type FeatureTransform,
  featureRegularizer,
  identity,
  l1Regularizer,
  meanOfChannels,
  type Regularizer,
  regionMeans,
  weightedSum,
} from './networks/regularizer.ts';
export { definePlugin, networksOf, type Plugin } from './plugin.ts';
export {
  type DatasetReader,
  type Folder,
  type Hdf5File,
  type LabelledFolder,
  type NumericArray,
  type Picture,
  type ReaderOptions,
  type Reject,
  readEach,
} from './reader.ts';
export { type RefineOptions, refine } from './refine.ts';
export { createRng, type Rng } from './rng.ts';
export type { RealImage, Sample } from './sample.ts';
export { type Simulated, type Simulator, sampleId, simulate } from './simulate.ts';
export { HistoryBuffer } from './training/history-buffer.ts';
export {
  adversarialLoss,
  discriminatorLoss,
  patchAccuracy,
  patchesOf,
  patchLoss,
  type Verdict,
} from './training/losses.ts';
export type { OptimizerSpec } from './training/optimizer.ts';
export { createOptimizer, createOptimizerState, minimize, type Optimizer } from './training/optimizer.ts';
export { checkRecipe, type LambdaTarget, type TrainingRecipe } from './training/recipe.ts';
export {
  type Checkpoint,
  createTrainingState,
  type DiscriminatorLosses,
  type Player,
  type RefinerLosses,
  restoreCheckpoint,
  type TrainingState,
  takeCheckpoint,
} from './training/state.ts';
export { type TrainOptions, type TrainStep, totalSteps, train } from './training/train.ts';
