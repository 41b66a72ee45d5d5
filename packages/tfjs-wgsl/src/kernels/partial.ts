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

/** Fewer totals than this have a workgroup each, so that a GPU is not idle. */
const FEW = 4096;
const WORKGROUP = 64;

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
  if (totals >= FEW || count < WORKGROUP / 4) {
    return shader.flat(
      label,
      totals,
      `  let e = t * ${lanes}u;
  var total: ${type} = ${neutralOf(total, dtype, lanes)};
  for (var part = 0u; part < ${count}u; part++) { total = ${total.combine('total', part)}; }
  finish(e, ${scaled('total', total)});`,
    );
  }
  shader.declare(`var<workgroup> totals: array<${type}, ${WORKGROUP}>;`);
  return shader.grouped(
    label,
    totals,
    WORKGROUP,
    `  let e = group * ${lanes}u;
  var total: ${type} = ${neutralOf(total, dtype, lanes)};
  for (var part = l; part < ${count}u; part += ${WORKGROUP}u) { total = ${total.combine('total', part)}; }
  totals[l] = total;
  for (var half = ${WORKGROUP / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (l < half) { totals[l] = ${total.combine('totals[l]', 'totals[l + half]')}; }
  }
  workgroupBarrier();
  if (l == 0u) { finish(e, ${scaled('totals[0]', total)}); }`,
  );
}
