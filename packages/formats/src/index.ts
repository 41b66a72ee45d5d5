export { blenderProc } from './blender-proc/blender-proc.ts';
export { bop } from './bop/bop.ts';
export { coco } from './coco/coco.ts';
export { type ColumnType, createColumnTypes } from './columns/column-type.ts';
export { featuresYaml } from './columns/features.ts';
export { annotationOfColumns, columnsOf } from './columns/object-columns.ts';
export { cycleGan } from './cycle-gan/cycle-gan.ts';
export { datasetFormats, detectFormat, findFormat } from './dataset-formats.ts';
export { hdf5 } from './hdf5/hdf5.ts';
export type { ArrayPart, Hdf5Dtype, Hdf5File, NumericArray } from './hdf5/hdf5-file.ts';
export { imageFolder } from './image-folder/image-folder.ts';
export { kitti } from './kitti/kitti.ts';
export {
  isMat73,
  type MatArray,
  type MatCells,
  type MatOther,
  type MatStruct,
  type MatText,
  type MatValue,
  readMatFile,
} from './matlab/mat-file.ts';
export { imageOfArray } from './npz/array-image.ts';
export { type NpyArray, readNpy } from './npz/npy.ts';
export { npz } from './npz/read-npz.ts';
export {
  type Json,
  type JsonObject,
  type Keypoint,
  type LabeledObject,
  type ObjectsAnnotation,
  objectsAnnotation,
  objectsProblem,
  objectsSchema,
} from './objects/objects.ts';
export { objectsOfLabels } from './objects/objects-of-labels.ts';
export { areaOf, boxOf, fillPolygons, polygonArea } from './objects/outline.ts';
export {
  decodeMask,
  encodeMask,
  maskArea,
  maskBox,
  packRuns,
  type RunLengthMask,
  runsOf,
} from './objects/run-length.ts';
export { traceMask } from './objects/trace-mask.ts';
export { parquet } from './parquet/parquet.ts';
export type {
  ArrayPicture,
  DatasetFormat,
  FormatCompanion,
  FormatContent,
  FormatEntry,
  FormatOutput,
  FormatReadOptions,
  FormatSample,
  FormatWriteOptions,
  FormatWriter,
  GrowingFile,
  SampleCompanion,
  StoredPicture,
} from './registry/dataset-format.ts';
export { numberedName } from './registry/picture-names.ts';
export { solo } from './solo/solo.ts';
export { crc32c, maskedCrc32c } from './tfrecord/crc32c.ts';
export { encodeRecord, readRecords } from './tfrecord/records.ts';
export { tfRecord } from './tfrecord/write-tfrecord.ts';
export { encodeTiff, interleaved } from './tiff/encode-tiff.ts';
export { voc } from './voc/voc.ts';
export { webDataset } from './webdataset/webdataset.ts';
export { yolo } from './yolo/yolo.ts';
