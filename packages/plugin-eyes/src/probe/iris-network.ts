import { VIEW_SIDE } from './view.ts';

/** A layer of the network, in the words of core's estimators; unpadded, with ReLU between layers. */
export type Layer =
  | { readonly convolution: number; readonly stride: number; readonly filters: number }
  | { readonly dense: number };

/** The layers behind a view of {@link VIEW_SIDE} pixels square. */
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

/** What the network says of a view. */
export interface IrisAnswer {
  /** From the view's middle to the iris' centre, pixels of the view. */
  readonly dx: number;
  readonly dy: number;
  /** Half the longer axis, pixels of the view. */
  readonly radius: number;
  /** The foreshortening as a vector: its length is what the shorter axis lacks, its angle twice that of the shorter axis. */
  readonly ex: number;
  readonly ey: number;
  /** How wrong the centre is, as the network believes: pixels of the view, of each coordinate in the mean. */
  readonly doubt: number;
  /** The probability that there is an iris near the middle. */
  readonly presence: number;
}

/** What the network's outputs are multiples of, so that all are about as large. */
export const units = { centre: 4, radius: 2, foreshortening: 0.3, usualRadius: 7.9 } as const;

/** Values per layer: of the convolutions' maps `[row, column, channel]`. */
interface Extent {
  readonly side: number;
  readonly channels: number;
}

/** Runs the network on a view. Written for speed on one core: about a quarter of a million products. */
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
    dx: units.centre * dx,
    dy: units.centre * dy,
    radius: units.usualRadius + units.radius * radius,
    ex: units.foreshortening * ex,
    ey: units.foreshortening * ey,
    doubt: units.centre * Math.exp(logDoubt),
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
        // The pixels of one row of the kernel lie side by side, with their channels.
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
