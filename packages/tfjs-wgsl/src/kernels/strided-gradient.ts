/**
 * Gradients of the inputs of strided convolutions. A pixel of the input is under every s-th tap only, and which ones repeats
 * every s pixels: each of the phases is a product with its own taps, so that none is multiplied by zeros.
 */
import type { Value } from '@simgan/tfjs-trace/graph';
import type { Lowering } from './lowering.ts';
import { declarePixels, OUTSIDE, type Quad } from './pixels.ts';
import { tiledProduct } from './product.ts';
import { gathered, guarded, Shader } from './shader.ts';
import { windowOf } from './window.ts';

/** dy `[batch, height, width, to]`, filter `[rows, columns, to, from]`. */
export const stridedInputGradient: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [dy] = value.inputs as [Value, Value];
  const { kernel, strides, pads } = windowOf(value);
  const [, outHeight, outWidth, to] = dy.shape as Quad;
  const [batch, height, width, from] = value.shape as Quad;
  const [tall, broad] = [Math.ceil(height / strides[0]), Math.ceil(width / strides[1])];
  const taps = [Math.ceil(kernel[0] / strides[0]), Math.ceil(kernel[1] / strides[1])] as const;
  const rows = batch * tall * broad;
  const product = { kind: 'images', rows, depth: taps[0] * taps[1] * to, columns: from } as const;
  const tile = scope.tileFor(product);
  const shader = new Shader();
  // A phase, its taps from the first to the kernel's end, and the first pixel of the padded input that is in it.
  shader.declare(`fn phase_of(z: u32) -> vec2i { return vec2i(i32(z / ${strides[1]}u), i32(z % ${strides[1]}u)); }
fn taps_of(z: u32) -> vec2i {
  return (vec2i(${kernel[0]}, ${kernel[1]}) - phase_of(z) + vec2i(${strides[0] - 1}, ${strides[1] - 1})) / vec2i(${strides[0]}, ${strides[1]});
}
fn first_of(z: u32) -> vec2i {
  return max(vec2i(${pads[0]}, ${pads[1]}) - phase_of(z) + vec2i(${strides[0] - 1}, ${strides[1] - 1}), vec2i(0)) / vec2i(${strides[0]}, ${strides[1]});
}
fn row_of(m: u32, z: u32) -> vec3i {
  let place = m % ${tall * broad}u;
  let first = i32(m / ${tall * broad}u) * ${outHeight * outWidth};
  let at = first_of(z) + vec2i(i32(place / ${broad}u), i32(place % ${broad}u));
  return vec3i(first, select(${OUTSIDE}, at.x, m < ${rows}u), at.y);
}
fn tap_of(k: u32, z: u32) -> vec3i {
  let tap = i32(k / ${to}u);
  let across = max(taps_of(z).y, 1);
  return vec3i(-(tap / across), -(tap % across), tap * ${to});
}
fn pixel_of(m: u32, z: u32) -> vec2i {
  let row = row_of(m, z).yz;
  return row * vec2i(${strides[0]}, ${strides[1]}) + phase_of(z) - vec2i(${pads[0]}, ${pads[1]});
}
fn depth_of(z: u32) -> u32 { let taps = taps_of(z); return u32(max(taps.x, 0) * max(taps.y, 0) * ${to}); }`);
  const run = declarePixels(
    shader,
    scope.placeOf(dy),
    dy.shape,
    to % tile.depth === 0 ? undefined : 'depth_of(z)',
  );
  declareTaps(shader, scope, value);
  const shape = {
    batch: strides[0] * strides[1],
    ...product,
    ...(run && { run }),
    depthOf: 'depth_of(z)',
    hasRow: `(m < ${rows}u) & (u32(pixel_of(m, z).x) < ${height}u) & (u32(pixel_of(m, z).y) < ${width}u)`,
    elementAt: `((m / ${tall * broad}u * ${height}u + u32(pixel_of(m, z).x)) * ${width}u + u32(pixel_of(m, z).y)) * ${from}u + n`,
  };
  return [tiledProduct(shader, scope, label, shape, tile)];
};

/** `right`: four elements of the filter's row that belongs to k in a phase; 0 beyond, so that pixels there do not count. */
function declareTaps(shader: Shader, scope: Parameters<Lowering>[0], value: Value): void {
  const [dy, filter] = value.inputs as [Value, Value];
  const { kernel, strides } = windowOf(value);
  const [to, from] = [dy.shape[3]!, value.shape[3]!];
  const place = scope.placeOf(filter);
  const lanes = from % 4 === 0 ? 4 : 1;
  shader.bind(place, lanes);
  const isTapped = to % 4 === 0;
  const lets = `${isTapped ? '' : '\n  let tap = tap_of(k, z);'}
  let at = phase_of(z) - tap.xy * vec2i(${strides[0]}, ${strides[1]});
  let first = u32((at.x * ${kernel[1]} + at.y) * ${to} - tap.z) + k;`;
  const type = lanes === 4 ? 'vec4f' : 'f32';
  const body = guarded(type, `(k < depth_of(z)) & (n < ${from}u)`, {
    lets,
    value: shader.load(place, `first * ${from}u + n`, lanes),
  });
  const [parameter, argument] = isTapped ? ['tap: vec3i, ', 'tap, '] : ['', ''];
  const wide =
    lanes === 4 ? `{ return element(${argument}k, n, z); }` : gathered(`element(${argument}k, n + i, z)`);
  shader.declare(`fn element(${parameter}k: u32, n: u32, z: u32) -> ${type} ${body}
fn right(${parameter}k: u32, n: u32, z: u32) -> vec4f ${wide}`);
}
