/** Sliding windows of convolution and pooling, and resizing as matrices. */
import type { backend_util } from '@tensorflow/tfjs-core';

/**
 * A sliding window in terms of ONNX attributes. `pads` is `[top, left, bottom, right]` and covers every output
 * position.
 */
export interface Window2D {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
}

export function window2D(info: backend_util.Conv2DInfo): Window2D {
  // With a dimRoundingMode that rounds up, the last window may need more padding than was declared.
  const after = (
    outputs: number,
    stride: number,
    extent: number,
    input: number,
    before: number,
    padding: number,
  ) => Math.max(padding, (outputs - 1) * stride + extent - input - before);
  const { padInfo: pad } = info;
  return {
    kernel: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    pads: [
      pad.top,
      pad.left,
      after(
        info.outHeight,
        info.strideHeight,
        info.effectiveFilterHeight,
        info.inHeight,
        pad.top,
        pad.bottom,
      ),
      after(info.outWidth, info.strideWidth, info.effectiveFilterWidth, info.inWidth, pad.left, pad.right),
    ],
  };
}

/** A row-major matrix `[to, from]`: the weights of the input rows in each output row. */
export type Weights = { readonly to: number; readonly from: number; readonly data: Float32Array };

export interface ResizeOptions {
  readonly method: 'bilinear' | 'nearest';
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

export function resizeWeights(from: number, to: number, options: ResizeOptions): Weights {
  const { method, alignCorners, halfPixelCenters } = options;
  const data = new Float32Array(to * from);
  const scale = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  const within = (row: number) => Math.min(Math.max(row, 0), from - 1);
  for (let row = 0; row < to; row++) {
    if (method === 'nearest') {
      const source = scale * (halfPixelCenters ? row + 0.5 : row);
      data[row * from + within(alignCorners ? Math.round(source) : Math.floor(source))] = 1;
    } else {
      const source = halfPixelCenters ? scale * (row + 0.5) - 0.5 : scale * row;
      const [low, high] = [within(Math.floor(source)), within(Math.ceil(source))];
      const fraction = source - low;
      data[row * from + low]! += 1 - fraction;
      data[row * from + high]! += fraction;
    }
  }
  return { to, from, data };
}

/** Average pooling along one axis. Padding does not count, so the average over rows and columns is separable. */
export function averageWeights(
  from: number,
  to: number,
  kernel: number,
  stride: number,
  before: number,
): Weights {
  const data = new Float32Array(to * from);
  for (let row = 0; row < to; row++) {
    const [begin, end] = [Math.max(row * stride - before, 0), Math.min(row * stride - before + kernel, from)];
    data.fill(1 / (end - begin), row * from + begin, row * from + end);
  }
  return { to, from, data };
}

export function transposed({ to, from, data }: Weights): Weights {
  const swapped = new Float32Array(data.length);
  for (let row = 0; row < to; row++) {
    for (let column = 0; column < from; column++) swapped[column * to + row] = data[row * from + column]!;
  }
  return { to: from, from: to, data: swapped };
}
