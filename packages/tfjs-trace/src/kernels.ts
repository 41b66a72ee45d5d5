/** The lowering rules of TensorFlow.js kernels: which graph values each kernel computes. */
import type * as kernel from '@tensorflow/tfjs-core';
import { backend_util, slice_util } from '@tensorflow/tfjs-core';
import { elementType } from './dtype.ts';
import type { ElementType } from './graph/element.ts';
import { type Graph, hostArray, type Shape, size, type Value } from './graph/graph.ts';
import { averageWeights, resizeWeights, transposed, type Weights, window2D } from './graph/window.ts';

/**
 * Builds the outputs of a kernel call from its inputs. `inputs` and `attributes` have the names of TensorFlow.js'
 * kernel; a missing optional input is `undefined`.
 */
export type LoweringRule<Names extends string = string, Attributes = Readonly<Record<string, unknown>>> = (
  graph: Graph,
  inputs: Readonly<Record<Names, Value>>,
  attributes: Attributes,
) => Value | readonly Value[];

const table = new Map<string, LoweringRule>();

/** The rule of every supported kernel, by kernel name. */
export const loweringRules: ReadonlyMap<string, LoweringRule> = table;

/**
 * Registers the lowering rule of a TensorFlow.js kernel, or replaces it. `graph.node(op, inputs, shape, { attributes,
 * dtype })` adds any operator of ONNX opset 17 on row-major tensors.
 *
 * @example
 * registerLowering<'x'>('Erf', (graph, { x }) => graph.node('Erf', [x], x.shape));
 */
export function registerLowering<Names extends string, Attributes = Readonly<Record<string, unknown>>>(
  kernelName: string,
  rule: LoweringRule<Names, Attributes>,
): void {
  table.set(kernelName, rule as LoweringRule);
}

const on = registerLowering;
const list = (inputs: Readonly<Record<string, Value>>) => Object.values(inputs);

// --------------------------------------------------------------------------------------------------------- elementwise

