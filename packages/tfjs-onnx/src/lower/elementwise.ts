/** Elementwise operators, in a layout that their operands already have. */
import { ELEMENT_TYPES, type ElementType } from '../onnx/model.ts';
import { sameShape, size, type Value } from '../trace/graph.ts';
import type { Layout, Lowering } from './lowering.ts';

export function lowerElementwise(lowering: Lowering, value: Value): void {
  const { model } = lowering;
  const attributes =
    value.op === 'Cast' ? { to: ELEMENT_TYPES[value.attributes.to as ElementType] } : value.attributes;
  const whole = value.inputs.filter((input) => sameShape(input.shape, value.shape));
  const layout = value.shape.length === 4 ? commonLayout(lowering, whole) : 'row';
  const emit = (inputs: string[]) => model.node(value.op, inputs, attributes);

  if (layout === 'blocked' && value.inputs.some((input) => !whole.includes(input) && size(input.shape) > 1)) {
    const names = value.inputs.map((input) =>
      whole.includes(input) ? lowering.blocks(input) : lowering.operand(input, layout, value.shape),
    );
    lowering.setBlocks(value, emit(names));
  } else {
    const names = value.inputs.map((input) =>
      whole.includes(input) ? lowering.get(input, layout) : lowering.operand(input, layout, value.shape),
    );
    lowering.set(value, layout, emit(names));
  }
}

/** Prefers `blocked`, which is cheapest to convert to and which convolutions need. */
export function commonLayout(lowering: Lowering, values: readonly Value[]): Layout {
  const layouts = values.map((value) => lowering.layout(value));
  return layouts.includes('blocked') ? 'blocked' : layouts.includes('nchw') ? 'nchw' : 'row';
}
