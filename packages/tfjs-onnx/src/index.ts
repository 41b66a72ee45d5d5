export { OnnxError } from './errors.ts';
export { type ExportOptions, exportOnnx } from './export.ts';
export * from './import/index.ts';
export {
  type CompiledFunction,
  type CompileOptions,
  createOnnxRuntime,
  type HostTensor,
  type OnnxRuntime,
  type OnnxRuntimeOptions,
} from './runtime/runtime.ts';
export type { Graph, Value } from './trace/graph.ts';
export { type LoweringRule, registerLowering } from './trace/kernels.ts';
export type { InputType, StepFunction } from './trace/trace.ts';
