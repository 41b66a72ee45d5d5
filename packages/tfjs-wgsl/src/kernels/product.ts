/** Tiled matrix products: what convolutions, gradients of images and matrix products have in common. */
import { declareFinish, type Scope } from './finish.ts';
import type { Kernel, Shader } from './shader.ts';
import { invocationsOf, type Tile, vectorsOf } from './tiles.ts';

/**
 * `batch` products of `rows` x `depth` by `depth` x `columns`. The shader declares functions that give 0 beyond an edge:
 * `left(row, k, z)`, the four elements of a row from k on, where `row_of(m, z)` is what it needs to know of row m of product
 * z; and `right(k, n, z)`, the four elements of row k from column n on.
 */
export interface ProductShape {
  readonly batch: number;
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  /**
   * How many neighboring k, from a multiple of this number on, share a tap: what `tap_of(k, z)` gives. The functions are
   * then `left(row, tap, k, z)` and `right(tap, k, n, z)`.
   */
  readonly run?: number;
  /** The depth of product z, where it is less for some; a multiple of `run`. */
  readonly depthOf?: string;
  /** The element of the result at row m and column n of product z. Default: row by row, product by product. */
  readonly elementAt?: string;
  /** Whether row m of product z exists. Default: all below `rows`. */
  readonly hasRow?: string;
}

export const range = <T>(count: number, map: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => map(i));

/** The product, finished by the rest of its cluster. */
export function tiledProduct(
  shader: Shader,
  scope: Scope,
  label: string,
  shape: ProductShape,
  tile: Tile,
): Kernel {
  const { batch, rows, depth, columns, run, depthOf = `${depth}u`, hasRow = `m < ${rows}u` } = shape;
  const lanes = columns % 4 === 0 ? 4 : 1;
  declareFinish(shader, scope, lanes);
  const vectors = vectorsOf('images', tile);
  shader.declare(`var<workgroup> lefts: array<vec4f, ${vectors.left}>;
var<workgroup> rights: array<vec4f, ${vectors.right}>;`);
  const threads = invocationsOf(tile);
  const quads = tile.depth / 4;
  const width = tile.columns / 4;
  const across = width / tile.wide;
  const [down, over] = [Math.ceil(rows / tile.rows), Math.ceil(columns / tile.columns)];
  const lefts = shares(tile.rows * quads, threads);
  const rights = shares(tile.depth * width, threads);
  const accumulators = range(tile.high, (r) => range(tile.wide, (c) => `c${r}_${c}`));
  // A gap after the rows of an invocation: those that invocations read at the same time are in different memory banks.
  const pitch = tile.high * quads + 1;
  const spaced = (at: string) => `${at} + (${at}) / ${tile.high * quads}u`;

  const isShared = run !== undefined && run % tile.depth === 0;
  const tapAt = (k: string) => (run === undefined ? '' : isShared ? 'tap, ' : `tap_of(${k}, z), `);
  const load = (k: string) => [
    ...(isShared ? [`let tap = tap_of(${k}, z);`] : []),
    ...lefts.map((_, i) => `next${i} = left(row${i}, ${tapAt(`${k} + quad${i}`)}${k} + quad${i}, z);`),
    ...rights.map(
      (_, i) => `other${i} = right(${tapAt(`${k} + level${i}`)}${k} + level${i}, column${i}, z);`,
    ),
  ];
  const multiply = [
    ...range(tile.high, (r) => `let x${r} = lefts[ty * ${pitch}u + ${r * quads}u + q];`),
    ...range(4, (kk) => [
      ...range(
        tile.wide,
        (c) => `let y${kk}_${c} = rights[tx + q * ${4 * width}u + ${kk * width + c * across}u];`,
      ),
      ...accumulators.flatMap((line, r) =>
        line.map((name, c) => `${name} = fma(vec4f(x${r}[${kk}]), y${kk}_${c}, ${name});`),
      ),
    ]).flat(),
  ];

  const body = `  let z = group / ${down * over}u;
  let first_row = (group % ${down * over}u) / ${over}u * ${tile.rows}u;
  let first_column = group % ${over}u * ${tile.columns}u;
  let tx = l % ${across}u;
  let ty = l / ${across}u;
  let depth = ${depthOf};
${lefts.map(({ at }, i) => `  let row${i} = row_of(first_row + (${at}) / ${quads}u, z); let quad${i} = (${at}) % ${quads}u * 4u;`).join('\n')}
${rights.map(({ at }, i) => `  let column${i} = first_column + (${at}) % ${width}u * 4u; let level${i} = (${at}) / ${width}u;`).join('\n')}
${lefts.map((_, i) => `  var next${i} = vec4f(0f);`).join('\n')}
${rights.map((_, i) => `  var other${i} = vec4f(0f);`).join('\n')}
  {
    ${load('0u').join('\n    ')}
  }
${accumulators
  .flat()
  .map((name) => `  var ${name} = vec4f(0f);`)
  .join('\n')}
  for (var k = ${tile.depth}u; k < depth + ${tile.depth}u; k += ${tile.depth}u) {
    workgroupBarrier();
${lefts.map(({ at, where }, i) => `    ${where(`lefts[${spaced(at)}] = next${i};`)}`).join('\n')}
${rights.map(({ at, where }, i) => `    ${where(`rights[${at}] = other${i};`)}`).join('\n')}
    workgroupBarrier();
    // The next tile is on its way while this one is multiplied.
    if (k < depth) {
      ${load('k').join('\n      ')}
    }
    for (var q = 0u; q < ${quads}u; q++) {
      ${multiply.join('\n      ')}
    }
  }
${accumulators.flatMap((line, r) => line.map((name, c) => `  finish_part(first_row + ty * ${tile.high}u + ${r}u, first_column + (tx + ${c * across}u) * 4u, z, ${name});`)).join('\n')}`;
  shader.declare(`fn finish_part(m: u32, n: u32, z: u32, value: vec4f) {
  if (!(${hasRow}) | (n >= ${columns}u)) { return; }
  let e = ${shape.elementAt ?? `(z * ${rows}u + m) * ${columns}u + n`};
${finishLanes(lanes, columns)}
}`);
  return shader.grouped(label, batch * down * over, threads, body);
}

/** Finishes four columns from `n` on, or as many of them as there are. */
export const finishLanes = (lanes: 1 | 4, columns: number): string =>
  lanes === 4
    ? '  finish(e, value);'
    : range(4, (i) => `  if (n + ${i}u < ${columns}u) { finish(e + ${i}u, value[${i}]); }`).join('\n');

/** Which of `count` vectors each invocation moves, one after the other; `where` runs a statement if there is one. */
export function shares(
  count: number,
  threads: number,
): { readonly at: string; where(statement: string): string }[] {
  return range(Math.ceil(count / threads), (i) => {
    const at = i === 0 ? 'l' : `l + ${i * threads}u`;
    const isPartial = (i + 1) * threads > count;
    return {
      at,
      where: (statement) => (isPartial ? `if (${at} < ${count}u) { ${statement} }` : statement),
    };
  });
}
