/** Convolutions, and the gradients of their inputs, as products of the pixels under a filter with the filter. */
import { size, type Value } from '@simgan/tfjs-trace/graph';
import type { Lowering } from './lowering.ts';
import { declareMatrix } from './matrix.ts';
import { declarePixels, OUTSIDE, type Quad } from './pixels.ts';
import { tiledProduct } from './product.ts';
import { Shader } from './shader.ts';
import { stridedInputGradient } from './strided-gradient.ts';
import type { ProductSize } from './tiles.ts';
import { windowOf } from './window.ts';

/** `Conv2D`: x `[batch, height, width, from]`, filter `[rows, columns, from, to]`. */
export const convolution: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [x, filter] = value.inputs as [Value, Value];
  const { kernel, strides, dilations, pads } = windowOf(value);
  const [, height, width, from] = x.shape as Quad;
  const [batch, outHeight, outWidth, to] = value.shape as Quad;
  const depth = kernel[0] * kernel[1] * from;
  const product = { kind: 'images', rows: batch * outHeight * outWidth, depth, columns: to } as const;
  const shader = new Shader();
  shader.declare(`fn row_of(m: u32, z: u32) -> vec3i {
  let place = m % ${outHeight * outWidth}u;
  let first = i32(m / ${outHeight * outWidth}u) * ${height * width};
  let top = i32(place / ${outWidth}u) * ${strides[0]} - ${pads[0]};
  return vec3i(first, select(${OUTSIDE}, top, m < ${product.rows}u), i32(place % ${outWidth}u) * ${strides[1]} - ${pads[1]});
}
fn tap_of(k: u32, z: u32) -> vec3i {
  let tap = i32(k / ${from}u);
  return vec3i(tap / ${kernel[1]} * ${dilations[0]}, tap % ${kernel[1]} * ${dilations[1]}, tap * ${from});
}`);
  return pixelProduct(scope, label, shader, { pixels: x, filter, product });
};

/**
 * `Conv2DInputGradient`: dy `[batch, height, width, to]`, filter `[rows, columns, to, from]`, of which the last two axes
 * were swapped before.
 */
export const convolutionInputGradient: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [dy, filter] = value.inputs as [Value, Value];
  const { kernel, strides, pads } = windowOf(value);
  if (strides[0] > 1 || strides[1] > 1) return stridedInputGradient(scope, label);
  const [, outHeight, outWidth, to] = dy.shape as Quad;
  const [, height, width, from] = value.shape as Quad;
  const depth = kernel[0] * kernel[1] * to;
  const product = { kind: 'images', rows: size(value.shape.slice(0, 3)), depth, columns: from } as const;
  const shader = new Shader();
  shader.declare(`fn row_of(m: u32, z: u32) -> vec3i {
  let place = m % ${height * width}u;
  let first = i32(m / ${height * width}u) * ${outHeight * outWidth};
  let bottom = i32(place / ${width}u) + ${pads[0]};
  return vec3i(first, select(${OUTSIDE}, bottom, m < ${product.rows}u), i32(place % ${width}u) + ${pads[1]});
}
fn tap_of(k: u32, z: u32) -> vec3i {
  let tap = i32(k / ${to}u);
  return vec3i(-(tap / ${kernel[1]}), -(tap % ${kernel[1]}), tap * ${to});
}`);
  return pixelProduct(scope, label, shader, { pixels: dy, filter, product });
};

/** The product of the pixels that `row_of` and `tap_of` name with the filter. */
function pixelProduct(
  scope: Parameters<Lowering>[0],
  label: string,
  shader: Shader,
  {
    pixels,
    filter,
    product,
  }: { readonly pixels: Value; readonly filter: Value; readonly product: ProductSize },
): ReturnType<Lowering> {
  const { depth, columns } = product;
  const tile = scope.tileFor(product);
  const end = depth % tile.depth === 0 ? undefined : `${depth}u`;
  const run = declarePixels(shader, scope.placeOf(pixels), pixels.shape, end);
  declareMatrix(shader, scope.placeOf(filter), depth, columns, { tile, isTapped: run !== undefined });
  return [tiledProduct(shader, scope, label, { batch: 1, ...product, ...(run && { run }) }, tile)];
}
