import type { Value, Window2D } from '@simgan/tfjs-trace/graph';
/** The window of a convolution or its gradient, and the operations fused into it. */

export const windowOf = (value: Value) => value.attributes as unknown as Window2D & Epilogue;

/** What is fused into a convolution. `bias` and `residual` follow the filter as inputs, in this order. */
export interface Epilogue {
  readonly bias?: 1;
  readonly residual?: 1;
  readonly activation?: string;
}

/**
 * Padding after the last row and column that gives a filter's gradient the filter's size; if negative, rows to cut off.
 */
export function gradientEnds(value: Value): [number, number] {
  const [x, dy] = value.inputs as [Value, Value];
  const { strides, pads } = windowOf(value);
  return ([0, 1] as const).map(
    (i) => value.shape[i]! - 1 + (dy.shape[i + 1]! - 1) * strides[i]! + 1 - x.shape[i + 1]! - pads[i]!,
  ) as [number, number];
}
