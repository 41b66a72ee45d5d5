import type { ElementType } from '@simgan/tfjs-trace/graph';

/** How many neighboring elements an invocation works on at once. */
export type Lanes = 1 | 4;

/** The type of an element in a buffer. Booleans are 0 and 1 there; indices fit 32 bits. */
export const storageType = (dtype: ElementType) =>
  ({ float32: 'f32', int32: 'i32', int64: 'i32', bool: 'u32' })[dtype];

/** The type of a value in a program. */
export function computeType(dtype: ElementType, lanes: Lanes): string {
  const element = dtype === 'bool' ? 'bool' : storageType(dtype);
  return lanes === 4 ? `vec4<${element}>` : element;
}

/** A number as a literal of one lane. */
export function literal(value: number, dtype: ElementType): string {
  if (dtype === 'bool') return value ? 'true' : 'false';
  if (dtype !== 'float32') return `i32(${Math.trunc(value)})`;
  if (Number.isNaN(value)) return 'bitcast<f32>(nan_bits)';
  // WGSL has no constant expression of an infinity.
  if (!Number.isFinite(Math.fround(value))) return `(${value < 0 ? '-' : ''}bitcast<f32>(infinity_bits))`;
  return `(${Math.fround(value)}f)`;
}

/** What {@link literal} refers to. */
export const LITERAL_BITS = `var<private> infinity_bits: u32 = 0x7f800000u;
var<private> nan_bits: u32 = 0x7fc00000u;`;

/** One value in every lane. */
export const splatted = (text: string, dtype: ElementType, lanes: Lanes) =>
  lanes === 1 ? text : `${computeType(dtype, 4)}(${text})`;
