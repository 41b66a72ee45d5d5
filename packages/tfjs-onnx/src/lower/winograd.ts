/**
 * 3×3 convolutions by Winograd's minimal filtering F(4, 3) along the height axis: four rows of output take six products
 * instead of twelve (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, in one dimension).
 * One axis only, because the transforms are then depthwise convolutions, for which there are blocked kernels.
 */
import { size, type Value } from '@simgan/tfjs-trace/graph';
import { blockedFilter } from './blocked-filter.ts';
import { windowOf } from './epilogue.ts';
import { type Lowering, NCHWC, nchw, type Target } from './lowering.ts';

const ROWS = 4;
/** The input transform of a tile of six rows (Bᵀ in the paper); zeros at either end are not computed. */
const INPUT = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
/** The filter transform (G). */
const FILTER = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
/** The output transform (Aᵀ). */
const OUTPUT = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];

/**
 * For larger images the transforms are memory-bound and a plain convolution is faster: measured with 2 MB of cache per
 * core.
 */
const MAX_BYTES = 2 ** 20;

export function isWinograd(value: Value, { block, minimal }: Target): boolean {
  const { kernel, strides, dilations, pads } = windowOf(value);
  const [x] = value.inputs as [Value];
  return (
    minimal === true &&
    value.op === 'Conv2D' &&
    [...kernel, ...strides, ...dilations].join() === '3,3,1,1,1,1' &&
    pads[0] > 0 &&
    [x, value].every(({ shape }) => shape[3]! % block === 0 && 4 * size(shape) <= MAX_BYTES)
  );
}

export function lowerWinograd(lowering: Lowering, value: Value): void {
  const { model } = lowering;
  const [x, filter, ...rest] = value.inputs as [Value, Value, ...Value[]];
  const { bias, residual, activation, pads } = windowOf(value);
  const [batch, height, width, channels] = value.shape as [number, number, number, number];
  const tiles = Math.ceil(height / ROWS);
  const slabs = (batch * channels) / lowering.target.block;
  const row = width * lowering.target.block;
  const biasName = bias ? lowering.reshape(lowering.get(rest[0]!), [channels]) : '';

  const weights = transformedFilters(lowering, filter);
  const products = INPUT.map((taps, i) => {
    const tile = depthwise(lowering, lowering.get(x, 'blocked'), x.shape, taps, pads[0], tiles);
    const attributes = {
      kernel_shape: [1, 3],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [0, pads[1], 0, pads[3]],
      group: 1,
    };
    return model.node('Conv', [tile, weights[i]!], attributes, NCHWC);
  });
  const stacked = stack(products);
  const added = residual ? phasesOf(rest.at(-1)!) : [];
  const results = OUTPUT.map((taps, i) => {
    const attributes = {
      kernel_shape: [INPUT.length, 1],
      strides: [INPUT.length, 1],
      dilations: [1, 1],
      pads: [0, 0, 0, 0],
      group: channels,
      ...(activation && { activation }),
    };
    const inputs = [stacked, depthwiseFilter(lowering, taps, channels), biasName, added[i] ?? ''];
    return model.node('Conv', inputs, attributes, NCHWC);
  });
  const whole = lowering.reshape(stack(results), [slabs, tiles * ROWS, row]);
  const arguments_ = [[0], [height], [1]].map((list) => model.int64(list));
  const rows = height === tiles * ROWS ? whole : model.node('Slice', [whole, ...arguments_]);
  lowering.set(value, 'blocked', lowering.reshape(rows, nchw(value.shape)));

  /** Interleaves the rows of the parts: `[slabs, tiles, parts, row]`, reshaped to an image. */
  function stack(parts: readonly string[]): string {
    const lines = parts.map((part) => lowering.reshape(part, [slabs, tiles, 1, row]));
    const all = model.node('Concat', lines, { axis: 2 });
    return lowering.reshape(all, [batch, channels, tiles * parts.length, width]);
  }

  /** Splits an image into four: every fourth row, starting at the first, the second, the third, the fourth. */
  function phasesOf(image: Value): string[] {
    const name = lowering.reshape(lowering.get(image, 'blocked'), [slabs, height, row]);
    const missing = tiles * ROWS - height;
    const padded = missing ? model.node('Pad', [name, model.int64([0, 0, 0, 0, missing, 0])]) : name;
    const parts = model.multiple(
      'Split',
      [lowering.reshape(padded, [slabs, tiles, ROWS, row])],
      { axis: 2 },
      ROWS,
    );
    return parts.map((part) => lowering.reshape(part, [batch, channels, tiles, width]));
  }
}

/** A weighted sum of rows, once per tile, with the same weights in every channel. */
function depthwise(
  lowering: Lowering,
  name: string,
  [, height, , channels]: readonly number[],
  taps: readonly number[],
  top: number,
  tiles: number,
): string {
  const first = taps.findIndex((tap) => tap !== 0);
  const last = taps.findLastIndex((tap) => tap !== 0);
  const step = taps.slice(first, last).every((tap, i) => (i % 2 === 0) === (tap !== 0)) ? 2 : 1;
  const used = taps.slice(first, last + 1).filter((_, i) => i % step === 0);
  const attributes = {
    kernel_shape: [used.length, 1],
    strides: [ROWS, 1],
    dilations: [step, 1],
    pads: [top - first, 0, Math.max(0, ROWS * (tiles - 1) + last - top - height! + 1), 0],
    group: channels!,
  };
  const filter = depthwiseFilter(lowering, used, channels!);
  return lowering.model.node('Conv', [name, filter], attributes, NCHWC);
}

function depthwiseFilter({ model, target }: Lowering, taps: readonly number[], channels: number): string {
  const values = Float32Array.from(
    { length: channels * taps.length },
    (_, i) => taps[Math.floor(i / target.block) % taps.length]!,
  );
  return model.float32(values, [channels, 1, taps.length, 1]);
}

/** The six 1×3 filters for a 3×3 filter. */
function transformedFilters(lowering: Lowering, filter: Value): string[] {
  const { model } = lowering;
  const [, , from, to] = filter.shape as [number, number, number, number];
  const matrix = lowering.reshape(lowering.get(filter), [3, 3 * from * to]);
  const products = model.node('MatMul', [model.float32(FILTER.flat(), [FILTER.length, 3]), matrix]);
  return model
    .multiple('Split', [products], { axis: 0 }, FILTER.length)
    .map((name) => blockedFilter(lowering, name, [1, 3, from, to], false));
}
