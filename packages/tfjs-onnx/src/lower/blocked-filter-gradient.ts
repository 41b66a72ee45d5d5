/**
 * Gradients with respect to filters, computed by blocked convolutions: the images act as input channels, dy as the
 * filter and blocks of input channels as the batch. The position within a block is merged into the column axis, so that
 * a dilation by the block size moves by whole columns; the output is `[I/b, O/b, kernel height, kernel width * b, b]`.
 *
 * Images are split into slabs of rows, each of which acts as a channel, so that dy, which the kernel reads repeatedly,
 * stays in the L2 cache.
 */
import { size, type Value } from '@simgan/tfjs-trace/graph';
import { gradientEnds, windowOf } from './epilogue.ts';
import { type Lowering, NCHWC, nchw, type Target } from './lowering.ts';

/** Maximum number of bytes of dy that one pass of the kernel reads. */
const CACHE = 300 * 1024;

/** How images are split into slabs. */
export interface Cut {
  readonly slabs: number;
  /** Rows of dy in a slab. */
  readonly rows: number;
  /** Rows of x that the windows of a slab cover. */
  readonly seen: number;
  /** Rows of zeros that pad dy to whole slabs. */
  readonly missing: number;
  /** Channels merged into the column axis: a block, or all channels if they are fewer. */
  readonly part: number;
  /** Zero padding of x. */
  readonly border: readonly [top: number, left: number, bottom: number, right: number];
  /** Size of x with padding. */
  readonly padded: readonly [rows: number, columns: number];
}

/** How to split the images for a gradient; `undefined` if this method does not apply or would be slower. */
export function cutOf({ block }: Target, value: Value): Cut | undefined {
  const [x, dy] = value.inputs as [Value, Value];
  const { strides, pads } = windowOf(value);
  const [batch, height, width, outputs] = dy.shape as [number, number, number, number];
  const [, imageRows, imageColumns, inputs] = x.shape as [number, number, number, number];
  if (block === 0 || (inputs % block !== 0 && inputs > block) || outputs % block !== 0) return undefined;
  const [bottom, right] = gradientEnds(value).map((end) => Math.max(end, 0)) as [number, number];
  for (let slabs = 1; slabs <= height; slabs++) {
    const rows = Math.ceil(height / slabs);
    const seen = (rows - 1) * strides[0] + value.shape[0]!; // slabs overlap by the rows that both cover
    if (slabs * seen > 3 * height * strides[0]) return undefined;
    if ((batch * slabs) % block !== 0 || rows * width * block * block * 4 > CACHE) continue;
    return {
      slabs,
      rows,
      seen,
      missing: slabs * rows - height,
      part: Math.min(inputs, block),
      border: [pads[0], pads[1], bottom, right],
      padded: [imageRows + pads[0] + bottom, imageColumns + pads[1] + right],
    };
  }
  return undefined;
}

export function lowerBlocked(lowering: Lowering, value: Value, cut: Cut): void {
  const { model, target } = lowering;
  const { block } = target;
  const dy = value.inputs[1]!;
  const [kernelHeight, kernelWidth, inputs, outputs] = value.shape as [number, number, number, number];
  const gradient =
    dy.shape[0]! % block === 0 ? byGroups(lowering, value, cut) : bySlabs(lowering, value, cut);

  // Columns that the stride leaves after the last window produce outputs beyond the filter, which are cut off.
  const columns = cut.padded[1] - (dy.shape[2]! - 1) * windowOf(value).strides[1];
  const blocks = [inputs / cut.part, outputs / block, kernelHeight, columns, cut.part, block];
  const all = lowering.reshape(gradient, blocks);
  const kept =
    columns > kernelWidth
      ? model.node('Slice', [all, model.int64([0]), model.int64([kernelWidth]), model.int64([3])])
      : all;
  const ordered = lowering.permute(kept, blocks.with(3, kernelWidth), [2, 3, 0, 4, 1, 5]);
  lowering.set(value, 'row', lowering.reshape(ordered, value.shape));
}

/**
 * Processes the batch in groups of `block` images, one group after the other: intermediate values take the memory of
 * one group, and a single reordering of x and of dy turns the images of a group into channels.
 */
function byGroups(lowering: Lowering, value: Value, cut: Cut): string {
  const { model, target } = lowering;
  const { block } = target;
  const [x, dy] = value.inputs as [Value, Value];
  const { part, border, padded } = cut;
  const [batch, imageRows, imageColumns] = x.shape as [number, number, number];
  const [, height, width, outputs] = dy.shape as [number, number, number, number];
  const from = value.shape[2]! / part;
  const step = cut.rows * windowOf(value).strides[0];
  const rows = Array.from({ length: cut.slabs * cut.seen }, (_, i) =>
    Math.min(Math.floor(i / cut.seen) * step + (i % cut.seen), padded[0] - 1),
  );

  const gradientOf = (images: string, gradients: string) => {
    const reordered = reorder(lowering, images, [1, block, 1, from * imageRows * imageColumns * part]);
    const [top, left, bottom, right] = border;
    const image = pad(
      lowering,
      lowering.reshape(reordered, [from, block, imageRows, imageColumns * part]),
      block,
      [top, left * part, bottom, right * part],
    );
    const lines = lowering.reshape(image, [from, padded[0], padded[1] * part * block]);
    const seen = model.node('Gather', [lines, model.int32(rows)], { axis: 1 });
    const whole = pad(lowering, gradients, outputs, [0, 0, cut.missing, 0]);
    const filter = reorder(lowering, whole, [1, 1, block, outputs * (height + cut.missing) * width], true);
    return convolve(lowering, value, cut, seen, filter, block);
  };

  const groups = batch / block;
  const sources = [lowering.get(x, part < block ? 'row' : 'blocked'), lowering.get(dy, 'blocked')] as const;
  if (groups === 1) return gradientOf(...sources);
  const shapes = [[block, size(x.shape) / batch], nchw(dy.shape).with(0, block)];
  const parts = shapes.map((shape, i) => ({
    name: lowering.reshape(sources[i]!, [groups, ...shape]),
    dtype: x.dtype,
    shape,
  }));
  const gradients = model.scan(parts, ([images, ofImages]) => gradientOf(images!, ofImages!));
  return model.node('ReduceSum', [gradients, model.int64([0])], { keepdims: 0 });
}

