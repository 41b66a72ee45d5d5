export type { CompiledFunction } from './compiled-function.ts';
export type { Attribute, Attributes, ElementType } from './element.ts';
export { StepError } from './errors.ts';
export {
  broadcastShapes,
  ELEMENTWISE,
  Graph,
  type HostArray,
  hostArray,
  type Shape,
  sameShape,
  size,
  splat,
  type Value,
} from './graph.ts';
export {
  type HostData,
  type HostTensor,
  type Inputs,
  type InputTypes,
  mapValues,
  typesOf,
} from './inputs.ts';
export { type LoweringRule, registerLowering } from './kernels.ts';
export { fuseStepOfRelu, liveValues, type Rule, rewrite } from './rewrite.ts';
export { SharedVariables, type VariableStore } from './shared-variables.ts';
export { type InputType, type StepFunction, type Trace, trace } from './trace.ts';
export type { Window2D } from './window.ts';
