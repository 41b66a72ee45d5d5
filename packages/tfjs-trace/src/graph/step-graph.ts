import type { Graph, Value } from './graph.ts';
import type { InputType } from './inputs.ts';

/** A step as a graph. */
export interface StepGraph {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, InputType>>;
  readonly outputs: ReadonlyMap<string, Value>;
  /** New values of variables, by index. */
  readonly assignments: ReadonlyMap<number, Value>;
}
