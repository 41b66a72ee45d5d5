/** `MatMul`: `[…, rows, depth]` by `[…, depth, columns]`, with broadcast leading axes. */
import { size, type Value } from '@simgan/tfjs-trace/graph';
import { readingOf } from './indices.ts';
import type { Lowering } from './lowering.ts';
import { tiledProduct } from './product.ts';
import { gathered, guarded, type Place, Shader } from './shader.ts';
import type { Tile } from './tiles.ts';

export const matrixProduct: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [a, b] = value.inputs as [Value, Value];
  const [rows, columns] = value.shape.slice(-2) as [number, number];
  const depth = a.shape.at(-1)!;
  const stack = value.shape.slice(0, -2);
  const firstOf = ({ shape }: Value) =>
    `(${readingOf(stack, shape.slice(0, -2)).at('z')}) * ${size(shape.slice(-2))}u`;
  const product = { kind: 'images', rows, depth, columns } as const;
  const tile = scope.tileFor(product);
  const shader = new Shader();
  const place = scope.placeOf(a);
  const lanes = depth % 4 === 0 ? 4 : 1;
  shader.bind(place, lanes);
  const type = lanes === 4 ? 'vec4f' : 'f32';
  const inside = `(row.x < ${rows}u) & (k < ${depth}u)`;
  const loaded = shader.load(place, `row.y + row.x * ${depth}u + k`, lanes);
  shader.declare(`fn row_of(m: u32, z: u32) -> vec2u { return vec2u(m, ${firstOf(a)}); }
fn element_of(row: vec2u, k: u32) -> ${type} ${guarded(type, inside, { value: loaded })}
fn left(row: vec2u, k: u32, z: u32) -> vec4f ${lanes === 4 ? '{ return element_of(row, k); }' : gathered('element_of(row, k + i)')}`);
  declareMatrix(shader, scope.placeOf(b), depth, columns, { tile, first: firstOf(b) });
  return [tiledProduct(shader, scope, label, { batch: size(stack), ...product }, tile)];
};

/** `right` of a product: four elements of a row-major matrix, whose first element is number `first` of the buffer. */
export function declareMatrix(
  shader: Shader,
  place: Place,
  depth: number,
  columns: number,
  {
    tile,
    first,
    isTapped = false,
  }: { readonly tile: Tile; readonly first?: string; readonly isTapped?: boolean },
): void {
  const lanes = columns % 4 === 0 ? 4 : 1;
  shader.bind(place, lanes);
  const at = `${first ? `${first} + ` : ''}k * ${columns}u + n`;
  const value = shader.load(place, at, lanes);
  const edges = [
    ...(depth % tile.depth === 0 ? [] : [`(k < ${depth}u)`]),
    ...(columns % tile.columns === 0 ? [] : [`(n < ${columns}u)`]),
  ];
  const type = lanes === 4 ? 'vec4f' : 'f32';
  const body = edges.length > 0 ? guarded(type, edges.join(' & '), { value }) : `{ return ${value}; }`;
  shader.declare(`fn element(k: u32, n: u32, z: u32) -> ${type} ${body}
fn right(${isTapped ? 'tap: vec3i, ' : ''}k: u32, n: u32, z: u32) -> vec4f ${lanes === 4 ? '{ return element(k, n, z); }' : gathered('element(k, n + i, z)')}`);
}
