/** Gradients of convolutions with respect to their filters. */
import type { OnnxModel } from '../onnx/model.ts';
import type { Value } from '../trace/graph.ts';
import { windowOf } from './epilogue.ts';
import { type Lowering, NCHWC, nchw } from './lowering.ts';

export function lowerFilterGradient(lowering: Lowering, value: Value): void {
  const { kernel, strides, pads } = windowOf(value);
  const isPixel = kernel[0] === 1 && kernel[1] === 1 && strides[0] === 1 && strides[1] === 1;
  if (isPixel && pads.every((pad) => pad === 0)) lowerPixel(lowering, value);
  else {
    const slabs = slabsOf(lowering, value);
    if (slabs) lowerBlocked(lowering, value, slabs);
    else lowerVolume(lowering, value);
  }
}

/** How images are cut into slabs of rows. */
interface Slabs {
  readonly perImage: number;
  readonly rows: number;
}

/** An image as lines of numbers. */
interface Lines {
  readonly rows: number;
  readonly length: number;
}

/** Bytes of dy that one pass of the blocked kernel reads again and again; they should stay in the second level cache. */
const CACHE = 300 * 1024;

/** The cut with which the blocked kernel can compute this gradient, if there is one that pays. */
function slabsOf(lowering: Lowering, value: Value): Slabs | undefined {
  const { block } = lowering.target;
  const [x, dy] = value.inputs as [Value, Value];
  const { strides } = windowOf(value);
  const [batch, height, width, channels] = dy.shape as [number, number, number, number];
  if (block === 0) return undefined;
  if ((x.shape[3]! % block !== 0 && x.shape[3]! > block) || channels % block !== 0) return undefined;
  for (let perImage = 1; perImage <= height; perImage++) {
    const rows = Math.ceil(height / perImage);
    const copied = perImage * ((rows - 1) * strides[0] + value.shape[0]!); // rows go to all slabs that they touch
    const repeats = copied / (height * strides[0]);
    if (repeats > 3) return undefined;
    if ((batch * perImage) % block === 0 && rows * width * block * block * 4 <= CACHE)
      return { perImage, rows };
  }
  return undefined;
}

/**
 * The gradient as a blocked convolution of its own. Slabs of images play the input channels, dy the filter, blocks of
 * input channels the batch; the position within a block lies beside the column, so that a dilation by the block size
 * slides over columns alone and the output is `[I/b, O/b, kernel height, kernel width * b, b]`.
 *
 * Whole blocks of images are groups of the convolution, whose outputs are added in the end: dy then needs no more than
 * one reordering to be a filter.
 */