/** For any batch size: the slabs of all images become channels, at the cost of a copy of x and of dy. */
function bySlabs(lowering: Lowering, value: Value, cut: Cut): string {
  const { model, target } = lowering;
  const { block } = target;
  const [x, dy] = value.inputs as [Value, Value];
  const { part, border, padded } = cut;
  const [batch, height, width, outputs] = dy.shape as [number, number, number, number];
  const inputs = value.shape[2]!;
  const lanes = batch * cut.slabs;

  /** Gathers the rows of each slab, with the blocks of channels as the outermost axis. */
  const gatherRows = (
    name: string,
    blocks: number,
    image: readonly [rows: number, length: number],
    step: number,
    seen: number,
  ) => {
    const rows = model.shared(`lanes ${[lanes, cut.slabs, blocks, image[0], step, seen]}`, () => {
      const list: number[] = [];
      for (let channel = 0; channel < blocks; channel++) {
        for (let lane = 0; lane < lanes; lane++) {
          const first = (Math.floor(lane / cut.slabs) * blocks + channel) * image[0];
          const top = (lane % cut.slabs) * step;
          for (let row = 0; row < seen; row++) list.push(first + Math.min(top + row, image[0] - 1));
        }
      }
      return model.int32(list);
    });
    const lines = lowering.reshape(name, [batch * blocks * image[0], image[1]]);
    return model.node('Gather', [lines, rows], { axis: 0 });
  };

  const [top, left, bottom, right] = border;
  const image =
    part === block
      ? pad(lowering, lowering.get(x, 'blocked'), inputs, border)
      : model.node('Pad', [lowering.get(x), model.int64([0, top, left, 0, 0, bottom, right, 0])]);
  const from = inputs / part;
  const line = padded[1] * part;
  const step = cut.rows * windowOf(value).strides[0];
  const seen = gatherRows(image, from, [padded[0], line], step, cut.seen);
  const slabs = reorder(lowering, seen, [(from * lanes) / block, block, 1, cut.seen * line]);

  const gradient = pad(lowering, lowering.get(dy, 'blocked'), outputs, [0, 0, cut.missing, 0]);
  const to = outputs / block;
  const rows = gatherRows(gradient, to, [height + cut.missing, width * block], cut.rows, cut.rows);
  const filter = reorder(lowering, rows, [(to * lanes) / block, 1, block, cut.rows * width * block], true);
  return convolve(lowering, value, cut, slabs, filter, batch);
}

/** Convolves the slabs of `images` images with the slabs of their dy. */
function convolve(
  lowering: Lowering,
  value: Value,
  cut: Cut,
  slabs: string,
  gradients: string,
  images: number,
): string {
  const { strides } = windowOf(value);
  const [, , width, outputs] = value.inputs[1]!.shape as [number, number, number, number];
  const { part } = cut;
  const lanes = images * cut.slabs;
  const input = lowering.reshape(slabs, [value.shape[2]! / part, lanes, cut.seen, cut.padded[1] * part]);
  const filter = lowering.reshape(gradients, [outputs, lanes, cut.rows, width]);
  const attributes = {
    kernel_shape: [cut.rows, width],
    dilations: [strides[0], part * strides[1]],
    strides: [1, 1],
    pads: [0, 0, 0, 0],
    group: 1,
  };
  return lowering.model.node('Conv', [input, filter], attributes, NCHWC);
}

/** Moves the second axis of `shape`, or the third with `isLast`, to the end, in blocks. */
function reorder(lowering: Lowering, name: string, shape: readonly number[], isLast = false): string {
  const attributes = isLast ? { channels_last: 1 } : {};
  return lowering.model.node('ReorderInput', [lowering.reshape(name, shape)], attributes, NCHWC);
}

/**
 * Pads a blocked image with zeros, by a 1×1 depthwise convolution with ones: ONNX Runtime's `Pad` is single-threaded.
 */
function pad({ model }: Lowering, name: string, channels: number, pads: readonly number[]): string {
  if (pads.every((length) => length === 0)) return name;
  const ones = model.float32(new Float32Array(channels).fill(1), [channels, 1, 1, 1]);
  const attributes = { kernel_shape: [1, 1], strides: [1, 1], dilations: [1, 1], pads, group: channels };
  return model.node('Conv', [name, ones], attributes, NCHWC);
}
