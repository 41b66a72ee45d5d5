/** Reductions, and operators that move elements along single axes. */
import type { Value } from '@simgan/tfjs-trace/graph';
import { commonLayout } from './elementwise.ts';
import { type Layout, type Lowering, nchw } from './lowering.ts';

/** Emits an operator on row-major tensors unchanged. */
export function lowerRow(lowering: Lowering, value: Value): void {
  const { model } = lowering;
  const inputs = value.inputs.map((input) => lowering.get(input));
  if (value.op === 'Reshape') lowering.set(value, 'row', lowering.reshape(inputs[0]!, value.shape));
  else if (value.op === 'Broadcast') {
    lowering.set(value, 'row', model.node('Expand', [inputs[0]!, model.int64(value.shape)]));
  } else lowering.set(value, 'row', model.node(value.op, inputs, value.attributes));
}

export function lowerReduction(lowering: Lowering, value: Value): void {
  const [x] = value.inputs as [Value];
  const axes = value.attributes.axes as number[];
  const layout = reductionLayout(lowering, x, axes);
  if (layout !== 'blocked') {
    const reduced = reduce(
      lowering,
      value.op,
      lowering.get(x, layout),
      axes.map((axis) => lowering.axis(layout, axis)),
    );
    lowering.set(value, 'row', layout === 'row' ? reduced : lowering.reshape(reduced, value.shape));
    return;
  }
  // Pixels first, then the batch: ONNX Runtime is an order of magnitude slower when it reduces both at once.
  let [name, shape] = [lowering.blocks(x), lowering.blocksShape(x.shape)];
  for (const group of [
    [2, 3].filter((axis) => axes.includes(axis - 1)),
    axes.includes(0) ? [0] : [],
    axes.includes(3) ? [1, 4] : [],
  ]) {
    if (group.length === 0) continue;
    name = reduce(lowering, value.op, name, group, 1);
    shape = shape.map((length, axis) => (group.includes(axis) ? 1 : length));
  }
  lowering.set(value, 'row', lowering.reshape(name, value.shape));
}

/** A layout other than `row` can be used if the remaining elements have the same order in it. */
function reductionLayout(lowering: Lowering, x: Value, axes: readonly number[]): Layout {
  if (x.shape.length !== 4) return 'row';
  const remains = (axis: number) => !axes.includes(axis) && x.shape[axis]! > 1;
  return remains(3) && (remains(1) || remains(2)) ? 'row' : lowering.layout(x);
}

function reduce(lowering: Lowering, op: string, name: string, axes: readonly number[], keepdims = 0): string {
  const { model } = lowering;
  return op === 'ReduceSum'
    ? model.node(op, [name, model.int64(axes)], { keepdims })
    : model.node(op, [name], { axes, keepdims });
}

/**
 * Slice, Take (a gather with constant indices), Pad, Concat and Interleave, in the layout of their input where
 * possible.
 */
export function lowerMove(lowering: Lowering, value: Value): void {
  const layout = moveLayout(lowering, value);
  if (value.op === 'Take' && layout === 'blocked' && takeBoth(lowering, value)) return;
  const inputs = value.inputs.map((input) =>
    layout === 'blocked' ? lowering.blocks(input) : lowering.get(input, layout),
  );
  const name = emitMove(lowering, value, layout, inputs);
  if (layout === 'blocked') lowering.setBlocks(value, name);
  else lowering.set(value, layout, name);
}

/**
 * Adds narrow bands of rows or columns to an image batch; ONNX Runtime does it in place if nothing else reads the
 * batch.
 */
export function lowerAddAt(lowering: Lowering, value: Value): void {
  const { model } = lowering;
  const [base, ...parts] = value.inputs as [Value, ...Value[]];
  const { axis, starts } = value.attributes as { axis: number; starts: number[] };
  const layout = lowering.layout(base);
  const dims = ({ shape }: Value) =>
    layout === 'blocked' ? lowering.blocksShape(shape) : layout === 'nchw' ? nchw(shape) : shape;
  const along = lowering.axis(layout, axis);
  const product = (lengths: readonly number[]) => lengths.reduce((total, length) => total * length, 1);
  const [outer, inner] = [product(dims(value).slice(0, along)), product(dims(value).slice(along + 1))];
  const length = value.shape[axis]!;

  let name = lowering.reshape(lowering.get(base, layout), [outer * length, inner]);
  parts.forEach((part, i) => {
    const thickness = part.shape[axis]!;
    const indices = model.shared(`lines ${[outer, length, thickness, starts[i]]}`, () => {
      const line = (index: number) =>
        Math.floor(index / thickness) * length + starts[i]! + (index % thickness);
      const count = outer * thickness;
      return model.int64(
        Array.from({ length: count }, (_, index) => line(index)),
        [count, 1],
      );
    });
    const update = lowering.reshape(lowering.get(part, layout), [outer * thickness, inner]);
    name = model.node('ScatterND', [name, indices, update], {
      reduction: 'add',
    });
  });
  lowering.set(value, layout, lowering.reshape(name, layout === 'blocked' ? nchw(value.shape) : dims(value)));
}

