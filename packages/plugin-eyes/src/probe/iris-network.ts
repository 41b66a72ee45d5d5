import { VIEW_SIDE } from './view.ts';

/** A layer of the network, as `estimatorNetwork` describes it; unpadded, with ReLU between layers. */
export type Layer =
  | { readonly convolution: number; readonly stride: number; readonly filters: number }
  | { readonly dense: number };

/** The layers, applied to a view of {@link VIEW_SIDE} x {@link VIEW_SIDE} pixels. */
export const irisLayers: readonly Layer[] = [
  { convolution: 3, stride: 2, filters: 16 },
  { convolution: 3, stride: 2, filters: 32 },
  { convolution: 3, stride: 1, filters: 40 },
  { dense: 64 },
  { dense: 7 },
];

/** The variables of one layer: `[kernel, kernel, inputs, filters]` or `[inputs, units]`, and one bias for each output. */
export interface LayerWeights {
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** The network's answer for a view. */
export interface IrisAnswer {
  /** The offset from the view's middle to the iris' center, pixels of the view. */
  readonly dx: number;
  readonly dy: number;
  /** The semi-major axis, pixels of the view. */
  readonly radius: number;
  /** The foreshortening as a vector: its length is 1 - minor / major, its angle twice that of the minor axis. */
  readonly ex: number;
  readonly ey: number;
  /** The predicted mean absolute error of each coordinate of the center, pixels of the view. */
  readonly doubt: number;
  /** The probability that there is an iris near the middle. */
  readonly presence: number;
}

/** The units of the network's outputs, so that all are of about the same size. */
export const units = { center: 4, radius: 2, foreshortening: 0.3, usualRadius: 7.9 } as const;

/** The shape of a convolution's maps, `[side, side, channels]`. */
interface Extent {
  readonly side: number;
  readonly channels: number;
}

/** Runs the network on a view: about a quarter of a million multiplications, written for speed on one core. */
export function applyIrisNetwork(weights: readonly LayerWeights[], view: Float32Array): IrisAnswer {
  let extent: Extent = { side: VIEW_SIDE, channels: 1 };
  let values = view;
  for (const [index, layer] of irisLayers.entries()) {
    const { kernel, bias } = weights[index]!;
    if ('dense' in layer) {
      values = applyDense(values, kernel, bias);
    } else {
      const side = Math.floor((extent.side - layer.convolution) / layer.stride) + 1;
      values = applyConvolution(values, extent, kernel, bias, layer, side);
      extent = { side, channels: layer.filters };
    }
    if (index < irisLayers.length - 1) {
      for (let i = 0; i < values.length; i++) if (values[i]! < 0) values[i] = 0;
    }
  }
  const [dx, dy, radius, ex, ey, logDoubt, presence] = Array.from(values) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    dx: units.center * dx,
    dy: units.center * dy,
    radius: units.usualRadius + units.radius * radius,
    ex: units.foreshortening * ex,
    ey: units.foreshortening * ey,
    doubt: units.center * Math.exp(logDoubt),
    presence: 1 / (1 + Math.exp(-presence)),
  };
}

function applyDense(values: Float32Array, kernel: Float32Array, bias: Float32Array): Float32Array {
  const out = bias.slice();
  const length = out.length;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value === 0) continue;
    for (let unit = 0, at = i * length; unit < length; unit++, at++) out[unit]! += value * kernel[at]!;
  }
  return out;
}

function applyConvolution(
  values: Float32Array,
  { side: from, channels }: Extent,
  kernel: Float32Array,
  bias: Float32Array,
  { convolution, stride, filters }: Extract<Layer, { convolution: number }>,
  side: number,
): Float32Array {
  const out = new Float32Array(side * side * filters);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const start = (row * side + column) * filters;
      out.set(bias, start);
      for (let v = 0; v < convolution; v++) {
        // The pixels of one row of the kernel are contiguous, with their channels.
        const first = ((stride * row + v) * from + stride * column) * channels;
        const weights = v * convolution * channels * filters;
        for (let i = 0; i < convolution * channels; i++) {
          const value = values[first + i]!;
          if (value === 0) continue;
          const at = weights + i * filters;
          for (let filter = 0; filter < filters; filter++) {
            out[start + filter]! += value * kernel[at + filter]!;
          }
        }
      }
    }
  }
  return out;
}
