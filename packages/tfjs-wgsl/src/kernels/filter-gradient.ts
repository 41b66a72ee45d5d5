/**
 * Gradients of filters: the pixels under the taps, transposed, times dy. The inner dimension has all pixels of a batch, so
 * it is split among workgroups, whose parts a second pass adds up; that pass also runs the optimizer.
 */
import { size, type Value } from '@simgan/tfjs-trace/graph';
import { declareFinish } from './finish.ts';
import type { Lowering } from './lowering.ts';
import { SUM, totalOfParts } from './partial.ts';
import { finishLanes, range, shares } from './product.ts';
import { gathered, guarded, type Kernel, type Place, Shader } from './shader.ts';
import { invocationsOf, type Tile, vectorsOf } from './tiles.ts';
import { windowOf } from './window.ts';

type Quad = [number, number, number, number];

/** Invocations that keep a large GPU busy, and the fewest pixels that are worth a workgroup. */
const INVOCATIONS = 76032;
const FEWEST_PIXELS = { large: 256, small: 64 };
const LARGE = 64;
const UNROLLED = 4;

/** `Conv2DFilterGradient`: x `[batch, height, width, from]`, dy `[batch, rows, columns, to]`. */
export const filterGradient: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [, dy] = value.inputs as [Value, Value];
  const [rows, columns] = [size(value.shape.slice(0, 3)), value.shape[3]!];
  const pixels = size(dy.shape.slice(0, 3));
  const tile = scope.tileFor({ kind: 'filters', rows, depth: pixels, columns });
  const tiles = Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
  const fewest = FEWEST_PIXELS[invocationsOf(tile) > LARGE ? 'large' : 'small'];
  const most = Math.ceil(pixels / fewest);
  const wanted = Math.max(Math.min(Math.ceil(INVOCATIONS / invocationsOf(tile) / tiles), most), 1);
  const chunk = Math.ceil(Math.ceil(pixels / wanted) / tile.depth) * tile.depth;
  const count = Math.ceil(pixels / chunk);
  const split = { rows, columns, pixels, chunk, count, tile };
  if (count === 1) return [splitProduct(value, scope, label, split)];
  const parts: Place = { dtype: 'float32', length: count * rows * columns };
  return [
    splitProduct(value, scope, `${label} parts`, split, parts),
    totalOfParts(scope, label, parts, { count, total: SUM }),
  ];
};

interface Split {
  readonly rows: number;
  readonly columns: number;
  readonly pixels: number;
  readonly chunk: number;
  readonly count: number;
  readonly tile: Tile;
}

function splitProduct(
  value: Value,
  scope: Parameters<Lowering>[0],
  label: string,
  split: Split,
  parts?: Place,
): Kernel {
  const { rows, columns, pixels, chunk, count, tile } = split;
  const shader = new Shader();
  declarePixelRows(shader, scope, value);
  declareGradientRows(shader, scope, value);
  const lanes = columns % 4 === 0 ? 4 : 1;
  if (!parts) declareFinish(shader, scope, lanes);
  shader.declare(`fn finish_part(m: u32, n: u32, z: u32, value: vec4f) {
  if ((m >= ${rows}u) | (n >= ${columns}u)) { return; }
  let e = z * ${rows * columns}u + m * ${columns}u + n;
${parts ? storeLanes(shader, parts, lanes, columns) : finishLanes(lanes, columns)}
}`);
  const threads = invocationsOf(tile);
  const [tall, width] = [tile.rows / 4, tile.columns / 4];
  const across = width / tile.wide;
  const high = tile.high / 4;
  const vectors = vectorsOf('filters', tile);
  shader.declare(`var<workgroup> lefts: array<vec4f, ${vectors.left}>;
var<workgroup> rights: array<vec4f, ${vectors.right}>;`);
  const [down, over] = [Math.ceil(rows / tile.rows), Math.ceil(columns / tile.columns)];
  const lefts = shares(tile.depth * tall, threads);
  const rights = shares(tile.depth * width, threads);
  const accumulators = range(tile.high, (r) => range(tile.wide, (c) => `c${r}_${c}`));
  const read = (offset: string) => [
    ...lefts.map(({ at }, i) => `next${i} = left(${offset} + (${at}) / ${tall}u, end, tap${i});`),
    ...rights.map(({ at }, i) => `other${i} = right(${offset} + (${at}) / ${width}u, end, column${i});`),
  ];
  // Several pixels to a turn of the loop, which costs a little itself.
  const multiply = range(UNROLLED, (i) => [
    ...range(high, (r) => `let x${i}_${r} = lefts[(q + ${i}u) * ${tall}u + ty * ${high}u + ${r}u];`),
    ...range(tile.wide, (c) => `let y${i}_${c} = rights[(q + ${i}u) * ${width}u + tx + ${c * across}u];`),
    ...accumulators.flatMap((line, r) =>
      line.map((name, c) => `${name} = fma(vec4f(x${i}_${r >> 2}[${r & 3}]), y${i}_${c}, ${name});`),
    ),
  ]).flat();
  const body = `  let z = group / ${down * over}u;
  let first_row = (group % ${down * over}u) / ${over}u * ${tile.rows}u;
  let first_column = group % ${over}u * ${tile.columns}u;
  let first = z * ${chunk}u;
  let end = min(first + ${chunk}u, ${pixels}u);
  let tx = l % ${across}u;
  let ty = l / ${across}u;
${lefts.map(({ at }, i) => `  let tap${i} = tap_of(first_row + (${at}) % ${tall}u * 4u); var next${i} = vec4f(0f);`).join('\n')}
${rights.map(({ at }, i) => `  let column${i} = first_column + (${at}) % ${width}u * 4u; var other${i} = vec4f(0f);`).join('\n')}
  ${read('first').join('\n  ')}
${accumulators
  .flat()
  .map((name) => `  var ${name} = vec4f(0f);`)
  .join('\n')}
  for (var p = first; p < first + ${chunk}u; p += ${tile.depth}u) {
    workgroupBarrier();
${lefts.map(({ at, where }, i) => `    ${where(`lefts[${at}] = next${i};`)}`).join('\n')}
${rights.map(({ at, where }, i) => `    ${where(`rights[${at}] = other${i};`)}`).join('\n')}
    workgroupBarrier();
    ${read(`p + ${tile.depth}u`).join('\n    ')}
    for (var q = 0u; q < ${tile.depth}u; q += ${UNROLLED}u) {
      ${multiply.join('\n      ')}
    }
  }
${accumulators.flatMap((line, r) => line.map((name, c) => `  finish_part(first_row + ty * ${tile.high}u + ${r}u, first_column + (tx + ${c * across}u) * 4u, z, ${name});`)).join('\n')}`;
  return shader.grouped(label, down * over * count, threads, body);
}

