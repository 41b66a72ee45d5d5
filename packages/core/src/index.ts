export {
  cacheItems,
  createDataset,
  type Dataset,
  datasetOf,
  halve,
  indexId,
  itemsOf,
  joinDatasets,
  mapDataset,
  prefetch,
  selectItems,
  shuffledIndices,
  spreadItems,
  takeFrom,
} from './dataset.ts';
export type { ImageDisplay, LegendEntry, Rgb } from './display.ts';
export { eagerEngine } from './engine/eager.ts';
export type { Engine } from './engine/engine.ts';
export { type ErrorCode, SimganError } from './errors.ts';
export type { Estimator } from './evaluation/estimator.ts';
export type { LabelProbe } from './evaluation/label-probe.ts';
export { type AnnotationSchema, annotationSchema } from './geometry/labels.ts';
export {
  createImage,
  createPixels,
  cropImage,
  decodeImages,
  encodeImages,
  formOf,
  fullScale,
  hasSize,
  type Image,
  type ImageForm,
  imageLength,
  imageOf,
  imageProblem,
  imageRange,
  type PixelBits,
  type Pixels,
  type Size,
  type SizedForm,
  sizedForm,
  storedValue,
} from './image.ts';
export { patchDiscriminator } from './networks/discriminator.ts';
export { estimatorNetwork } from './networks/estimator.ts';
export type { Discriminator, Network, NetworkBuilder, Refiner } from './networks/network.ts';
export { residualRefiner } from './networks/refiner.ts';
export {
  featureRegularizer,
  l1Regularizer,
  meanOfChannels,
  type Regularizer,
  regionMeans,
  weightedSum,
} from './networks/regularizer.ts';
export { type PluginFactory, pluginFactory } from './plugin/options.ts';
export { definePlugin, type Plugin } from './plugin/plugin.ts';
export type { DatasetReader, Reject } from './reading/reader.ts';
export { createImageRefiner, type ImageRefiner } from './refining/image-refiner.ts';
export { createRng, type Rng } from './rng.ts';
export { type NamedArray, readSafetensors, type Safetensors, writeSafetensors } from './safetensors.ts';
export {
  type Companion,
  companionBytes,
  type RealImage,
  type Sample,
  type SourcePicture,
  type StoredFile,
  withoutCompanions,
} from './sample.ts';
export { type Simulated, type Simulator, type SimulatorOrigin, simulate, simulateAt } from './simulate.ts';
export { type Checkpoint, restoreCheckpoint, takeCheckpoint } from './training/checkpoint.ts';
export type { LambdaTarget, TrainingRecipe } from './training/recipe.ts';
export { type TrainOptions, type TrainStep, train } from './training/train.ts';
export { createTraining, type Training, trainedRefiner } from './training/training.ts';