for (const name of 'Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Exp Floor Neg Reciprocal Relu Selu Sigmoid Sign Sin Sinh Softplus Sqrt Tan Tanh'.split(
  ' ',
)) {
  on<'x'>(name, (g, { x }) => g.elementwise(name, [x]));
}
for (const [name, op] of Object.entries({
  Add: 'Add',
  Sub: 'Sub',
  Multiply: 'Mul',
  RealDiv: 'Div',
  Maximum: 'Max',
  Minimum: 'Min',
  Pow: 'Pow',
})) {
  on<'a' | 'b'>(name, (g, { a, b }) => g.elementwise(op, [a, b]));
}
for (const [name, op] of Object.entries({
  Equal: 'Equal',
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
  LogicalAnd: 'And',
  LogicalOr: 'Or',
  LogicalXor: 'Xor',
})) {
  on<'a' | 'b'>(name, (g, { a, b }) => g.compare(op, a, b));
}
on<'a' | 'b'>('NotEqual', (g, { a, b }) => not(g, g.compare('Equal', a, b)));
on<'x'>('LogicalNot', (g, { x }) => not(g, x));
on<'x'>('IsNan', (g, { x }) => g.elementwise('IsNaN', [x], { dtype: 'bool' }));
on<'x'>('IsInf', (g, { x }) => g.elementwise('IsInf', [x], { dtype: 'bool' }));
on<'x'>('IsFinite', (g, { x }) =>
  g.compare('Less', g.elementwise('Abs', [x]), g.scalar(Number.POSITIVE_INFINITY)),
);
on<'x'>('Round', (g, { x }) => g.elementwise('Round', [x]));
on<'x'>('Rsqrt', (g, { x }) => g.elementwise('Reciprocal', [g.elementwise('Sqrt', [x])]));
on<'x'>('Square', (g, { x }) => g.mul(x, x));
on<'x'>('Log', (g, { x }) => g.elementwise('Log', [x]));
on<'x'>('Log1p', (g, { x }) => g.elementwise('Log', [g.add(x, g.scalar(1))]));
on<'x'>('Expm1', (g, { x }) => g.sub(g.elementwise('Exp', [x]), g.scalar(1)));
on<'x'>('Relu6', (g, { x }) => clip(g, x, 0, 6));
on<'a' | 'b'>('SquaredDifference', (g, { a, b }) => {
  const difference = g.sub(a, b);
  return g.mul(difference, difference);
});
on<'a' | 'b'>('FloorDiv', (g, { a, b }) => floorDivide(g, a, b));
on<'a' | 'b'>('Mod', (g, { a, b }) => g.sub(a, g.mul(floorDivide(g, a, b), b)));
on('AddN', (g, inputs) => list(inputs).reduce(g.add));
on<'x', kernel.ClipByValueAttrs>('ClipByValue', (g, { x }, { clipValueMin, clipValueMax }) =>
  clip(g, x, clipValueMin, clipValueMax),
);
on<'x', kernel.LeakyReluAttrs>('LeakyRelu', (g, { x }, { alpha }) => leakyRelu(g, x, alpha));
on<'x' | 'alpha'>('Prelu', (g, { x, alpha }) => prelu(g, x, alpha));
on<'dy' | 'y'>('EluGrad', (g, { dy, y }) =>
  g.where(g.compare('GreaterOrEqual', y, g.scalar(0)), dy, g.mul(dy, g.add(y, g.scalar(1)))),
);
on<'x', kernel.StepAttrs>('Step', (g, { x }, { alpha }) =>
  alpha === 0
    ? g.elementwise('Step', [x])
    : g.where(g.compare('Greater', x, g.scalar(0)), g.scalar(1), g.scalar(alpha)),
);
on<'condition' | 't' | 'e'>('Select', (g, { condition, t, e }) => {
  const perRow = condition.shape.length === 1 && t.shape.length > 1;
  return g.where(
    perRow ? g.reshape(condition, [...condition.shape, ...t.shape.slice(1).fill(1)]) : condition,
    t,
    e,
  );
});
on<'x', kernel.CastAttrs>('Cast', (g, { x }, { dtype }) => g.cast(x, elementType(dtype)));
on<'x'>('Identity', (_g, { x }) => x);
on<'x'>('ZerosLike', (g, { x }) => g.fill(0, x.shape, x.dtype));
on<'x'>('OnesLike', (g, { x }) => g.fill(1, x.shape, x.dtype));
on<never, kernel.FillAttrs>('Fill', (g, _, { shape, value, dtype }) =>
  g.fill(Number(value), shape, elementType(dtype ?? 'float32')),
);
on<never, kernel.RangeAttrs>('Range', (g, _, { start, stop, step, dtype }) => {
  const length = Math.max(Math.ceil((stop - start) / step), 0);
  return constant(
    g,
    Array.from({ length }, (_, i) => start + i * step),
    elementType(dtype),
  );
});
on<never, kernel.LinSpaceAttrs>('LinSpace', (g, _, { start, stop, num }) =>
  constant(
    g,
    Array.from({ length: num }, (_, i) => start + (num > 1 ? (i * (stop - start)) / (num - 1) : 0)),
  ),
);

// ---------------------------------------------------------------------------------------------------------- reductions

for (const name of ['Sum', 'Mean', 'Min', 'Prod'] as const) {
  on<'x', kernel.SumAttrs>(name, (g, { x }, { axis, keepDims }) =>
    g.reduce(`Reduce${name}`, x, axesOf(x, axis), keepDims),
  );
}
on<'x', kernel.MaxAttrs>('Max', (g, { x }, { reductionIndices, keepDims }) =>
  g.reduce('ReduceMax', x, axesOf(x, reductionIndices), keepDims),
);
for (const [name, op] of [
  ['All', 'ReduceMin'],
  ['Any', 'ReduceMax'],
] as const) {
  on<'x', kernel.AllAttrs>(name, (g, { x }, { axis, keepDims }) =>
    g.cast(g.reduce(op, g.cast(x, 'int32'), axesOf(x, axis), keepDims), 'bool'),
  );
}
for (const name of ['ArgMax', 'ArgMin'] as const) {
  on<'x', kernel.ArgMaxAttrs>(name, (g, { x }, { axis }) => {
    const shape = x.shape.toSpliced(axis, 1);
    return g.cast(g.node(name, [x], shape, { attributes: { axis, keepdims: 0 }, dtype: 'int64' }), 'int32');
  });
}
on<'x', kernel.CumsumAttrs>('Cumsum', (g, { x }, { axis, exclusive, reverse }) =>
  g.node('CumSum', [x, constantScalar(g, axis)], x.shape, {
    attributes: { exclusive: Number(exclusive), reverse: Number(reverse) },
  }),
);
on<'logits', kernel.SoftmaxAttrs>('Softmax', (g, { logits }, { dim }) =>
  g.node('Softmax', [logits], logits.shape, { attributes: { axis: dim } }),
);
on<'logits', kernel.LogSoftmaxAttrs>('LogSoftmax', (g, { logits }, { axis }) =>
  g.node('LogSoftmax', [logits], logits.shape, { attributes: { axis } }),
);

