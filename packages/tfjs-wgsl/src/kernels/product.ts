/** Tiled matrix products: what convolutions, gradients of images and matrix products have in common. */
import { declareFinish, type Scope } from './finish.ts';
import type { Kernel, Shader } from './shader.ts';
import { invocationsOf, type Tile, tileFor } from './tiles.ts';

/**
 * `batch` products of `rows` x `depth` by `depth` x `columns`. The shader declares two functions: `left(row, k)`, the four
 * elements of a row from k on, where `row_of(m, z)` is what it needs to know of row m of product z; and `right(k, n, z)`,
 * the four elements of row k from column n on. Both give 0 beyond an edge.
 */
export interface ProductShape {
  readonly batch: number;
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
}

export const range = <T>(count: number, map: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => map(i));

/** The product, finished by the rest of its cluster. */
export function tiledProduct(
  shader: Shader,
  scope: Scope,
  label: string,
  shape: ProductShape,
  tile = scope.tile ?? tileFor(shape.rows, shape.columns),
): Kernel {
  const { batch, rows, depth, columns } = shape;
  const lanes = columns % 4 === 0 ? 4 : 1;
  declareFinish(shader, scope, lanes);
  declareTiles(shader, tile);
  const threads = invocationsOf(tile);
  const quads = tile.depth / 4;
  const width = tile.columns / 4;
  const across = width / tile.wide;
  const [down, over] = [Math.ceil(rows / tile.rows), Math.ceil(columns / tile.columns)];
  const steps = Math.ceil(depth / tile.depth);
  const lefts = shares(tile.rows * quads, threads);
  const rights = shares(tile.depth * width, threads);
  const accumulators = range(tile.high, (r) => range(tile.wide, (c) => `c${r}_${c}`));

  const body = `  let z = group / ${down * over}u;
  let first_row = (group % ${down * over}u) / ${over}u * ${tile.rows}u;
  let first_column = group % ${over}u * ${tile.columns}u;
  let tx = l % ${across}u;
  let ty = l / ${across}u;
${lefts.map(({ at }, i) => `  let row${i} = row_of(first_row + (${at}) / ${quads}u, z); let quad${i} = (${at}) % ${quads}u * 4u;`).join('\n')}
${rights.map(({ at }, i) => `  let column${i} = first_column + (${at}) % ${width}u * 4u; let level${i} = (${at}) / ${width}u;`).join('\n')}
${lefts.map((_, i) => `  var next${i} = left(row${i}, quad${i});`).join('\n')}
${rights.map((_, i) => `  var other${i} = right(level${i}, column${i}, z);`).join('\n')}
${accumulators
  .flat()
  .map((name) => `  var ${name} = vec4f(0f);`)
  .join('\n')}
  for (var step = 0u; step < ${steps}u; step++) {
    workgroupBarrier();
${lefts.map(({ at, where }, i) => `    ${where(`lefts[${at}] = next${i};`)}`).join('\n')}
${rights.map(({ at, where }, i) => `    ${where(`rights[${at}] = other${i};`)}`).join('\n')}
    workgroupBarrier();
    // The next tile is on its way while this one is multiplied.
    let k = (step + 1u) * ${tile.depth}u;
    if (k < ${depth}u) {
${lefts.map((_, i) => `      next${i} = left(row${i}, k + quad${i});`).join('\n')}
${rights.map((_, i) => `      other${i} = right(k + level${i}, column${i}, z);`).join('\n')}
    }
    for (var q = 0u; q < ${quads}u; q++) {
${range(tile.high, (r) => `      let x${r} = lefts[(ty * ${tile.high}u + ${r}u) * ${quads}u + q];`).join('\n')}
${range(4, (kk) => {
  const loads = range(
    tile.wide,
    (c) => `let y${kk}_${c} = rights[(q * 4u + ${kk}u) * ${width}u + tx + ${c * across}u];`,
  );
  const products = accumulators.flatMap((line, r) =>
    line.map((name, c) => `${name} = fma(vec4f(x${r}[${kk}]), y${kk}_${c}, ${name});`),
  );
  return `      ${[...loads, ...products].join('\n      ')}`;
}).join('\n')}
    }
  }
${accumulators.flatMap((line, r) => line.map((name, c) => `  finish_part(first_row + ty * ${tile.high}u + ${r}u, first_column + (tx + ${c * across}u) * 4u, z, ${name});`)).join('\n')}`;
  shader.declare(`fn finish_part(m: u32, n: u32, z: u32, value: vec4f) {
  if ((m >= ${rows}u) | (n >= ${columns}u)) { return; }
  let e = (z * ${rows}u + m) * ${columns}u + n;
${finishLanes(lanes, columns)}
}`);
  return shader.grouped(label, batch * down * over, threads, body);
}

/** Finishes four columns from `n` on, or as many of them as there are. */
export const finishLanes = (lanes: 1 | 4, columns: number): string =>
  lanes === 4
    ? '  finish(e, value);'
    : range(4, (i) => `  if (n + ${i}u < ${columns}u) { finish(e + ${i}u, value[${i}]); }`).join('\n');

function declareTiles(shader: Shader, { rows, columns, depth }: Tile): void {
  shader.declare(`var<workgroup> lefts: array<vec4f, ${(rows * depth) / 4}>;
var<workgroup> rights: array<vec4f, ${(columns * depth) / 4}>;`);
}

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
