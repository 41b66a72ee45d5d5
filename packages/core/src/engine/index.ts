export { type HostTensor, hostScalar, scalarValue } from '../host-tensor.ts';
export { compiledEngine, type StepCompiler } from './compiled.ts';
export { eagerEngine } from './eager.ts';
export type { CompiledStep, CompileOptions, Engine, Step } from './engine.ts';
export { registerWasmConvolutionGradients } from './wasm-convolution-gradients.ts';
export { registerWasmMaxPoolGradient } from './wasm-max-pool-gradient.ts';
