export { hdf5 } from './hdf5/hdf5.ts';
export type { ArrayPart, Hdf5Dtype, Hdf5File, NumericArray } from './hdf5/hdf5-file.ts';
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
