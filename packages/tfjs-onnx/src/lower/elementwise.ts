/** Elementwise operators, in a layout that their operands already have. */
import { type Attributes, type ElementType, sameShape, size, type Value } from '@simgan/tfjs-trace/graph';
import { ELEMENT_TYPES } from '../onnx/model.ts';
import type { Layout, Lowering } from './lowering.ts';

export function lowerElementwise(lowering: Lowering, value: Value): void {
  const { model } = lowering;
  const { op, attributes } = operator(value);
  const whole = value.inputs.filter((input) => sameShape(input.shape, value.shape));
  const layout = value.shape.length === 4 ? commonLayout(lowering, whole) : 'row';
  const emit = (inputs: string[]) => model.node(op, inputs, attributes);

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

/** The operator and attributes of ONNX. */
function operator({ op, attributes }: Value): { op: string; attributes: Attributes } {
  if (op === 'Cast') return { op, attributes: { to: ELEMENT_TYPES[attributes.to as ElementType] } };
  // Exact for normal numbers, and faster in ONNX Runtime than a comparison.
  if (op === 'Step') return { op: 'HardSigmoid', attributes: { alpha: { float: 3e38 }, beta: { float: 0 } } };
  return { op, attributes };
}

/** Prefers `blocked`, which is cheapest to convert to and which convolutions need. */
export function commonLayout(lowering: Lowering, values: readonly Value[]): Layout {
  const layouts = values.map((value) => lowering.layout(value));
  return layouts.includes('blocked') ? 'blocked' : layouts.includes('nchw') ? 'nchw' : 'row';
}
