/** Graph rewrites that reduce computation. */
import {
  fuseStepOfRelu,
  type Graph,
  liveValues,
  type Rule,
  rewrite,
  sameShape,
  type Value,
} from '@simgan/tfjs-trace/graph';
import { type Strategy, strategyOf } from './convolution.ts';
import { type Epilogue, windowOf } from './epilogue.ts';
import type { Target } from './lowering.ts';
import { maxPoolGradient } from './max-pool-gradient.ts';

/** Equivalent roots, with biases, residuals and activations fused into their convolutions. */
export function fuse(graph: Graph, roots: readonly Value[], target: Target): Value[] {
  const pooled = rewrite(graph, roots, maxPoolGradients(graph));
  const stepped = fuseStepOfRelu(graph, pooled);
  const folded = target.block > 0 ? rewrite(graph, stepped, lines(graph)) : stepped;
  const phased = rewrite(graph, folded, phases(graph, target));
  return rewrite(graph, phased, epilogues(graph, liveValues(phased), phased, target));
}

/** Spells out the gradient of max pooling in operators that every provider supports. */
function maxPoolGradients(graph: Graph): Rule {
  return (value, inputs) => {
    if (value.op !== 'MaxPool2DGradient') return undefined;
    const [dy, x] = inputs as [Value, Value];
    return maxPoolGradient(graph, dy, x, windowOf(value));
  };
}

/**
 * Computes the input gradient of a strided convolution as several gradients of stride 1, each with every stride-th row
 * and column of the filter, and interleaves them: the blocked kernel then never multiplies the zeros that the stride
 * inserts.
 */
function phases(graph: Graph, { block }: Target): Rule {
  return (value, inputs) => {
    if (value.op !== 'Conv2DInputGradient' || block === 0) return undefined;
    const { kernel, strides, pads, dilations } = windowOf(value);
    const [dy, filter] = inputs as [Value, Value];
    const [batch, height, width, channels] = value.shape as [number, number, number, number];
    const fits = channels % block === 0 && dy.shape[3]! % block === 0;
    const strided = strides[0] > 1 || strides[1] > 1;
    if (
      !fits ||
      !strided ||
      kernel[0] < strides[0] ||
      kernel[1] < strides[1] ||
      dilations[0] > 1 ||
      dilations[1] > 1
    ) {
      return undefined;
    }
    // Row i of the result, i + pad = m * stride + phase, is row m of that phase.
    const places = (axis: 0 | 1) => {
      const last = Math.ceil(((axis === 0 ? height : width) + pads[axis]!) / strides[axis]!);
      return Math.max(last, dy.shape[axis + 1]! + Math.ceil(kernel[axis]! / strides[axis]!) - 1);
    };
    const shape = [batch, places(0), places(1), channels];
    const phase = (row: number, column: number) => {
      const size = [
        Math.ceil((kernel[0] - row) / strides[0]),
        Math.ceil((kernel[1] - column) / strides[1]),
      ] as const;
      const taps = graph.slice(
        filter,
        [row, column, 0, 0],
        [...size, ...filter.shape.slice(2)],
        [...strides, 1, 1],
      );
      const attributes = { kernel: size, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
      return graph.node(value.op, [dy, taps], shape, { attributes });
    };
    const rows = Array.from({ length: strides[0] }, (_, row) => {
      const columns = Array.from({ length: strides[1] }, (_, column) => phase(row, column));
      return graph.interleave(columns, 2);
    });
    return graph.slice(graph.interleave(rows, 1), [0, pads[0], pads[1], 0], value.shape);
  };
}

/**
 * Turns the addition of a few rows or columns that were padded to an image's size, as in gradients of slices, into an
 * in-place addition to those rows or columns.
 */
function lines(graph: Graph): Rule {
  const isLine = ({ op, shape, attributes, inputs }: Value) => {
    if (op !== 'Pad' || shape.length !== 4 || (attributes.value as { float: number }).float !== 0)
      return undefined;
    const pads = attributes.pads as number[];
    const padded = [0, 1, 2, 3].filter((axis) => pads[axis] || pads[axis + 4]);
    const axis = padded[0]!;
    const isThin = 3 * inputs[0]!.shape[axis]! <= shape[axis]!;
    return padded.length === 1 && (axis === 1 || axis === 2) && isThin
      ? { axis, start: pads[axis]! }
      : undefined;
  };
  const addAt = (base: Value, parts: readonly Value[], axis: number, starts: readonly number[]) =>
    graph.node('AddAt', [base, ...parts], base.shape, { attributes: { axis, starts } });

  return (value, inputs) => {
    if (value.op !== 'Add' || !inputs.every(({ shape }) => sameShape(shape, value.shape))) return undefined;
    for (const [base, padded] of [inputs, inputs.toReversed()] as [Value, Value][]) {
      const line = isLine(padded);
      if (!line) continue;
      const { axis, starts } = base.attributes as { axis?: number; starts?: number[] };
      if (base.op !== 'AddAt' || axis !== line.axis)
        return addAt(base, padded.inputs, line.axis, [line.start]);
      const [first, ...parts] = base.inputs as [Value, ...Value[]];
      return addAt(first, [...parts, ...padded.inputs], axis, [...starts!, line.start]);
    }
    return undefined;
  };
}

/** Fuses bias, residual and relu, in this order, into convolutions whose unfused result nothing else reads. */
function epilogues(graph: Graph, values: readonly Value[], roots: readonly Value[], target: Target): Rule {
  const uses = new Map<Value, number>();
  for (const value of [...values.flatMap(({ inputs }) => inputs), ...roots])
    uses.set(value, (uses.get(value) ?? 0) + 1);
  const extend = (conv: Value, inputs: readonly Value[], epilogue: Epilogue) =>
    graph.node(conv.op, inputs, conv.shape, { attributes: { ...conv.attributes, ...epilogue } });
  const open = (original: Value, value: Value) =>
    (value.op === 'Conv2D' || value.op === 'Conv2DInputGradient') &&
    uses.get(original) === 1 &&
    !windowOf(value).activation;

  return (value, inputs) => {
    if (value.op === 'Relu') {
      const [conv] = inputs as [Value];
      return open(value.inputs[0]!, conv) ? extend(conv, conv.inputs, { activation: 'Relu' }) : undefined;
    }
    if (value.op !== 'Add') return undefined;
    for (const [i, j] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const [conv, other] = [inputs[i]!, inputs[j]!];
      if (!open(value.inputs[i]!, conv)) continue;
      const { bias, residual } = windowOf(conv);
      if (!bias && !residual && isBias(other, conv))
        return extend(conv, [...conv.inputs, other], { bias: 1 });
      if (!residual && sameShape(other.shape, conv.shape) && takesResidual(strategyOf(conv, target))) {
        return extend(conv, [...conv.inputs, other], { residual: 1 });
      }
    }
    return undefined;
  };
}

const takesResidual = (strategy: Strategy) => strategy === 'blocked' || strategy === 'winograd';

function isBias(value: Value, conv: Value): boolean {
  const channels = conv.shape[3]!;
  return (
    value.shape.at(-1) === channels &&
    value.shape.every((length, i) => i === value.shape.length - 1 || length === 1)
  );
}
