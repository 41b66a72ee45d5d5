/** Gradients of convolutions with respect to their filters. */
import type { Value } from '@simgan/tfjs-trace/graph';
import type { OnnxModel } from '../onnx/model.ts';
import { cutOf, lowerBlocked } from './blocked-filter-gradient.ts';
import { gradientEnds, windowOf } from './epilogue.ts';
import { lowerProducts } from './filter-gradient-products.ts';
import { type Lowering, nchw } from './lowering.ts';

export function lowerFilterGradient(lowering: Lowering, value: Value): void {
  if (lowering.target.products) {
    lowerProducts(lowering, value);
    return;
  }
  const { kernel, strides, pads } = windowOf(value);
  const isPixel = kernel[0] === 1 && kernel[1] === 1 && strides[0] === 1 && strides[1] === 1;
  if (isPixel && pads.every((pad) => pad === 0)) lowerPixel(lowering, value);
  else {
    const cut = cutOf(lowering.target, value);
    if (cut) lowerBlocked(lowering, value, cut);
    else lowerVolume(lowering, value);
  }
}

/** A 1×1 filter: one matrix product over all pixels. */
function lowerPixel(lowering: Lowering, value: Value): void {
  const [x, dy] = value.inputs as [Value, Value];
  const rows = (image: Value) => lowering.reshape(lowering.get(image), [-1, image.shape[3]!]);
  const product = lowering.model.node('Gemm', [rows(x), rows(dy)], { transA: 1 });
  lowering.set(value, 'row', lowering.reshape(product, value.shape));
}

/**
 * A convolution over `[height, width, channels]` volumes with the batch as channels and dy as the filter, dilated by
 * the stride. It works for every window, and ONNX Runtime computes it as one large matrix product.
 */
function lowerVolume(lowering: Lowering, value: Value): void {
  const { model } = lowering;
  const [x, dy] = value.inputs as [Value, Value];
  const { strides, pads } = windowOf(value);
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [, outHeight, outWidth, outChannels] = dy.shape as [number, number, number, number];
  const [kernelHeight, kernelWidth] = value.shape as [number, number];
  const [bottom, right] = gradientEnds(value);

  const volume = lowering.reshape(lowering.get(x), [1, batch, height, width, channels]);
  const transposed =
    lowering.has(dy, 'row') && !lowering.has(dy, 'nchw')
      ? lowering.permute(lowering.get(dy), dy.shape, [3, 0, 1, 2])
      : lowering.permute(lowering.get(dy, 'nchw'), nchw(dy.shape), [1, 0, 2, 3]);
  const filter = lowering.reshape(transposed, [outChannels, batch, outHeight, outWidth, 1]);
  const gradient = model.node('Conv', [volume, filter], {
    kernel_shape: [outHeight, outWidth, 1],
    dilations: [strides[0], strides[1], 1],
    pads: [pads[0], pads[1], 0, Math.max(bottom, 0), Math.max(right, 0), 0],
  });
  const cut = bottom < 0 || right < 0 ? cutTo(model, gradient, [kernelHeight, kernelWidth]) : gradient;
  const rows = lowering.reshape(cut, [outChannels, kernelHeight, kernelWidth, channels]);
  lowering.set(
    value,
    'row',
    lowering.permute(rows, [outChannels, kernelHeight, kernelWidth, channels], [1, 2, 3, 0]),
  );
}

/** Like {@link lowerFilterGradient} for depthwise convolutions: one group per channel. */
export function lowerDepthwiseFilterGradient(lowering: Lowering, value: Value): void {
  const { model } = lowering;
  const [x, dy] = value.inputs as [Value, Value];
  const { strides, pads } = windowOf(value);
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [, outHeight, outWidth] = dy.shape as [number, number, number];
  const [kernelHeight, kernelWidth, , multiplier] = value.shape as [number, number, number, number];
  const [bottom, right] = gradientEnds(value);

  const swap = (image: Value) =>
    lowering.permute(lowering.get(image, 'nchw'), nchw(image.shape), [1, 0, 2, 3]);
  const input = lowering.reshape(swap(x), [1, channels * batch, height, width]);
  const gradient = model.node('Conv', [input, swap(dy)], {
    kernel_shape: [outHeight, outWidth],
    dilations: strides,
    pads: [pads[0], pads[1], Math.max(bottom, 0), Math.max(right, 0)],
    group: channels,
  });
  const cut = bottom < 0 || right < 0 ? cutTo(model, gradient, [kernelHeight, kernelWidth]) : gradient;
  const outputs = channels * multiplier;
  const shape = [1, outputs, kernelHeight, kernelWidth];
  lowering.set(value, 'row', lowering.reshape(lowering.permute(cut, shape, [0, 2, 3, 1]), value.shape));
}

/** The first rows and columns of a `[batch, channels, height, width]` image. */
function cutTo(model: OnnxModel, image: string, size: readonly [height: number, width: number]): string {
  return model.node('Slice', [image, model.int64([0, 0]), model.int64(size), model.int64([2, 3])]);
}
