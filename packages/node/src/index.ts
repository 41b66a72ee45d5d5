export { type DatasetManifest, fileNameOf, type Json, type JsonObject } from './datasets/dataset-format.ts';
export type { ExistingOutput } from './datasets/dataset-log.ts';
export { openFolder, readFormat } from './datasets/folder.ts';
export type { LabelGeometryOption } from './datasets/label-declaration.ts';
export {
  type DatasetFolder,
  type LabelsOption,
  type ReadDatasetOptions,
  readDataset,
} from './datasets/read-dataset.ts';
export { type ImageFolder, type ReadImagesOptions, readImages } from './datasets/read-images.ts';
export {
  type WriteDatasetOptions,
  type WrittenDataset,
  writeDataset,
} from './datasets/write-dataset.ts';
export {
  createEngine,
  describeEngines,
  type EngineChoice,
  type EngineOptions,
  type EngineReport,
} from './engines/engines.ts';
export { type DeviceName, deviceNames, type EngineName, engineNames } from './engines/names.ts';
export type { MeasuredRecipe } from './engines/noise-training.ts';
export { measureThroughput, type Throughput } from './engines/throughput.ts';
export type { CopyOptions, WrittenFormat } from './formats/dataset-copies.ts';
export { type OpenedFormat, type OpenFormatOptions, openFormat } from './formats/open-format.ts';
export { augment } from './jobs/augment.ts';
export {
  type AugmentCamerasOptions,
  type AugmentedCameras,
  augmentCameras,
  type CameraResult,
} from './jobs/augment-cameras.ts';
export type {
  AugmentedShard,
  AugmentOptions,
  AugmentResult,
  AugmentShardOptions,
} from './jobs/augment-options.ts';
export {
  type ComparedRung,
  type CompareOptions,
  type Comparison,
  compareTreatments,
} from './jobs/compare-treatments.ts';
export {
  type ConvertedDataset,
  type ConvertedShard,
  type ConvertOptions,
  convertDataset,
} from './jobs/convert-dataset.ts';
export {
  type Downstream,
  type EvaluateOptions,
  type Evaluation,
  evaluateDataset,
  type Realism,
} from './jobs/evaluate-dataset.ts';
export { evaluationFigures, writeEvaluation } from './jobs/evaluation-figures.ts';
export { type ExportOptions, exportOnnx, type OnnxExport } from './jobs/export-onnx.ts';
export { type Inspection, type InspectOptions, inspectSets } from './jobs/inspect-sets.ts';
export type { TreatedVerdict } from './jobs/judge-treated.ts';
export type { LabelGuardOptions } from './jobs/label-guard.ts';
export { type MergedDataset, type MergeShardsOptions, mergeShards } from './jobs/merge-shards.ts';
export { type ReportRunOptions, reportRun, type WrittenReport } from './jobs/report-run.ts';
export {
  type SimulateDatasetOptions,
  type SimulatedDataset,
  simulateDataset,
} from './jobs/simulate-dataset.ts';
export { type OpenTuring, openTuring, type TuringOptions } from './jobs/turing-test.ts';
export { type Verification, type VerifyOptions, verifyDataset } from './jobs/verify-dataset.ts';
export type { Decision } from './ladder/decision.ts';
export { parseTreat, type RungName, rungNames, type Treat } from './ladder/rungs.ts';
export { type ContactSheetOptions, type ContactSheetRow, contactSheet } from './pictures/contact-sheet.ts';
export type { DecodeOptions } from './pictures/decode-options.ts';
export { decodePicture, readPicture } from './pictures/decode-picture.ts';
export { encodePng } from './pictures/encode-picture.ts';
export { pictureCacheFolder } from './pictures/picture-cache.ts';
export { type InstalledPlugin, listPlugins } from './plugins/list-plugins.ts';
export { loadFormats } from './plugins/load-formats.ts';
export { type LoadedPlugin, loadFactory, loadPlugin, type PluginPlace } from './plugins/load-plugin.ts';
export { createRenderPool, type RenderPool, type RenderPoolOptions } from './render/pool.ts';
export { defaults } from './runs/defaults.ts';
export type { JobEvent, JobOptions, JobPhase } from './runs/events.ts';
export { type FeatureNetwork, type FeatureSettings, featureProblems } from './runs/features.ts';
export { type OpenRefiner, type OpenRefinerOptions, openRefiner } from './runs/open-refiner.ts';
export { openRun, type Run } from './runs/open-run.ts';
export type { Outcome } from './runs/outcome.ts';
export type { RunConfig } from './runs/run-config.ts';
export type { LabelShift, Moment, Timeline } from './runs/timeline-file.ts';
export { type TrainedRun, type TrainRunOptions, trainRun } from './runs/train-run.ts';
export { type RunState, type WatchRunOptions, watchRun } from './runs/watch-run.ts';
export { shardFromEnvironment } from './shards/environment.ts';
export type { PlacedShard, Shard } from './shards/shard.ts';
export type { TuringServer } from './turing/turing-server.ts';
export { loadCheckpoint, saveCheckpoint } from './weights/checkpoint-file.ts';
export { type ExportedRefiner, exportRefiner } from './weights/export-refiner.ts';
export { type OnnxFeatureOptions, onnxFeatures } from './weights/onnx-features.ts';
export { loadWeights, saveWeights } from './weights/weights.ts';
export {
  type RemoteSimulator,
  type RemoteSimulatorOptions,
  type RendererRetry,
  remoteSimulator,
} from './wire/remote-simulator.ts';
export { type RendererChoice, type RendererLimits, rendererDefaults } from './wire/renderer-options.ts';
export { reservoir } from './wire/reservoir.ts';
export type { Rendered } from './wire/response.ts';