function lowerBlocked(lowering: Lowering, value: Value, { perImage, rows }: Slabs): void {
  const { model, target } = lowering;
  const { block } = target;
  const [x, dy] = value.inputs as [Value, Value];
  const { pads, strides } = windowOf(value);
  const [batch, height, width, outputs] = dy.shape as [number, number, number, number];
  const [kernelHeight, kernelWidth, inputs] = value.shape as [number, number, number];
  // Fewer channels than fill a block stay beside the column as they are.
  const part = Math.min(inputs, block);
  const [from, to] = [inputs / part, outputs / block];
  const teams = batch % block === 0 ? batch / block : 1;
  const lanes = (batch * perImage) / teams;
  /** Which slab of which image is a lane of a team. */
  const lane = (team: number, index: number) =>
    batch % block === 0
      ? { image: team * block + (index % block), slab: Math.floor(index / block) }
      : { image: Math.floor(index / perImage), slab: index % perImage };

  const slabRows = (rows - 1) * strides[0] + kernelHeight;
  const [bottom, right] = gradientEnds(value).map((end) => Math.max(end, 0)) as [number, number];
  const [imageRows, columns] = [x.shape[1]! + pads[0] + bottom, x.shape[2]! + pads[1] + right];
  const missing = perImage * rows - height;

  /** Copies the rows of every lane, block of channels first. */
  const cut = (name: string, blocks: number, from: Lines, step: number, length: number) => {
    const indices = () => {
      const list: number[] = [];
      for (let channel = 0; channel < blocks; channel++) {
        for (let index = 0; index < lanes * teams; index++) {
          const { image, slab } = lane(Math.floor(index / lanes), index % lanes);
          const first = (image * blocks + channel) * from.rows;
          for (let row = 0; row < length; row++)
            list.push(first + Math.min(slab * step + row, from.rows - 1));
        }
      }
      return model.int32(list);
    };
    const rows = model.shared(`cut ${[batch, perImage, blocks, from.rows, step, length]}`, indices);
    const lines = lowering.reshape(name, [batch * blocks * from.rows, from.length]);
    return model.node('Gather', [lines, rows], { axis: 0 });
  };
  const reorder = (name: string, shape: number[], attributes = {}) =>
    model.node('ReorderInput', [lowering.reshape(name, shape)], attributes, NCHWC);

  const border = [pads[0], pads[1], bottom, right] as const;
  const padded =
    part === block
      ? pad(lowering, lowering.get(x, 'blocked'), inputs, border)
      : model.node('Pad', [lowering.get(x), model.int64([0, pads[0], pads[1], 0, 0, bottom, right, 0])]);
  const image = cut(padded, from, { rows: imageRows, length: columns * part }, rows * strides[0], slabRows);
  const blocksOfLanes = (teams * lanes) / block;
  const input = reorder(image, [from * blocksOfLanes, block, 1, slabRows * columns * part]);

  const gradient = pad(lowering, lowering.get(dy, 'blocked'), outputs, [0, 0, missing, 0]);
  const filter =
    batch % block === 0
      ? reorder(gradient, [teams, 1, block, outputs * (height + missing) * width], { channels_last: 1 })
      : reorder(
          cut(gradient, to, { rows: height + missing, length: width * block }, rows, rows),
          [to * blocksOfLanes, 1, block, rows * width * block],
          { channels_last: 1 },
        );
  const conv = model.node(
    'Conv',
    [
      lowering.reshape(input, [from, teams * lanes, slabRows, columns * part]),
      lowering.reshape(filter, [teams * outputs, lanes, rows, width]),
    ],
    {
      kernel_shape: [rows, width],
      dilations: [strides[0], part * strides[1]],
      strides: [1, 1],
      pads: [0, 0, 0, 0],
      group: teams,
    },
    NCHWC,
  );
  // Columns beyond the last window, where the strides leave some, give outputs beyond the filter.
  const outColumns = columns - (width - 1) * strides[1];
  const blocks = [from, to, kernelHeight, outColumns, part, block];
  const ofTeams = lowering.reshape(conv, blocks.toSpliced(1, 0, teams));
  const gradients = model.node('ReduceSum', [ofTeams, model.int64([1])], { keepdims: 0 });
  const kept =
    outColumns > kernelWidth
      ? model.node('Slice', [gradients, model.int64([0]), model.int64([kernelWidth]), model.int64([3])])
      : gradients;
  const ordered = lowering.permute(kept, blocks.with(3, kernelWidth), [2, 3, 0, 4, 1, 5]);
  lowering.set(value, 'row', lowering.reshape(ordered, value.shape));
}

/** Surrounds a blocked image with zeros. A 1×1 depthwise convolution by one does it on all threads; `Pad` has only one. */
function pad({ model }: Lowering, name: string, channels: number, pads: readonly number[]): string {
  if (pads.every((length) => length === 0)) return name;
  const ones = model.float32(new Float32Array(channels).fill(1), [channels, 1, 1, 1]);
  const attributes = { kernel_shape: [1, 1], strides: [1, 1], dilations: [1, 1], pads, group: channels };
  return model.node('Conv', [name, ones], attributes, NCHWC);
}

/** A 1×1 filter: one matrix product over all pixels. */
function lowerPixel(lowering: Lowering, value: Value): void {
  const [x, dy] = value.inputs as [Value, Value];
  const rows = (image: Value) => lowering.reshape(lowering.get(image), [-1, image.shape[3]!]);
  const product = lowering.model.node('Gemm', [rows(x), rows(dy)], { transA: 1 });
  lowering.set(value, 'row', lowering.reshape(product, value.shape));
}

/**
 * A convolution over `[height, width, channels]` volumes in which the batch plays the channels and dy the filter,
 * dilated by the stride. Works for every window, and ONNX Runtime turns it into one well shaped matrix product.
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

/** Padding after the last row and column that makes the gradient as large as the filter; negative: to be cut off. */
export function gradientEnds(value: Value): [number, number] {
  const [x, dy] = value.inputs as [Value, Value];
  const { strides, pads } = windowOf(value);
  return ([0, 1] as const).map(
    (i) => value.shape[i]! - 1 + (dy.shape[i + 1]! - 1) * strides[i]! + 1 - x.shape[i + 1]! - pads[i]!,
  ) as [number, number];
}

/** As above, one group per channel. */
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

/** The first rows and columns of an image with channels first. */
function cutTo(model: OnnxModel, image: string, size: readonly [height: number, width: number]): string {
  return model.node('Slice', [image, model.int64([0, 0]), model.int64(size), model.int64([2, 3])]);
}
