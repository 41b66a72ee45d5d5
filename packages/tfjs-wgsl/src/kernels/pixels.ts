/** The pixels under the taps of a window, channel by channel. */
import type { Shape } from '@simgan/tfjs-trace/graph';
import { gathered, guarded, type Place, type Shader } from './shader.ts';

export type Quad = [number, number, number, number];

/** Far above every image. */
export const OUTSIDE = -1073741824;

/**
 * Declares `left` of a product. A row is the first pixel of an image, then a row and a column; a tap is how far it is from
 * there, and the k of its first channel.
 *
 * @param depth an expression: beyond it is nothing. Undefined if no k is asked for beyond it
 * @returns the run of the product, if there is one: taps are shared where channels come in fours.
 */
export function declarePixels(
  shader: Shader,
  place: Place,
  [, height, width, channels]: Shape,
  depth: string | undefined,
): number | undefined {
  const isWide = channels! % 4 === 0;
  const lanes = isWide ? 4 : 1;
  shader.bind(place, lanes);
  const type = isWide ? 'vec4f' : 'f32';
  const inImage = `(u32(y) < ${height}u) & (u32(x) < ${width}u)`;
  const inside = depth === undefined ? inImage : `(k < ${depth}) & ${inImage}`;
  const at = `u32((row.x + y * ${width} + x) * ${channels} - tap.z) + k`;
  const lets = `
  let y = row.y + tap.x;
  let x = row.z + tap.y;`;
  const body = guarded(type, inside, { lets, value: shader.load(place, at, lanes) });
  if (isWide) {
    shader.declare(`fn left(row: vec3i, tap: vec3i, k: u32, z: u32) -> vec4f ${body}`);
    return channels;
  }
  shader.declare(`fn pixel(row: vec3i, tap: vec3i, k: u32, z: u32) -> f32 ${body}
fn left(row: vec3i, k: u32, z: u32) -> vec4f ${gathered('pixel(row, tap_of(k + i, z), k + i, z)')}`);
  return undefined;
}