function moveLayout(lowering: Lowering, value: Value): Layout {
  if (value.shape.length !== 4) return 'row';
  const layout = commonLayout(lowering, value.inputs);
  if (layout !== 'blocked' || !touchesChannels(value)) return layout;
  return value.op === 'Concat' && value.inputs.every(({ shape }) => shape[3]! % lowering.target.block === 0)
    ? layout
    : 'row';
}

/** Gathers both rows and columns of a blocked image in one node. */
function takeBoth(lowering: Lowering, value: Value): boolean {
  const { model, target } = lowering;
  const [inner] = value.inputs as [Value];
  const axes = [value, inner].map(({ attributes }) => attributes.axis);
  if (inner.op !== 'Take' || !lowering.has(inner.inputs[0]!, 'blocked')) return false;
  if (!(axes.includes(1) && axes.includes(2))) return false;
  const [source] = inner.inputs as [Value];
  const [batch, , width, channels] = source.shape as [number, number, number, number];
  const indicesAlong = (axis: number) => (axes[0] === axis ? value : inner).attributes.indices as number[];
  const places = indicesAlong(1).flatMap((row) => indicesAlong(2).map((column) => row * width + column));
  const images = [batch * (channels / target.block), source.shape[1]! * width, target.block];
  const pixels = lowering.reshape(lowering.get(source, 'blocked'), images);
  lowering.set(
    value,
    'blocked',
    lowering.reshape(model.node('Gather', [pixels, model.int32(places)], { axis: 1 }), nchw(value.shape)),
  );
  return true;
}

function touchesChannels({ op, attributes }: Value): boolean {
  if (op === 'Slice') return (attributes.axes as number[]).includes(3);
  if (op === 'Pad') return (attributes.pads as number[])[3] !== 0 || (attributes.pads as number[])[7] !== 0;
  return attributes.axis === 3;
}

function emitMove(
  lowering: Lowering,
  { op, attributes, shape }: Value,
  layout: Layout,
  inputs: readonly string[],
): string {
  const { model } = lowering;
  const place = (axis: number) => (layout === 'blocked' && axis === 3 ? 1 : lowering.axis(layout, axis));
  const [x] = inputs as [string];
  switch (op) {
    case 'Slice': {
      const { axes, starts, ends, steps } = attributes as Record<string, number[]>;
      const placed = axes!.map(place);
      return model.node('Slice', [x, ...[starts!, ends!, placed, steps!].map((list) => model.int64(list))]);
    }
    case 'Take':
      return model.node('Gather', [x, model.int32(attributes.indices as number[])], {
        axis: place(attributes.axis as number),
      });
    case 'Concat':
      return model.node('Concat', inputs, { axis: place(attributes.axis as number) });
    case 'Interleave': {
      // Concatenate along a new axis after the interleaved one, then merge the two.
      const at = place(attributes.axis as number);
      const whole =
        layout === 'blocked' ? lowering.blocksShape(shape) : layout === 'nchw' ? nchw(shape) : shape;
      const part = whole.with(at, whole[at]! / inputs.length);
      const parts = inputs.map((input) => lowering.reshape(input, part.toSpliced(at + 1, 0, 1)));
      return lowering.reshape(model.node('Concat', parts, { axis: at + 1 }), whole);
    }
    default: {
      const pads = attributes.pads as number[];
      const rank = layout === 'blocked' ? 5 : shape.length;
      const placed = new Array<number>(2 * rank).fill(0);
      for (let axis = 0; axis < shape.length; axis++) {
        if (layout === 'blocked' && axis === 3) continue;
        placed[place(axis)] = pads[axis]!;
        placed[rank + place(axis)] = pads[shape.length + axis]!;
      }
      const fill = model.float32([(attributes.value as { float: number }).float], []);
      return model.node('Pad', [x, model.int64(placed), fill]);
    }
  }
}
