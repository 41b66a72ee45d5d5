/** Depthwise convolutions, pooling and separable maps of image batches. */
import type { Value } from '@simgan/tfjs-trace/graph';
import { transposedAttributes } from './convolution.ts';
import { windowOf } from './epilogue.ts';
import { type Lowering, NCHWC } from './lowering.ts';

export function lowerDepthwise(lowering: Lowering, value: Value): void {
  const { model } = lowering;
  const [x, filter] = value.inputs as [Value, Value];
  const { kernel, strides, dilations, pads } = windowOf(value);
  const [height, width, channels, multiplier] = filter.shape as [number, number, number, number];
  const moved = lowering.permute(lowering.get(filter), filter.shape, [2, 3, 0, 1]);
  const weights = lowering.reshape(moved, [channels * multiplier, 1, height, width]);
  const input = lowering.get(x, 'nchw');
  const name =
    value.op === 'DepthwiseConv2D'
      ? model.node('Conv', [input, weights], {
          kernel_shape: kernel,
          strides,
          dilations,
          pads,
          group: channels,
        })
      : model.node('ConvTranspose', [input, weights], {
          ...transposedAttributes(value.shape, x.shape, { kernel, strides, dilations, pads }),
          group: channels,
        });
  lowering.set(value, 'nchw', name);
}

export function lowerPool(lowering: Lowering, value: Value): void {
  const { model } = lowering;
  const [x] = value.inputs as [Value];
  const attributes = poolAttributes(value);
  if (value.op === 'AveragePool2D') {
    lowering.set(value, 'nchw', model.node('AveragePool', [lowering.get(x, 'nchw')], attributes));
  } else if (lowering.has(x, 'blocked')) {
    const blocked = { ...attributes, dilations: [1, 1] };
    lowering.set(value, 'blocked', model.node('MaxPool', [lowering.get(x, 'blocked')], blocked, NCHWC));
  } else {
    lowering.set(value, 'nchw', model.node('MaxPool', [lowering.get(x, 'nchw')], attributes));
  }
}

/** rows · x · columnsᵀ for every channel. */
export function lowerSeparable(lowering: Lowering, value: Value): void {
  const { model } = lowering;
  const [x, rows, columns] = value.inputs as [Value, Value, Value];
  const right = model.node('Transpose', [lowering.get(columns)], { perm: [1, 0] });
  const wide = model.node('MatMul', [lowering.get(x, 'nchw'), right]);
  lowering.set(value, 'nchw', model.node('MatMul', [lowering.get(rows), wide]));
}

function poolAttributes(value: Value) {
  const { kernel, strides, pads } = windowOf(value);
  return { kernel_shape: kernel, strides, pads };
}
