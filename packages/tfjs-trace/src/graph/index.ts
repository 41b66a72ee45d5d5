/** @file The graph alone, without TensorFlow.js: what runs in a worker imports this. */
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
  type InputType,
  type InputTypes,
  mapValues,
  typesOf,
} from './inputs.ts';
export { fuseStepOfRelu, liveValues, type Rule, rewrite } from './rewrite.ts';
export type { StepGraph } from './step-graph.ts';
export {
  isFaster,
  type LoadTrial,
  type Trial,
  type TrialProgram,
  trialDifference,
  tryTraining,
} from './trial.ts';
export type { Window2D } from './window.ts';
