/** Sums, and other totals, in two passes: parts in a buffer, then the total of the parts and the rest of the cluster. */
import type { ElementType } from '@simgan/tfjs-trace/graph';
import { declareFinish, lanesOf, type Scope } from './finish.ts';
import { type Kernel, type Place, Shader } from './shader.ts';
import { computeType, type Lanes, literal, splatted } from './types.ts';

export interface Total {
  /** An expression that adds `b` to the total `a`. */
  combine(a: string, b: string): string;
  readonly neutral: number;
  /** What every total is multiplied by in the end. Default: 1. */
  readonly scale?: number;
}

export const SUM: Total = { combine: (a, b) => `${a} + ${b}`, neutral: 0 };

export const neutralOf = ({ neutral }: Total, dtype: ElementType, lanes: Lanes) =>
  splatted(literal(neutral, dtype), dtype, lanes);

export const scaled = (total: string, { scale = 1 }: Total) =>
  scale === 1 ? total : `${total} * ${literal(scale, 'float32')}`;

const WORKGROUP = 256;
const FEWEST_INVOCATIONS = 64;
/** Neighboring totals are read together: a memory access takes as much whether or not all of it is needed. */
const MOST_ACROSS = 16;

/** How a workgroup makes totals: `across` of them, each in `down` invocations that add up what they find. */
export interface Team {
  readonly across: number;
  readonly down: number;
}

/**
 * @param totals what there is to make, in vectors if they are made in vectors
 * @param count what each is made of
 */
export function teamFor(totals: number, count: number): Team {
  const across = Math.min(powerOfTwo(totals), MOST_ACROSS);
  const down = Math.min(WORKGROUP / across, powerOfTwo(count / 8));
  return { across: Math.min(powerOfTwo(totals), Math.max(across, FEWEST_INVOCATIONS / down)), down };
}

/** The least that is not below `value`, and 1 at least. */
const powerOfTwo = (value: number) => 2 ** Math.ceil(Math.log2(Math.max(value, 1)));

/**
 * Adds up what the invocations of a team found, in `total`, into `totals[l]` of its first `across` invocations. Declares
 * `totals`.
 */
export function addUp(shader: Shader, { across, down }: Team, type: string, { combine }: Total): string {
  shader.declare(`var<workgroup> totals: array<${type}, ${across * down}>;`);
  if (down === 1) return '  totals[l] = total;';
  return `  totals[l] = total;
  for (var half = ${(across * down) / 2}u; half >= ${across}u; half /= 2u) {
    workgroupBarrier();
    if (l < half) { totals[l] = ${combine('totals[l]', 'totals[l + half]')}; }
  }`;
}

/** The second pass: `parts` are `[count, length]`. */
export function totalOfParts(
  scope: Scope,
  label: string,
  parts: Place,
  { count, total }: { readonly count: number; readonly total: Total },
): Kernel {
  const shader = new Shader();
  const { length } = scope;
  const lanes = lanesOf(scope);
  const { dtype } = parts;
  const type = computeType(dtype, lanes);
  shader.bind(parts, lanes);
  const part = shader.load(parts, `part * ${length}u + e`, lanes);
  declareFinish(shader, scope, lanes);
  const totals = length / lanes;
  const team = teamFor(totals, count);
  const { across, down } = team;
  const sum = addUp(shader, team, type, total);
  return shader.grouped(
    label,
    Math.ceil(totals / across),
    across * down,
    `  let e = (group * ${across}u + l % ${across}u) * ${lanes}u;
  var total: ${type} = ${neutralOf(total, dtype, lanes)};
  if (e < ${length}u) {
    for (var part = l / ${across}u; part < ${count}u; part += ${down}u) { total = ${total.combine('total', part)}; }
  }
${sum}
  if ((l < ${across}u) & (e < ${length}u)) { finish(e, ${scaled('totals[l]', total)}); }`,
  );
}
