/** State of the lowering to ONNX: the memory layouts in which each value exists, and the conversions between them. */
import { type Shape, size, type Value } from '@simgan/tfjs-trace/graph';
import type { OnnxModel } from '../onnx/model.ts';

/**
 * The memory layout of an image batch `[batch, height, width, channels]`: `row` is that order, TensorFlow.js' own;
 * `nchw` has channels first; `blocked` is `[batch, channels / block, height, width, block]`, the layout of ONNX
 * Runtime's fastest, internal kernels. All other tensors are `row`.
 */
export type Layout = 'row' | 'nchw' | 'blocked';

/** What the program is compiled for. */
export interface Target {
  /** Channels per block of ONNX Runtime's internal layout; 0: standard operators only. */
  readonly block: number;
  /** Whether small images use Winograd convolutions, which are faster on a single thread. */
  readonly minimal?: boolean;
  /**
   * Whether gradients of filters are matrix products, for the GPU: its convolution over volumes runs on one scalar thread
   * per weight.
   */
  readonly products?: boolean;
  /**
   * Whether variables have one axis and those that are updated alike are updated end to end, for the GPU, where starting
   * a kernel takes longer than an optimizer's arithmetic.
   */
  readonly flat?: boolean;
}

export const NCHWC = 'com.microsoft.nchwc';
/** The axes of `row` in the other layouts; in `blocked`, channels have no axis of their own. */
const AXES = { nchw: [0, 2, 3, 1], blocked: [0, 2, 3, -1] } as const;

export class Lowering {
  readonly model: OnnxModel;
  readonly target: Target;
  #names = new Map<Value, Partial<Record<Layout, string>>>();

  constructor(model: OnnxModel, target: Target) {
    this.model = model;
    this.target = target;
  }

  has(value: Value, layout: Layout): boolean {
    return this.#names.get(value)?.[layout] !== undefined;
  }

  /** The best layout that `value` already has. */
  layout(value: Value): Layout {
    return this.has(value, 'blocked') ? 'blocked' : this.has(value, 'nchw') ? 'nchw' : 'row';
  }

  set(value: Value, layout: Layout, name: string): void {
    const names = this.#names.get(value) ?? {};
    names[layout] = name;
    this.#names.set(value, names);
  }

  /** The name of `value` in `layout`; the conversion is added at first use. */
  get(value: Value, layout: Layout = 'row'): string {
    const names = this.#names.get(value);
    if (!names) throw new Error(`${value.op} is used before it is computed.`);
    names[layout] ??= this.#convert(value, names, layout);
    return names[layout];
  }

  /** `value` in blocks, as a tensor `[batch, channels / block, height, width, block]`. */
  blocks(value: Value): string {
    return this.reshape(this.get(value, 'blocked'), this.blocksShape(value.shape));
  }

  /** The inverse of {@link blocks}: `name` is `value` in blocks. */
  setBlocks(value: Value, name: string): void {
    this.set(value, 'blocked', this.reshape(name, nchw(value.shape)));
  }

  blocksShape(shape: Shape): Shape {
    const [batch, height, width, channels] = shape as [number, number, number, number];
    return [batch, channels / this.target.block, height, width, this.target.block];
  }

  /** The axis in `layout` (five axes for `blocked`) that corresponds to `axis` in `row`. */
  axis(layout: Layout, axis: number): number {
    return layout === 'row' ? axis : AXES[layout][axis]!;
  }

  reshape(name: string, shape: Shape): string {
    return this.model.node('Reshape', [name, this.model.int64(shape)]);
  }

  /** Transposes `name` of the given shape; a reshape where only axes of length one move. */
  permute(name: string, shape: Shape, perm: readonly number[]): string {
    const moved = perm.filter((axis) => shape[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || moved[i - 1]! < axis)) {
      return perm.every((axis, i) => axis === i)
        ? name
        : this.reshape(
            name,
            perm.map((axis) => shape[axis]!),
          );
    }
    return this.model.node('Transpose', [name], { perm });
  }

  /** An operand prepared for ONNX broadcasting against a result in `layout`. */
  operand(value: Value, layout: Layout, result: Shape): string {
    if (layout === 'row' || size(value.shape) === 1) return this.get(value);
    const [batch, height, width, channels] = Array.from(
      { length: 4 },
      (_, i) => value.shape.at(i - 4) ?? 1,
    ) as Quad;
    if (layout === 'nchw') {
      if (value.shape.length === 4 && this.has(value, 'nchw')) return this.get(value, 'nchw');
      return this.permute(this.#reshapeTo4(value), [batch, height, width, channels], [0, 3, 1, 2]);
    }
    if (value.shape.length === 4 && channels === result[3] && this.has(value, 'blocked'))
      return this.blocks(value);
    const { block } = this.target;
    if (channels === 1) return this.reshape(this.get(value), [batch, 1, height, width, 1]);
    const shape = [batch, height, width, channels / block, block];
    return this.permute(this.reshape(this.get(value), shape), shape, [0, 3, 1, 2, 4]);
  }

  #reshapeTo4(value: Value): string {
    if (value.shape.length === 4) return this.get(value);
    return this.reshape(this.get(value), [
      ...new Array<number>(4 - value.shape.length).fill(1),
      ...value.shape,
    ]);
  }

  #convert(value: Value, names: Partial<Record<Layout, string>>, to: Layout): string {
    const { model } = this;
    const channels = value.shape[3]!;
    const isPixel = value.shape[1] === 1 && value.shape[2] === 1;
    if (to === 'blocked') {
      if (isPixel && names.row) return this.reshape(names.row, nchw(value.shape));
      return names.nchw
        ? model.node('ReorderInput', [names.nchw], {}, NCHWC)
        : model.node('ReorderInput', [names.row!], { channels_last: 1 }, NCHWC);
    }
    if (names.blocked && isPixel)
      return this.reshape(names.blocked, to === 'row' ? value.shape : nchw(value.shape));
    if (to === 'nchw') {
      return names.row
        ? this.permute(names.row, value.shape, [0, 3, 1, 2])
        : model.node('ReorderOutput', [names.blocked!], { channels }, NCHWC);
    }
    return names.nchw
      ? this.permute(names.nchw, nchw(value.shape), [0, 2, 3, 1])
      : model.node('ReorderOutput', [names.blocked!], { channels, channels_last: 1 }, NCHWC);
  }
}

type Quad = [number, number, number, number];

export function nchw([batch, height, width, channels]: Shape): Quad {
  return [batch!, channels!, height!, width!];
}
