/** How a program takes and returns variables. */
import { type Shape, size, type Value } from '@simgan/tfjs-trace/graph';
import type { OnnxModel } from '../onnx/model.ts';
import type { Update } from './flat-updates.ts';
import type { Lowering } from './lowering.ts';

/** An input or output of a model: a variable, or several end to end. */
export interface State {
  /** Its name in the model. */
  readonly name: string;
  /** The variables, by index. */
  readonly indices: readonly number[];
}

/** WebGPU guarantees eight buffers to a kernel, and ONNX Runtime's Split fails where a device has no more. */
const MOST_PARTS = 7;

/** Adds the input of a `Variable`, or of `Variables`. */
export function readState(lowering: Lowering, value: Value): State {
  const { model, target } = lowering;
  const { attributes, dtype, shape } = value;
  const indices = (attributes.indices as number[] | undefined) ?? [attributes.index as number];
  const name = model.input(`state.${indices[0]}`, dtype, target.flat ? [size(shape)] : shape);
  lowering.set(value, 'row', target.flat && shape.length !== 1 ? lowering.reshape(name, shape) : name);
  return { name, indices };
}

/** Adds the outputs of an update, whose value has this name in the model. */
export function writeState(lowering: Lowering, update: Update, name: string): State[] {
  const { model, target } = lowering;
  const { indices, lengths, together, value } = update;
  const { dtype, shape } = value;
  const add = (part: string, of: readonly number[], dims: Shape): State => {
    const output = `state.${of[0]}.next`;
    model.output(output, part, dtype, dims);
    return { name: output, indices: of };
  };
  if (!target.flat) return [add(name, indices, shape)];
  const elements = [size(shape)];
  const flat = shape.length === 1 ? name : lowering.reshape(name, elements);
  if (together || indices.length === 1) return [add(flat, indices, elements)];
  return cut(model, flat, lengths).map((part, i) => add(part, [indices[i]!], [lengths[i]!]));
}

/** A tensor of one axis in parts of these lengths. */
function cut(model: OnnxModel, name: string, lengths: readonly number[]): string[] {
  if (lengths.length === 1) return [name];
  const split = (from: string, sizes: readonly number[]) =>
    model.multiple('Split', [from, model.int64(sizes)], { axis: 0 }, sizes.length);
  if (lengths.length <= MOST_PARTS) return split(name, lengths);
  const portions = Array.from({ length: Math.ceil(lengths.length / MOST_PARTS) }, (_, i) =>
    lengths.slice(i * MOST_PARTS, (i + 1) * MOST_PARTS),
  );
  const sums = portions.map((portion) => portion.reduce((sum, length) => sum + length));
  return cut(model, name, sums).flatMap((part, i) => cut(model, part, portions[i]!));
}
