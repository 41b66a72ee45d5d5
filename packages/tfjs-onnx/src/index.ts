export {
  type CompiledFunction,
  type Graph,
  type HostTensor,
  type InputType,
  type LoweringRule,
  registerLowering,
  StepError,
  type StepFunction,
  type Value,
} from '@simgan/tfjs-trace';
export { OnnxError } from './errors.ts';
export { type ExportOptions, exportOnnx } from './export.ts';
export * from './import/index.ts';
export { loadOnnxruntime } from './runtime/load-onnxruntime.ts';
export { mayHaveGpu } from './runtime/may-have-gpu.ts';
export {
  type CompileOptions,
  createOnnxRuntime,
  type OnnxRuntime,
  type OnnxRuntimeOptions,
} from './runtime/runtime.ts';
export { tryDevice } from './runtime/try-device.ts';
