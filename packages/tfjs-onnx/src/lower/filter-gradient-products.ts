/** Gradients of filters as matrix products, which GPUs compute an order of magnitude faster than a volume's convolution. */
import type { Value } from '@simgan/tfjs-trace/graph';
import { gradientEnds, windowOf } from './epilogue.ts';
import type { Lowering } from './lowering.ts';

/** ONNX Runtime's fast kernel of WebGPU reads four rows at once; it falls back where their number is no multiple. */
const ROWS = 4;

/**
 * The pixels under all taps side by side, `[group, pixels, taps * channels]`, times dy, `[group, outputs, pixels]`: a
 * product for each group of images, then the sum over groups.
 */
export function lowerProducts(lowering: Lowering, value: Value): void {
  const { model } = lowering;
  const [x, dy] = value.inputs as [Value, Value];
  const [batch, , , channels] = x.shape as [number, number, number, number];
  const [, height, width, outputs] = dy.shape as [number, number, number, number];
  const [kernelHeight, kernelWidth] = value.shape as [number, number];
  const taps = kernelHeight * kernelWidth;

  const images = imagesPerGroup(batch, height * width);
  const [groups, pixels] = [batch / images, images * height * width];
  const seen = lowering.reshape(pixelsUnderTaps(lowering, value), [groups, pixels, taps * channels]);
  const outer = lowering.reshape(lowering.get(dy), [groups, pixels, outputs]);
  const rows = lowering.permute(outer, [groups, pixels, outputs], [0, 2, 1]);
  const products = model.node('MatMul', [rows, seen]);
  const sum = groups > 1 ? model.node('ReduceSum', [products, model.int64([0])], { keepdims: 0 }) : products;
  const shape = [outputs, kernelHeight, kernelWidth, channels];
  lowering.set(value, 'row', lowering.permute(lowering.reshape(sum, shape), shape, [1, 2, 3, 0]));
}

/** As few images as make a multiple of {@link ROWS} pixels, if the batch divides into such groups; else one. */
function imagesPerGroup(batch: number, pixels: number): number {
  const needed = [1, 2, 4].find((images) => (images * pixels) % ROWS === 0)!;
  return batch % needed === 0 ? needed : 1;
}

/** The image shifted by each tap of the filter, `[batch, height, width, taps * channels]` at the positions of dy. */
function pixelsUnderTaps(lowering: Lowering, value: Value): string {
  const { model } = lowering;
  const [x, dy] = value.inputs as [Value, Value];
  const { strides, pads } = windowOf(value);
  const [kernelHeight, kernelWidth] = value.shape as [number, number];
  const [bottom, right] = gradientEnds(value).map((end) => Math.max(end, 0)) as [number, number];
  const isPadded = pads[0] + pads[1] + bottom + right > 0;
  const padded = isPadded
    ? model.node('Pad', [lowering.get(x), model.int64([0, pads[0], pads[1], 0, 0, bottom, right, 0])])
    : lowering.get(x);
  const ends = ([0, 1] as const).map((i) => (dy.shape[i + 1]! - 1) * strides[i] + 1) as [number, number];
  const shifted: string[] = [];
  for (let row = 0; row < kernelHeight; row++) {
    for (let column = 0; column < kernelWidth; column++) {
      const bounds = [[row, column], [row + ends[0], column + ends[1]], [1, 2], strides];
      shifted.push(model.node('Slice', [padded, ...bounds.map((list) => model.int64(list))]));
    }
  }
  return shifted.length > 1 ? model.node('Concat', shifted, { axis: 3 }) : shifted[0]!;
}
