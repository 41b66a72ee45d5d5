/** The gradient of max pooling, made of operators that every provider supports in any memory layout. */
import type { Graph, Value, Window2D } from '@simgan/tfjs-trace/graph';

/**
 * dy goes to the first maximum of its window in row-major order, as in TensorFlow.js.
 *
 * The maximum of a window is the maximum of its rows' maxima. So dy is routed first to the first row with the maximum,
 * then to the first column with it in that row: 2k comparisons for a k×k window instead of k².
 */
export function maxPoolGradient(g: Graph, dy: Value, x: Value, window: Window2D): Value {
  const [batch, , , channels] = x.shape as [number, number, number, number];
  const rowWise: Window2D = {
    ...window,
    kernel: [1, window.kernel[1]],
    strides: [1, window.strides[1]],
    pads: [0, window.pads[1], 0, window.pads[3]],
  };
  const rows = g.node('MaxPool2D', [x], [batch, x.shape[1]!, dy.shape[2]!, channels], {
    attributes: { ...rowWise },
  });
  const y = g.node('MaxPool2D', [x], dy.shape, { attributes: { ...window } });
  return along(g, 2, window, along(g, 1, window, dy, rows, y), x, rows);
}

/** The gradient of pooling `x` to `y` along one axis. */
function along(
  g: Graph,
  axis: 1 | 2,
  { kernel, strides, pads }: Window2D,
  dy: Value,
  x: Value,
  y: Value,
): Value {
  const [taps, stride, before, after] = [
    kernel[axis - 1]!,
    strides[axis - 1]!,
    pads[axis - 1]!,
    pads[axis + 1]!,
  ];
  const [length, outputs] = [x.shape[axis]!, y.shape[axis]!];
  const only = (start: number, end: number): [number, number][] =>
    x.shape.map((_, i) => (i === axis ? [start, end] : [0, 0]));
  const padded = g.pad(x, only(before, after), Number.NEGATIVE_INFINITY);
  const at = (tap: number) => {
    const begin = x.shape.map((_, i) => (i === axis ? tap : 0));
    const steps = x.shape.map((_, i) => (i === axis ? stride : 1));
    return g.slice(padded, begin, x.shape.with(axis, outputs), steps);
  };
  // The part of dy not yet routed: a tap takes all of it where it equals the maximum, and the last tap takes the rest.
  const parts: Value[] = [];
  let left = dy;
  for (let tap = 0; tap < taps - 1; tap++) {
    const isLess = g.elementwise('Step', [g.sub(y, at(tap))]);
    const rest = g.mul(left, isLess);
    parts.push(g.sub(left, rest));
    left = rest;
  }
  parts.push(left);

  // Tap t of output o has the position o * stride + t: index o + floor(t / stride) of phase t % stride.
  const places = Math.ceil((length + before + after) / stride);
  const phases = Array.from({ length: stride }, (_, phase) => {
    const shifted = parts.flatMap((part, tap) => {
      if (tap % stride !== phase) return [];
      const start = Math.floor(tap / stride);
      return [place(g, part, axis, start, places)];
    });
    return shifted.length > 0 ? shifted.reduce(g.add) : g.fill(0, x.shape.with(axis, places));
  });
  const begin = x.shape.map((_, i) => (i === axis ? before : 0));
  return g.slice(g.interleave(phases, axis), begin, x.shape);
}

/** Places `part` at `start` in zeros of the given length. Elements beyond the end are zero by construction. */
function place(g: Graph, part: Value, axis: number, start: number, length: number): Value {
  const kept = Math.min(part.shape[axis]!, length - start);
  const cut = g.slice(
    part,
    part.shape.map(() => 0),
    part.shape.with(axis, kept),
  );
  return g.pad(
    cut,
    part.shape.map((_, i) => (i === axis ? [start, length - start - kept] : [0, 0])),
  );
}
