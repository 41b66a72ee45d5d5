import { ELEMENTWISE, type Value } from '@simgan/tfjs-trace/graph';

/** The value whose elements, in their order, `value` has: reshaping moves nothing. */
export function sourceOf(value: Value): Value {
  return value.op === 'Reshape' ? sourceOf(value.inputs[0]!) : value;
}

/** What exists before the first kernel. */
export const isGiven = ({ op }: Value): boolean => op === 'Input' || op === 'Variable' || op === 'Constant';

/** What is computed element by element, within the kernel that needs it. `Copy` is its input in a buffer of its own. */
export const isElementwise = ({ op }: Value): boolean =>
  ELEMENTWISE.has(op) || op === 'Broadcast' || op === 'Copy';