// ------------------------------------------------------------------------------------------------- shapes and indexing

on<'x', kernel.ReshapeAttrs>('Reshape', (g, { x }, { shape }) => {
  const known = size(shape.filter((length) => length !== -1));
  return g.reshape(
    x,
    shape.map((length) => (length === -1 ? size(x.shape) / known : length)),
  );
});
on<'input', kernel.ExpandDimsAttrs>('ExpandDims', (g, { input }, { dim }) =>
  g.reshape(input, input.shape.toSpliced(dim < 0 ? dim + input.shape.length + 1 : dim, 0, 1)),
);
on<'x', kernel.TransposeAttrs>('Transpose', (g, { x }, { perm }) => g.transpose(x, perm));
on<string, kernel.ConcatAttrs>('Concat', (g, inputs, { axis }) => {
  const parts = list(inputs);
  const along = axis < 0 ? axis + parts[0]!.shape.length : axis;
  const filled = parts.filter(({ shape }) => size(shape) > 0);
  return g.concat(filled.length > 0 ? filled : parts.slice(0, 1), along);
});
on<string, kernel.PackAttrs>('Pack', (g, inputs, { axis }) => {
  const rows = list(inputs).map((part) => g.reshape(part, part.shape.toSpliced(axis, 0, 1)));
  return g.concat(rows, axis < 0 ? axis + rows[0]!.shape.length : axis);
});
on<'value', kernel.UnpackAttrs>('Unpack', (g, { value }, { axis }) => {
  const along = axis < 0 ? axis + value.shape.length : axis;
  const parts = split(g, value, new Array<number>(value.shape[along]!).fill(1), along);
  return parts.map((part) => g.reshape(part, part.shape.toSpliced(along, 1)));
});
on<'x', kernel.SplitVAttrs>('SplitV', (g, { x }, { numOrSizeSplits, axis }) => {
  const along = axis < 0 ? axis + x.shape.length : axis;
  return split(
    g,
    x,
    backend_util.prepareSplitSize({ shape: [...x.shape] } as kernel.Tensor, numOrSizeSplits, along),
    along,
  );
});
on<'x', kernel.SliceAttrs>('Slice', (g, { x }, { begin, size: sizes }) => {
  const shape = { shape: [...x.shape], rank: x.shape.length } as unknown as kernel.Tensor;
  const [start, length] = slice_util.parseSliceParams(shape, begin, sizes);
  return g.slice(x, start!, length!);
});
on<'x', kernel.StridedSliceAttrs>('StridedSlice', (g, { x }, attributes) => {
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
  const info = slice_util.sliceInfo(
    [...x.shape],
    begin,
    end,
    strides,
    beginMask,
    endMask,
    ellipsisMask,
    newAxisMask,
    shrinkAxisMask,
  );
  const sizes = slice_util.computeOutShape(info.begin, info.end, info.strides);
  return g.reshape(g.slice(x, info.begin, sizes, info.strides), info.finalShape);
});
on<'x', kernel.PadV2Attrs>('PadV2', (g, { x }, { paddings, constantValue }) =>
  g.pad(x, paddings, constantValue),
);
on<'x', kernel.MirrorPadAttrs>('MirrorPad', (g, { x }, { paddings, mode }) =>
  paddings.reduce((padded, [before, after], axis) => {
    const edge = mode === 'reflect' ? 1 : 0;
    const length = x.shape[axis]!;
    const mirrored = (i: number) => (i < 0 ? edge - 1 - i : i >= length ? 2 * length - 1 - edge - i : i);
    const indices = Array.from({ length: before + length + after }, (_, i) => mirrored(i - before));
    return g.take(padded, indices, axis);
  }, x),
);
on<'x', kernel.ReverseAttrs>('Reverse', (g, { x }, { dims }) =>
  axesOf(x, dims).reduce((flipped, axis) => {
    const length = x.shape[axis]!;
    return g.take(
      flipped,
      Array.from({ length }, (_, i) => length - 1 - i),
      axis,
    );
  }, x),
);
on<'x', kernel.TileAttrs>('Tile', (g, { x }, { reps }) => {
  const shape = x.shape.map((length, axis) => length * reps[axis]!);
  const repeatsSingles = reps.every((times, axis) => times === 1 || x.shape[axis] === 1);
  return repeatsSingles ? g.broadcast(x, shape) : g.node('Tile', [x, g.int64(...reps)], shape);
});
on<'x', kernel.BroadCastToAttrs>('BroadcastTo', (g, { x }, { shape }) => g.broadcast(x, shape));
on<'x' | 'indices', kernel.GatherV2Attrs>('GatherV2', (g, { x, indices }, { axis, batchDims }) => {
  if (batchDims !== 0)
    throw new Error('tf.gather with batchDims is not supported. Gather from each batch entry separately.');
  const along = axis < 0 ? axis + x.shape.length : axis;
  const shape = x.shape.toSpliced(along, 1, ...indices.shape);
  return g.node('Gather', [x, indices], shape, { attributes: { axis: along }, dtype: x.dtype });
});
on<'x' | 'segmentIds', kernel.UnsortedSegmentSumAttrs>(
  'UnsortedSegmentSum',
  (g, { x, segmentIds }, { numSegments }) => {
    const ids = g.cast(g.reshape(segmentIds, [...segmentIds.shape, 1]), 'int64');
    const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)];
    const zeros = g.node('ConstantOfShape', [g.int64(...shape)], shape, { dtype: 'float32' });
    return g.node('ScatterND', [zeros, ids, x], shape, { attributes: { reduction: 'add' } });
  },
);
on<'indices', kernel.OneHotAttrs>('OneHot', (g, { indices }, { depth, onValue, offValue, dtype }) => {
  const type = elementType(dtype ?? 'int32');
  const classes = constant(g, [...Array(depth).keys()], 'int32');
  const isClass = g.compare('Equal', g.reshape(indices, [...indices.shape, 1]), classes);
  return g.where(isClass, g.scalar(onValue, type), g.scalar(offValue, type));
});
on<'x', kernel.DepthToSpaceAttrs>('DepthToSpace', (g, { x }, { blockSize: block, dataFormat }) => {
  channelsLast(dataFormat);
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const depth = c / block ** 2;
  const blocks = g.transpose(g.reshape(x, [n, h, w, block, block, depth]), [0, 1, 3, 2, 4, 5]);
  return g.reshape(blocks, [n, h * block, w * block, depth]);
});
on<'x', kernel.SpaceToBatchNDAttrs>('SpaceToBatchND', (g, { x }, { blockShape, paddings }) => {
  const spatial = blockShape.length;
  const padded = g.pad(
    x,
    x.shape.map((_, axis) =>
      axis >= 1 && axis <= spatial ? (paddings[axis - 1] as [number, number]) : [0, 0],
    ),
  );
  const [batch, ...rest] = padded.shape;
  const outer = blockShape.map((block, i) => rest[i]! / block);
  const tail = rest.slice(spatial);
  const split = [batch!, ...outer.flatMap((length, i) => [length, blockShape[i]!]), ...tail];
  const blocks = blockShape.map((_, i) => 2 + 2 * i);
  const perm = [...blocks, 0, ...blocks.map((axis) => axis - 1), ...tail.map((_, i) => 1 + 2 * spatial + i)];
  return g.reshape(g.transpose(g.reshape(padded, split), perm), [
    batch! * size(blockShape),
    ...outer,
    ...tail,
  ]);
});
on<'x', kernel.BatchToSpaceNDAttrs>('BatchToSpaceND', (g, { x }, { blockShape, crops }) => {
  const spatial = blockShape.length;
  const [batch, ...rest] = x.shape;
  const tail = rest.slice(spatial);
  const depth = batch! / size(blockShape);
  const places = blockShape.flatMap((_, i) => [1 + spatial + i, 1 + i]);
  const perm = [
    spatial,
    ...places.map((axis, i) => (i % 2 ? axis - 1 : axis)),
    ...tail.map((_, i) => 1 + 2 * spatial + i),
  ];
  const blocks = g.transpose(g.reshape(x, [...blockShape, depth, ...rest]), perm);
  const whole = [depth, ...blockShape.map((block, i) => block * rest[i]!), ...tail];
  const begin = whole.map((_, axis) => (axis >= 1 && axis <= spatial ? crops[axis - 1]![0]! : 0));
  const sizes = whole.map((length, axis) =>
    axis >= 1 && axis <= spatial ? length - crops[axis - 1]![0]! - crops[axis - 1]![1]! : length,
  );
  return g.slice(g.reshape(blocks, whole), begin, sizes);
});

