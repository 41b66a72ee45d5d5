/** Sums, means, products and extremes over axes. */
import { type Shape, size, type Value } from '@simgan/tfjs-trace/graph';
import { declareFinish } from './finish.ts';
import { coordinatesOf, elementAt } from './indices.ts';
import type { Lowering } from './lowering.ts';
import { addUp, neutralOf, SUM, scaled, type Total, teamFor, totalOfParts } from './partial.ts';
import { type Place, Shader } from './shader.ts';
import { computeType, type Lanes } from './types.ts';

/** Workgroups that keep a large GPU busy, and the fewest elements that are worth an invocation more. */
const WORKGROUPS = 512;
const FEWEST_ELEMENTS = 32;
/** So many totals keep it busy with one invocation each. */
const MANY = 65536;

const LARGEST = 3.4028234663852886e38;

function totalOf(op: string, count: number, isInteger: boolean): Total {
  const largest = isInteger ? 2147483647 : LARGEST;
  switch (op) {
    case 'ReduceMax':
      return { combine: (a, b) => `max(${a}, ${b})`, neutral: -largest };
    case 'ReduceMin':
      return { combine: (a, b) => `min(${a}, ${b})`, neutral: largest };
    case 'ReduceProd':
      return { combine: (a, b) => `${a} * ${b}`, neutral: 1 };
    case 'ReduceMean':
      return { ...SUM, scale: 1 / count };
    default:
      return SUM;
  }
}

export const reduction: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [x] = value.inputs as [Value];
  const axes = value.attributes.axes as readonly number[];
  const isKept = x.shape.map((length, axis) => length > 1 && !axes.includes(axis));
  const kept = x.shape.filter((_, axis) => isKept[axis]);
  const reduced = x.shape.filter((length, axis) => length > 1 && !isKept[axis]);
  const count = size(reduced);
  const total = totalOf(value.op, count, x.dtype !== 'float32');
  const innermost = x.shape.findLastIndex((length) => length > 1);
  const keepsInnermost = innermost < 0 || isKept[innermost]!;
  const lanes: Lanes = keepsInnermost && (kept.at(-1) ?? 1) % 4 === 0 ? 4 : 1;
  const outputs = size(kept) / lanes;

  const shader = new Shader();
  const place = scope.placeOf(x);
  const type = computeType(x.dtype, lanes);
  shader.bind(place, lanes);
  /** Where element `r` of the reduced axes is for output `o`. */
  const at = placesOf(x.shape, isKept);
  const loop = (start: string, step: number) => `  let o = output * ${lanes}u;
  var total: ${type} = ${neutralOf(total, x.dtype, lanes)};
  if (output < ${outputs}u) {
    for (var r = ${start}; r < ${count}u; r += ${step}u) {
      let at = ${at('o', 'r')};
      total = ${total.combine('total', shader.load(place, 'at', lanes))};
    }
  }`;

  if (outputs >= MANY || count < FEWEST_ELEMENTS) {
    declareFinish(shader, scope, lanes);
    const body = `  let output = t;\n${loop('0u', 1)}\n  finish(o, ${scaled('total', total)});`;
    return [shader.flat(label, outputs, body)];
  }
  // Neighboring invocations read neighboring elements.
  const team = keepsInnermost ? teamFor(outputs, count) : teamFor(1, count);
  const { across, down } = team;
  const teams = Math.ceil(outputs / across);
  const most = Math.ceil(count / down / FEWEST_ELEMENTS);
  const wanted = Math.max(Math.min(Math.ceil(WORKGROUPS / teams), most), 1);
  const body = `  let output = group % ${teams}u * ${across}u + l % ${across}u;
  let part = group / ${teams}u;
${loop(`part * ${down}u + l / ${across}u`, down * wanted)}
${addUp(shader, team, type, total)}
  if ((l >= ${across}u) | (output >= ${outputs}u)) { return; }
`;
  if (wanted === 1) {
    declareFinish(shader, scope, lanes);
    return [
      shader.grouped(label, teams, across * down, `${body}  finish(o, ${scaled('totals[l]', total)});`),
    ];
  }
  const parts: Place = { dtype: x.dtype, length: wanted * size(kept) };
  shader.bind(parts, lanes);
  const stored = shader.store(parts, `part * ${size(kept)}u + o`, 'totals[l]', lanes);
  return [
    shader.grouped(`${label} parts`, teams * wanted, across * down, `${body}  ${stored}`),
    totalOfParts(scope, label, parts, { count: wanted, total }),
  ];
};

/** The element of `shape` at output `o` of the kept axes and element `r` of the others. */
export function placesOf(shape: Shape, isKept: readonly boolean[]): (o: string, r: string) => string {
  const part = (keep: boolean) => shape.filter((length, axis) => length > 1 && isKept[axis] === keep);
  return (o, r) => {
    const own = { kept: coordinatesOf(o, part(true)), reduced: coordinatesOf(r, part(false)) };
    return elementAt(
      shape.map((length, axis) => (length === 1 ? '0u' : (isKept[axis] ? own.kept : own.reduced).shift()!)),
      shape,
    );
  };
}

/** `ArgMax` and `ArgMin`: the first of the extremes along an axis. */
export const argumentOfExtreme: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [x] = value.inputs as [Value];
  const along = value.attributes.axis as number;
  const axis = along < 0 ? along + x.shape.length : along;
  const shader = new Shader();
  const place = scope.placeOf(x);
  shader.bind(place, 1);
  declareFinish(shader, scope, 1);
  const at = (r: string) => placeAlong(x.shape, axis, 't', r);
  const comparison = value.op === 'ArgMax' ? '>' : '<';
  return [
    shader.flat(
      label,
      scope.length,
      `  var best = 0u;
  var most = ${shader.load(place, at('0u'), 1)};
  for (var r = 1u; r < ${x.shape[axis]}u; r++) {
    let candidate = ${shader.load(place, at('r'), 1)};
    if (candidate ${comparison} most) { most = candidate; best = r; }
  }
  finish(t, i32(best));`,
    ),
  ];
};

/** `CumSum` along an axis. */
export const cumulativeSum: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [x, axisValue] = value.inputs as [Value, Value];
  const axis = Number(axisValue.data![0]);
  const { exclusive, reverse } = value.attributes;
  const length = x.shape[axis]!;
  const shader = new Shader();
  const place = scope.placeOf(x);
  shader.bind(place, 1);
  declareFinish(shader, scope, 1);
  const at = placeAlong(x.shape, axis, 't', 'r');
  const type = computeType(x.dtype, 1);
  return [
    shader.flat(
      label,
      scope.length / length,
      `  var sum = ${type}(0);
  for (var i = 0u; i < ${length}u; i++) {
    let r = ${reverse ? `${length - 1}u - i` : 'i'};
    let at = ${at};
    let term = ${shader.load(place, 'at', 1)};
    ${exclusive ? 'finish(at, sum); sum += term;' : 'sum += term; finish(at, sum);'}
  }`,
    ),
  ];
};

/** Element `r` along `axis` of line number `line`. */
function placeAlong(shape: Shape, axis: number, line: string, r: string): string {
  const inner = size(shape.slice(axis + 1));
  return `((${line}) / ${inner}u * ${shape[axis]}u + (${r})) * ${inner}u + (${line}) % ${inner}u`;
}
