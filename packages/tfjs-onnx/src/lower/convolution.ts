/** Convolutions and their input gradients: blocked kernels if the channel counts allow it, else standard operators. */
import type { Shape, Value, Window2D } from '@simgan/tfjs-trace/graph';
import { blockedFilter } from './blocked-filter.ts';
import { windowOf } from './epilogue.ts';
import { type Lowering, NCHWC, type Target } from './lowering.ts';
import { isWinograd, lowerWinograd } from './winograd.ts';

export type Strategy = 'blocked' | 'winograd' | 'narrow' | 'product' | 'standard' | 'transposed';

/** How a `Conv2D` or `Conv2DInputGradient` is computed. */
export function strategyOf(value: Value, target: Target): Strategy {
  const { block } = target;
  const { kernel, strides, pads, dilations, residual } = windowOf(value);
  const [from, to] = [value.inputs[0]!.shape[3]!, value.shape[3]!];
  const isGradient = value.op === 'Conv2DInputGradient';
  const isUnit = strides[0] === 1 && strides[1] === 1;
  const fitsBlocks = block > 0 && to % block === 0 && (from % block === 0 || from < block);
  if (isGradient && !isUnit) return 'transposed';
  if (isGradient && gradientPads(value).some((pad) => pad < 0)) return 'transposed';
  if (fitsBlocks) return isWinograd(value, target) ? 'winograd' : 'blocked';
  if (!isGradient && !residual && to < block && from % block === 0) return 'narrow';
  const isPixel = kernel[0] === 1 && kernel[1] === 1 && isUnit && pads.every((pad) => pad === 0);
  return isPixel && dilations[0] === 1 && dilations[1] === 1 ? 'product' : 'standard';
}

export function lowerConvolution(lowering: Lowering, value: Value): void {
  const { model, target } = lowering;
  const [x, filter, ...rest] = value.inputs as [Value, Value, ...Value[]];
  const { bias, residual, activation, kernel, ...window } = windowOf(value);
  const isGradient = value.op === 'Conv2DInputGradient';
  const biasName = bias ? lowering.reshape(lowering.get(rest[0]!), [value.shape[3]!]) : '';
  const added = residual ? rest.at(-1)! : undefined;
  const attributes = {
    kernel_shape: kernel,
    strides: window.strides,
    dilations: window.dilations,
    pads: isGradient ? gradientPads(value) : window.pads,
  };

  switch (strategyOf(value, target)) {
    case 'winograd':
      lowerWinograd(lowering, value);
      return;
    case 'blocked': {
      const input = x.shape[3]! < target.block ? lowering.get(x, 'nchw') : lowering.get(x, 'blocked');
      const name = isGradient ? reversed(lowering, filter) : lowering.get(filter);
      const weights = blockedFilter(lowering, name, filter.shape, isGradient);
      const sum = added ? lowering.get(added, 'blocked') : '';
      const conv = { ...attributes, group: 1, ...(activation && { activation }) };
      lowering.set(value, 'blocked', model.node('Conv', [input, weights, biasName, sum], conv, NCHWC));
      return;
    }
    case 'narrow': {
      // Few output channels, as in a last layer: pad the filter to a block of outputs, so that x stays blocked.
      const [height, width, from, to] = filter.shape as [number, number, number, number];
      const missing = target.block - to;
      const pad = (name: string, rank: number) =>
        model.node('Pad', [name, model.int64([...new Array<number>(2 * rank - 1).fill(0), missing])]);
      const shape = [height, width, from, target.block];
      const weights = blockedFilter(lowering, pad(lowering.get(filter), 4), shape, false);
      const conv = { ...attributes, group: 1, ...(activation && { activation }) };
      const inputs = [lowering.get(x, 'blocked'), weights, biasName && pad(biasName, 1)];
      const blocks = model.node('Conv', inputs, conv, NCHWC);
      const row = model.node('ReorderOutput', [blocks], { channels: to, channels_last: 1 }, NCHWC);
      lowering.set(value, 'row', row);
      return;
    }
    case 'product': {
      const [, , from, to] = filter.shape as [number, number, number, number];
      const matrix = lowering.reshape(lowering.get(filter), [from, to]);
      const weights = isGradient ? model.node('Transpose', [matrix], { perm: [1, 0] }) : matrix;
      const product = model.node('MatMul', [lowering.get(x), weights]);
      const sum = bias ? model.node('Add', [product, biasName]) : product;
      lowering.set(value, 'row', finish(lowering, sum, added && lowering.get(added), activation));
      return;
    }
    case 'standard': {
      const weights = isGradient
        ? rotated(lowering, filter)
        : lowering.permute(lowering.get(filter), filter.shape, [3, 2, 0, 1]);
      const conv = model.node('Conv', [lowering.get(x, 'nchw'), weights, biasName], attributes);
      lowering.set(value, 'nchw', finish(lowering, conv, added && lowering.get(added, 'nchw'), activation));
      return;
    }
    case 'transposed': {
      const weights = lowering.permute(lowering.get(filter), filter.shape, [3, 2, 0, 1]);
      const transposed = transposedAttributes(value.shape, x.shape, { kernel, ...window });
      const conv = model.node('ConvTranspose', [lowering.get(x, 'nchw'), weights, biasName], transposed);
      lowering.set(value, 'nchw', finish(lowering, conv, added && lowering.get(added, 'nchw'), activation));
    }
  }
}

function finish(
  lowering: Lowering,
  name: string,
  residual: string | undefined,
  activation: string | undefined,
): string {
  const sum = residual ? lowering.model.node('Add', [name, residual]) : name;
  return activation ? lowering.model.node(activation, [sum]) : sum;
}

/** Padding of the convolution with the rotated filter that computes the input gradient for stride 1. */
function gradientPads(value: Value): [number, number, number, number] {
  const { kernel, pads } = windowOf(value);
  const [, height, width] = value.shape as [number, number, number];
  const [, outHeight, outWidth] = value.inputs[0]!.shape as [number, number, number];
  const [top, left] = [kernel[0] - 1 - pads[0], kernel[1] - 1 - pads[1]];
  return [top, left, height - outHeight + kernel[0] - 1 - top, width - outWidth + kernel[1] - 1 - left];
}

/** `ConvTranspose` that maps `dy` back to the shape of the input. */
export function transposedAttributes(
  input: Shape,
  output: Shape,
  { kernel, strides, dilations, pads }: Window2D,
) {
  const rest = ([0, 1] as const).map(
    (i) =>
      input[i + 1]! +
      pads[i]! +
      pads[i + 2]! -
      (output[i + 1]! - 1) * strides[i]! -
      (kernel[i]! - 1) * dilations[i]! -
      1,
  );
  // Rows that no window covered become output padding.
  return {
    kernel_shape: kernel,
    strides,
    dilations,
    pads,
    output_padding: rest.map((rows) => Math.max(rows, 0)),
  };
}

/** HWIO → `[input, output, height, width]` with rows and columns reversed. */
function rotated(lowering: Lowering, filter: Value): string {
  return lowering.permute(reversed(lowering, filter), filter.shape, [2, 3, 0, 1]);
}

function reversed(lowering: Lowering, filter: Value): string {
  const [height, width] = filter.shape as [number, number];
  if (height === 1 && width === 1) return lowering.get(filter);
  const [last, before, axes, steps] = [
    [height - 1, width - 1],
    [-height - 1, -width - 1],
    [0, 1],
    [-1, -1],
  ];
  const arguments_ = [last, before, axes, steps].map((list) => lowering.model.int64(list!));
  return lowering.model.node('Slice', [lowering.get(filter), ...arguments_]);
}
