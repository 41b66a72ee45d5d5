/** @file The kernels of every operator. */
import { convolution, convolutionInputGradient } from './convolution.ts';
import { depthwiseConvolution, depthwiseFilterGradient, depthwiseInputGradient } from './depthwise.ts';
import { filterGradient } from './filter-gradient.ts';
import type { Lowering } from './lowering.ts';
import { matrixProduct } from './matrix.ts';
import { concat, gather, pad, segmentSum, slice, take, tile, transpose } from './moves.ts';
import { maxPoolGradient, pooling } from './pooling.ts';
import { argumentOfExtreme, cumulativeSum, reduction } from './reduction.ts';

/** Elementwise operators are in `expressions.ts`; those that are spelled out in others, in `lower/prepare.ts`. */
export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  ArgMax: argumentOfExtreme,
  ArgMin: argumentOfExtreme,
  AveragePool2D: pooling,
  Concat: concat,
  Conv2D: convolution,
  Conv2DFilterGradient: filterGradient,
  Conv2DInputGradient: convolutionInputGradient,
  CumSum: cumulativeSum,
  DepthwiseConv2D: depthwiseConvolution,
  DepthwiseConv2DFilterGradient: depthwiseFilterGradient,
  DepthwiseConv2DInputGradient: depthwiseInputGradient,
  Gather: gather,
  Interleave: concat,
  MatMul: matrixProduct,
  MaxPool2D: pooling,
  MaxPool2DGradient: maxPoolGradient,
  Pad: pad,
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceSum: reduction,
  ScatterND: segmentSum,
  Slice: slice,
  Take: take,
  Tile: tile,
  Transpose: transpose,
};