const storeLanes = (shader: Shader, parts: Place, lanes: 1 | 4, columns: number) => {
  shader.bind(parts, lanes);
  return lanes === 4
    ? `  ${shader.store(parts, 'e', 'value', 4)}`
    : range(
        4,
        (i) => `  if (n + ${i}u < ${columns}u) { ${shader.store(parts, `e + ${i}u`, `value[${i}]`, 1)} }`,
      ).join('\n');
};

/** `left(p, end, tap)`: four channels, or four rows of the product, under a tap at pixel p of dy. */
function declarePixelRows(shader: Shader, scope: Parameters<Lowering>[0], value: Value): void {
  const [x, dy] = value.inputs as [Value, Value];
  const { strides, dilations, pads } = windowOf(value);
  const [, height, width, channels] = x.shape as Quad;
  const [, outHeight, outWidth] = dy.shape as Quad;
  const [, kernelWidth] = value.shape as Quad;
  const rows = size(value.shape.slice(0, 3));
  const place = scope.placeOf(x);
  const lanes = channels % 4 === 0 ? 4 : 1;
  shader.bind(place, lanes);
  const type = lanes === 4 ? 'vec4f' : 'f32';
  const lets = `
  let place = p % ${outHeight * outWidth}u;
  let y = i32(place / ${outWidth}u) * ${strides[0]} + tap.x;
  let x = i32(place % ${outWidth}u) * ${strides[1]} + tap.y;`;
  const inside = `(p < end) & (tap.w != 0) & (y >= 0) & (y < ${height}) & (x >= 0) & (x < ${width})`;
  const at = `u32((i32(p / ${outHeight * outWidth}u) * ${height} + y) * ${width} + x) * ${channels}u + u32(tap.z)`;
  // Row and column of the tap, its channel, and whether there is such a row of the product.
  shader.declare(`fn one_tap(m: u32) -> vec4i {
  let tap = i32(m / ${channels}u);
  return vec4i(tap / ${kernelWidth} * ${dilations[0]} - ${pads[0]}, tap % ${kernelWidth} * ${dilations[1]} - ${pads[1]}, i32(m % ${channels}u), i32(m < ${rows}u));
}
fn under(p: u32, end: u32, tap: vec4i) -> ${type} ${guarded(type, inside, { lets, value: shader.load(place, at, lanes) })}`);
  shader.declare(
    lanes === 4
      ? `fn tap_of(m: u32) -> vec4i { return one_tap(m); }
fn left(p: u32, end: u32, tap: vec4i) -> vec4f { return under(p, end, tap); }`
      : `fn tap_of(m: u32) -> u32 { return m; }
fn left(p: u32, end: u32, m: u32) -> vec4f ${gathered('under(p, end, one_tap(m + i))')}`,
  );
}

/** `right(p, end, n)`: four channels of dy at pixel p. */
function declareGradientRows(shader: Shader, scope: Parameters<Lowering>[0], value: Value): void {
  const [, dy] = value.inputs as [Value, Value];
  const columns = dy.shape[3]!;
  const place = scope.placeOf(dy);
  const lanes = columns % 4 === 0 ? 4 : 1;
  shader.bind(place, lanes);
  const type = lanes === 4 ? 'vec4f' : 'f32';
  const loaded = shader.load(place, `p * ${columns}u + n`, lanes);
  shader.declare(`fn outer(p: u32, end: u32, n: u32) -> ${type} ${guarded(type, `(p < end) & (n < ${columns}u)`, { value: loaded })}
fn right(p: u32, end: u32, n: u32) -> vec4f ${lanes === 4 ? '{ return outer(p, end, n); }' : gathered('outer(p, end, n + i)')}`);
}
