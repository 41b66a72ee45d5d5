/** Convolutions and the gradients of their inputs, as products of the pixels under a filter with the filter. */
import type { Shape, Value } from '@simgan/tfjs-trace/graph';
import { tiledProduct } from './product.ts';
import { gathered, guarded, type Place, Shader } from './shader.ts';
import type { Lowering } from './table.ts';
import { windowOf } from './window.ts';

type Quad = [number, number, number, number];

/** `Conv2D`: x `[batch, height, width, from]`, filter `[rows, columns, from, to]`. */
export const convolution: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [x, filter] = value.inputs as [Value, Value];
  const { kernel, strides, dilations, pads } = windowOf(value);
  const [batch, height, width, from] = x.shape as Quad;
  const [, outHeight, outWidth, to] = value.shape as Quad;
  const shader = new Shader();
  const rows = batch * outHeight * outWidth;
  shader.declare(`fn row_of(m: u32, z: u32) -> vec3i {
  let place = m % ${outHeight * outWidth}u;
  let first = i32(m / ${outHeight * outWidth}u) * ${height * width};
  let top = i32(place / ${outWidth}u) * ${strides[0]} - ${pads[0]};
  return vec3i(first, select(${OUTSIDE}, top, m < ${rows}u), i32(place % ${outWidth}u) * ${strides[1]} - ${pads[1]});
}`);
  declarePixels(shader, scope.placeOf(x), {
    shape: x.shape,
    kernelWidth: kernel[1],
    row: (tap) => `row.y + ${tap} * ${dilations[0]}`,
    column: (tap) => `row.z + ${tap} * ${dilations[1]}`,
    depth: kernel[0] * kernel[1] * from,
  });
  declareMatrix(shader, scope.placeOf(filter), kernel[0] * kernel[1] * from, to);
  return [
    tiledProduct(shader, scope, label, { batch: 1, rows, depth: kernel[0] * kernel[1] * from, columns: to }),
  ];
};

/**
 * `Conv2DInputGradient`: dy `[batch, height, width, to]`, filter `[rows, columns, to, from]`, of which the last two axes
 * were swapped before.
 */
export const convolutionInputGradient: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [dy, filter] = value.inputs as [Value, Value];
  const { kernel, strides, pads } = windowOf(value);
  const [, outHeight, outWidth, to] = dy.shape as Quad;
  const [batch, height, width, from] = value.shape as Quad;
  const shader = new Shader();
  const rows = batch * height * width;
  shader.declare(`fn row_of(m: u32, z: u32) -> vec3i {
  let place = m % ${height * width}u;
  let first = i32(m / ${height * width}u) * ${outHeight * outWidth};
  let top = i32(place / ${width}u) + ${pads[0]};
  return vec3i(first, select(${OUTSIDE}, top, m < ${rows}u), i32(place % ${width}u) + ${pads[1]});
}
// The row or column of dy whose window has a tap at a place, or one outside.
fn unstrided(place: i32, stride: i32) -> i32 {
  return select(${OUTSIDE}, place / stride, (place >= 0) & (place % stride == 0));
}`);
  declarePixels(shader, scope.placeOf(dy), {
    shape: dy.shape,
    kernelWidth: kernel[1],
    row: (tap) => `unstrided(row.y - ${tap}, ${strides[0]})`,
    column: (tap) => `unstrided(row.z - ${tap}, ${strides[1]})`,
    depth: kernel[0] * kernel[1] * to,
  });
  declareMatrix(shader, scope.placeOf(filter), kernel[0] * kernel[1] * to, from);
  return [
    tiledProduct(shader, scope, label, { batch: 1, rows, depth: kernel[0] * kernel[1] * to, columns: from }),
  ];
};

/** Far above every image. */
const OUTSIDE = -1073741824;

/** `left(row, k)`: the pixels under the taps of a window, channel by channel. `row` is the first pixel, then row and column. */
function declarePixels(
  shader: Shader,
  place: Place,
  {
    shape: [, height, width, channels],
    kernelWidth,
    row,
    column,
    depth,
  }: {
    readonly shape: Shape;
    readonly kernelWidth: number;
    /** The row and the column of the image for a tap. */
    row(tap: string): string;
    column(tap: string): string;
    readonly depth: number;
  },
): void {
  const isWide = channels! % 4 === 0;
  const lanes = isWide ? 4 : 1;
  shader.bind(place, lanes);
  const type = isWide ? 'vec4f' : 'f32';
  const inside = `(k < ${depth}u) & (y >= 0) & (y < ${height}) & (x >= 0) & (x < ${width})`;
  const at = `u32(row.x + y * ${width} + x) * ${channels}u + k % ${channels}u`;
  const lets = `
  let tap = i32(k / ${channels}u);
  let y = ${row(`(tap / ${kernelWidth})`)};
  let x = ${column(`(tap % ${kernelWidth})`)};`;
  shader.declare(`fn pixel(row: vec3i, k: u32) -> ${type} ${guarded(type, inside, { lets, value: shader.load(place, at, lanes) })}
fn left(row: vec3i, k: u32) -> vec4f ${isWide ? '{ return pixel(row, k); }' : gathered('pixel(row, k + i)')}`);
}

/** `right(k, n, z)`: four elements of a row-major matrix. */
export function declareMatrix(
  shader: Shader,
  place: Place,
  depth: number,
  columns: number,
  first = '0u',
): void {
  const lanes = columns % 4 === 0 ? 4 : 1;
  shader.bind(place, lanes);
  const value = shader.load(place, `${first} + k * ${columns}u + n`, lanes);
  const [name, type] = lanes === 4 ? ['right', 'vec4f'] : ['element', 'f32'];
  const inside = `(k < ${depth}u) & (n < ${columns}u)`;
  shader.declare(`fn ${name}(k: u32, n: u32, z: u32) -> ${type} ${guarded(type, inside, { value })}`);
  if (lanes === 1)
    shader.declare(`fn right(k: u32, n: u32, z: u32) -> vec4f ${gathered('element(k, n + i, z)')}`);
}