// ----------------------------------------------------------------------------------------------------- matrix products

on<'a' | 'b', kernel.BatchMatMulAttrs>('BatchMatMul', (g, { a, b }, { transposeA, transposeB }) =>
  g.matMul(transposeA ? swapLast(g, a) : a, transposeB ? swapLast(g, b) : b),
);
interface FusedAttributes {
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
}
type Fused = 'bias' | 'preluActivationWeights';
on<'a' | 'b' | Fused, kernel._FusedMatMulAttrs>('_FusedMatMul', (g, inputs, attributes) => {
  const { a, b } = inputs;
  const product = g.matMul(
    attributes.transposeA ? swapLast(g, a) : a,
    attributes.transposeB ? swapLast(g, b) : b,
  );
  return finish(g, product, inputs, attributes);
});
on<'x' | 'scale' | 'offset' | 'mean' | 'variance', kernel.FusedBatchNormAttrs>(
  'FusedBatchNorm',
  (g, { x, scale, offset, mean, variance }, { varianceEpsilon }) => {
    const deviation = g.elementwise('Sqrt', [g.add(variance, g.scalar(varianceEpsilon))]);
    const normal = g.mul(g.sub(x, mean), g.elementwise('Reciprocal', [deviation]));
    const scaled = scale ? g.mul(normal, scale) : normal;
    return offset ? g.add(scaled, offset) : scaled;
  },
);

