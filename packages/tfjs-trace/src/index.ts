export type { CompiledFunction } from './compiled-function.ts';
export * from './graph/index.ts';
export { type LoweringRule, registerLowering } from './kernels.ts';
export { SharedVariables, type VariableStore } from './shared-variables.ts';
export { type StepFunction, type Trace, trace } from './trace.ts';
