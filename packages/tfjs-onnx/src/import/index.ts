export {
  type ImportedModel,
  type ImportOptions,
  importedOperators,
  importOnnx,
  type ReadExternal,
} from './import-onnx.ts';
export { constantTensor } from './value.ts';