// --------------------------------------------------------------------------------------------- convolution and pooling

type Nhwc = [number, number, number, number];
const nhwc = (shape: Shape) => [...shape] as Nhwc;

on<'x' | 'filter', kernel.Conv2DAttrs>('Conv2D', (g, { x, filter }, attributes) =>
  conv2D(g, x, filter, attributes),
);
on<'x' | 'filter' | Fused, kernel.FusedConv2DAttrs>('FusedConv2D', (g, inputs, attributes) =>
  finish(g, conv2D(g, inputs.x, inputs.filter, attributes), inputs, attributes),
);
on<'dy' | 'filter', kernel.Conv2DBackpropInputAttrs>(
  'Conv2DBackpropInput',
  (g, { dy, filter }, attributes) => {
    const { strides, pad, dataFormat, dimRoundingMode, inputShape } = attributes;
    channelsLast(dataFormat);
    const info = backend_util.computeConv2DInfo(
      nhwc(inputShape),
      nhwc(filter.shape),
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    return g.node('Conv2DInputGradient', [dy, filter], inputShape, { attributes: { ...window2D(info) } });
  },
);
on<'x' | 'dy', kernel.Conv2DBackpropFilterAttrs>('Conv2DBackpropFilter', (g, { x, dy }, attributes) => {
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attributes;
  channelsLast(dataFormat);
  const info = backend_util.computeConv2DInfo(
    nhwc(x.shape),
    nhwc(filterShape),
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  return g.node('Conv2DFilterGradient', [x, dy], filterShape, { attributes: { ...window2D(info) } });
});
on<'x' | 'filter', kernel.DepthwiseConv2dNativeAttrs>(
  'DepthwiseConv2dNative',
  (g, { x, filter }, attributes) => depthwiseConv2D(g, x, filter, attributes),
);
on<'x' | 'filter' | Fused, kernel.FusedDepthwiseConv2DAttrs>(
  'FusedDepthwiseConv2D',
  (g, inputs, attributes) =>
    finish(g, depthwiseConv2D(g, inputs.x, inputs.filter, attributes), inputs, attributes),
);
on<'dy' | 'filter', kernel.DepthwiseConv2dNativeBackpropInputAttrs>(
  'DepthwiseConv2dNativeBackpropInput',
  (g, { dy, filter }, { inputShape, ...attributes }) => {
    const window = window2D(depthwiseInfo(inputShape, filter.shape, attributes));
    return g.node('DepthwiseConv2DInputGradient', [dy, filter], inputShape, { attributes: { ...window } });
  },
);
on<'x' | 'dy', kernel.DepthwiseConv2dNativeBackpropFilterAttrs>(
  'DepthwiseConv2dNativeBackpropFilter',
  (g, { x, dy }, { filterShape, ...attributes }) => {
    const window = window2D(depthwiseInfo(x.shape, filterShape, attributes));
    return g.node('DepthwiseConv2DFilterGradient', [x, dy], filterShape, { attributes: { ...window } });
  },
);
on<'x', kernel.MaxPoolAttrs>('MaxPool', (g, { x }, attributes) => {
  const info = poolInfo(x, attributes);
  return g.node('MaxPool2D', [x], info.outShape, { attributes: { ...window2D(info) } });
});
on<'dy' | 'input', kernel.MaxPoolGradAttrs>('MaxPoolGrad', (g, { dy, input }, attributes) => {
  const window = window2D(poolInfo(input, attributes));
  return g.node('MaxPool2DGradient', [dy, input], input.shape, { attributes: { ...window } });
});
on<'x', kernel.AvgPoolAttrs>('AvgPool', (g, { x }, attributes) => {
  const info = poolInfo(x, attributes);
  return g.node('AveragePool2D', [x], info.outShape, { attributes: { ...window2D(info) } });
});
on<'dy' | 'input', kernel.AvgPoolGradAttrs>('AvgPoolGrad', (g, { dy, input }, attributes) => {
  const info = poolInfo(input, { ...attributes, dimRoundingMode: undefined });
  const { kernel: extent, strides, pads } = window2D(info);
  const [rows, columns] = ([0, 1] as const).map((axis) =>
    averageWeights(
      input.shape[axis + 1]!,
      info.outShape[axis + 1]!,
      extent[axis]!,
      strides[axis]!,
      pads[axis]!,
    ),
  );
  return separable(g, dy, transposed(rows!), transposed(columns!));
});
for (const [name, method] of [
  ['ResizeBilinear', 'bilinear'],
  ['ResizeNearestNeighbor', 'nearest'],
] as const) {
  const weights = (from: Shape, to: Shape, { alignCorners, halfPixelCenters }: kernel.ResizeBilinearAttrs) =>
    ([1, 2] as const).map((axis) =>
      resizeWeights(from[axis]!, to[axis]!, { method, alignCorners, halfPixelCenters }),
    ) as [Weights, Weights];
  on<'images', kernel.ResizeBilinearAttrs>(name, (g, { images }, attributes) => {
    const [rows, columns] = weights(images.shape, [0, ...attributes.size], attributes);
    return separable(g, images, rows, columns);
  });
  on<'images' | 'dy', kernel.ResizeBilinearAttrs>(`${name}Grad`, (g, { images, dy }, attributes) => {
    const [rows, columns] = weights(images.shape, dy.shape, attributes);
    return separable(g, dy, transposed(rows), transposed(columns));
  });
}

// ---------------------------------------------------------------------------------------------------- shared functions

interface ConvolutionAttributes {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number | kernel.backend_util.ExplicitPadding;
  readonly dataFormat?: string;
  readonly dilations?: [number, number] | number | null;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function conv2D(g: Graph, x: Value, filter: Value, attributes: ConvolutionAttributes): Value {
  const { strides, pad, dataFormat, dilations, dimRoundingMode } = attributes;
  channelsLast(dataFormat);
  const [shape, extent] = [nhwc(x.shape), nhwc(filter.shape)];
  const info = backend_util.computeConv2DInfo(shape, extent, strides, dilations ?? 1, pad, dimRoundingMode);
  return g.node('Conv2D', [x, filter], info.outShape, { attributes: { ...window2D(info) } });
}

function depthwiseConv2D(g: Graph, x: Value, filter: Value, attributes: ConvolutionAttributes): Value {
  channelsLast(attributes.dataFormat);
  const info = depthwiseInfo(x.shape, filter.shape, attributes);
  return g.node('DepthwiseConv2D', [x, filter], info.outShape, { attributes: { ...window2D(info) } });
}

function depthwiseInfo(input: Shape, filter: Shape, attributes: ConvolutionAttributes) {
  const { strides, dilations, pad, dimRoundingMode } = attributes;
  return backend_util.computeConv2DInfo(
    nhwc(input),
    nhwc(filter),
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    true,
  );
}

interface PoolAttributes {
  readonly filterSize: [number, number] | number;
  readonly strides: [number, number] | number;
  readonly pad: ConvolutionAttributes['pad'];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil' | undefined;
}

function poolInfo(x: Value, { filterSize, strides, pad, dimRoundingMode }: PoolAttributes) {
  return backend_util.computePool2DInfo(nhwc(x.shape), filterSize, strides, 1, pad, dimRoundingMode);
}

/** Applies the bias and activation of a fused kernel. */
function finish(
  g: Graph,
  x: Value,
  { bias, preluActivationWeights: alpha }: Readonly<Record<Fused, Value | undefined>>,
  { activation = 'linear', leakyreluAlpha = 0.2 }: FusedAttributes,
): Value {
  const sum = bias ? g.add(x, bias) : x;
  if (activation === 'linear') return sum;
  if (activation === 'relu6') return clip(g, sum, 0, 6);
  if (activation === 'leakyrelu') return leakyRelu(g, sum, leakyreluAlpha);
  if (activation === 'prelu') return prelu(g, sum, alpha!);
  return g.elementwise({ relu: 'Relu', elu: 'Elu', sigmoid: 'Sigmoid' }[activation]!, [sum]);
}

function channelsLast(dataFormat: string | undefined): void {
  if (dataFormat === 'NCHW') {
    throw new Error(
      'dataFormat NCHW is not supported. Use NHWC; the compiler chooses the memory layout itself.',
    );
  }
}

const not = (g: Graph, x: Value) => g.elementwise('Not', [x]);
const clip = (g: Graph, x: Value, low: number, high: number) =>
  g.elementwise('Min', [g.elementwise('Max', [x, g.scalar(low, x.dtype)]), g.scalar(high, x.dtype)]);
const leakyRelu = (g: Graph, x: Value, alpha: number) =>
  g.elementwise('LeakyRelu', [x], { attributes: { alpha: { float: alpha } } });
const prelu = (g: Graph, x: Value, alpha: Value) =>
  g.where(g.compare('Less', x, g.scalar(0)), g.mul(x, alpha), x);
const swapLast = (g: Graph, x: Value) => {
  const last = x.shape.length - 1;
  return g.transpose(x, [...x.shape.keys()].with(last, last - 1).with(last - 1, last));
};

function floorDivide(g: Graph, a: Value, b: Value): Value {
  const quotient = g.elementwise('Floor', [g.div(g.cast(a, 'float32'), g.cast(b, 'float32'))]);
  return g.cast(quotient, a.dtype);
}

function separable(g: Graph, x: Value, rows: Weights, columns: Weights): Value {
  const [left, right] = [rows, columns].map(({ to, from, data }) => g.constant(data, [to, from], 'float32'));
  return g.separable(x, left!, right!);
}

function split(g: Graph, x: Value, lengths: readonly number[], axis: number): Value[] {
  let start = 0;
  return lengths.map((length) => {
    const begin = x.shape.map((_, i) => (i === axis ? start : 0));
    start += length;
    return g.slice(x, begin, x.shape.with(axis, length));
  });
}

function axesOf(x: Value, axis: number | readonly number[] | null | undefined): readonly number[] {
  const all =
    axis === undefined || axis === null ? [...x.shape.keys()] : typeof axis === 'number' ? [axis] : axis;
  return all.map((one) => (one < 0 ? one + x.shape.length : one));
}

const constant = (g: Graph, values: readonly number[], dtype: ElementType = 'float32') =>
  g.constant(hostArray(values, dtype), [values.length], dtype);
const constantScalar = (g: Graph, value: number) => g.constant(BigInt64Array.of(BigInt(value)), [], 'int64');
