/** Turns the graph of a step into an ONNX model. */
import { ELEMENTWISE, liveValues, type StepGraph, type Value } from '@simgan/tfjs-trace/graph';
import { OnnxModel } from '../onnx/model.ts';
import { lowerAddAt, lowerMove, lowerReduction, lowerRow } from './array.ts';
import { lowerConvolution } from './convolution.ts';
import { lowerElementwise } from './elementwise.ts';
import { lowerDepthwiseFilterGradient, lowerFilterGradient } from './filter-gradient.ts';
import { flatUpdates, separateUpdates } from './flat-updates.ts';
import { fuse } from './fuse.ts';
import { Lowering, type Target } from './lowering.ts';
import { lowerDepthwise, lowerPool, lowerSeparable } from './spatial.ts';
import { readState, type State, writeState } from './state.ts';

/** An output of a step. */
export interface Output {
  readonly name: string;
  /** Its name in the model: `name`, or `name.out` if an input has that name. */
  readonly result: string;
  readonly shape: readonly number[];
}

/** A compiled model, and what it reads and returns. */
export interface Compiled {
  readonly model: OnnxModel;
  /** The outputs of the step, all float32 in the model. */
  readonly outputs: readonly Output[];
  /** The variables that the program reads. */
  readonly reads: readonly State[];
  /** The variables that it assigns. */
  readonly writes: readonly State[];
}

const SPATIAL: Readonly<Record<string, (lowering: Lowering, value: Value) => void>> = {
  AddAt: lowerAddAt,
  AveragePool2D: lowerPool,
  Concat: lowerMove,
  Conv2D: lowerConvolution,
  Conv2DFilterGradient: lowerFilterGradient,
  Conv2DInputGradient: lowerConvolution,
  DepthwiseConv2D: lowerDepthwise,
  DepthwiseConv2DFilterGradient: lowerDepthwiseFilterGradient,
  DepthwiseConv2DInputGradient: lowerDepthwise,
  Interleave: lowerMove,
  MaxPool2D: lowerPool,
  Pad: lowerMove,
  ReduceMax: lowerReduction,
  ReduceMean: lowerReduction,
  ReduceMin: lowerReduction,
  ReduceProd: lowerReduction,
  ReduceSum: lowerReduction,
  Separable2D: lowerSeparable,
  Slice: lowerMove,
  Take: lowerMove,
};

export interface CompileOptions {
  /** Returns the current value of a variable, which is then a constant of the model instead of an input. */
  readonly freeze?: (index: number) => Float32Array | Int32Array;
}

/** Compiles a step into a model for `target`. */
export function compileStep(step: StepGraph, target: Target, { freeze }: CompileOptions = {}): Compiled {
  const { graph, inputs, outputs, assignments } = step;
  const model = new OnnxModel();
  const lowering = new Lowering(model, target);
  for (const [name, { dtype, shape }] of Object.entries(inputs)) model.input(name, dtype, shape);

  const returned = [...outputs].map(([name, value]) => [name, graph.cast(value, 'float32')] as const);
  const values = returned.map(([, value]) => value);
  const updates = target.flat ? flatUpdates(graph, assignments, values) : separateUpdates(assignments);
  const roots = fuse(graph, [...values, ...updates.map(({ value }) => value)], target);
  const reads: State[] = [];
  for (const value of liveValues(roots)) {
    const isState = value.op === 'Variable' || value.op === 'Variables';
    if (isState && !freeze) reads.push(readState(lowering, value));
    else lower(lowering, value, freeze);
  }
  const results = roots.map((root) => lowering.get(root));
  const named = returned.map(([name, { shape }]) => ({
    name,
    shape,
    result: name in inputs ? `${name}.out` : name,
  }));
  named.forEach(({ result, shape }, i) => void model.output(result, results[i]!, 'float32', shape));
  const writes = updates.flatMap((update, i) => writeState(lowering, update, results[values.length + i]!));
  return { model, outputs: named, reads, writes };
}

function lower(lowering: Lowering, value: Value, freeze: CompileOptions['freeze']): void {
  const { model } = lowering;
  switch (value.op) {
    case 'Input':
      lowering.set(value, 'row', value.attributes.name as string);
      return;
    case 'Variable': {
      const data = freeze!(value.attributes.index as number);
      lowering.set(value, 'row', model.constant(value.dtype, data, value.shape));
      return;
    }
    case 'Constant':
      lowering.set(value, 'row', model.constant(value.dtype, value.data!, value.shape));
      return;
    default:
      if (ELEMENTWISE.has(value.op)) lowerElementwise(lowering, value);
      else (SPATIAL[value.op] ?? lowerRow)(lowering, value);
  }
}
