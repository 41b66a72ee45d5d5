export { writeFileAtomic } from './atomic-file.ts';
export { loadCheckpoint, saveCheckpoint } from './checkpoint-file.ts';
export { type ContactSheetOptions, type ContactSheetRow, contactSheet } from './contact-sheet.ts';
export type { DatasetHeader, DatasetManifest, Json, JsonObject } from './dataset-format.ts';
export type { ExistingOutput } from './dataset-log.ts';
export {
  createEngine,
  describeEngines,
  type EngineChoice,
  type EngineName,
  type EngineOptions,
  type EngineReport,
  engineNames,
} from './engines.ts';
export { type ExportedRefiner, exportRefiner } from './export-refiner.ts';
export { type FetchLimits, fetchBytes, isWebUrl } from './fetch-bytes.ts';
export { type OpenFolder, openFolder, readFormat } from './folder.ts';
export type { LoadOptions } from './load-pictures.ts';
export { inspectOutput, type OutputFolder, removeDataset } from './output-folder.ts';
export {
  type DecodedPicture,
  type DecodeOptions,
  decodeDefaults,
  decodePicture,
  encodePng,
  readPicture,
} from './pixels.ts';
export { type DatasetFolder, type ReadDatasetOptions, readDataset } from './read-dataset.ts';
export { type ImageFolder, type ReadImagesOptions, readImages } from './read-images.ts';
export type { Reject } from './reject.ts';
export { createRenderPool, type RenderPool, type RenderPoolOptions } from './render/pool.ts';
export type { PluginOrigin, RendererName } from './render/protocol.ts';
export { idProblem } from './sample-id.ts';
export { type LoadWeightsOptions, loadWeights, saveWeights } from './weights.ts';
export { fileNameOf, type WriteDatasetOptions, type WrittenDataset, writeDataset } from './write-dataset.ts';
