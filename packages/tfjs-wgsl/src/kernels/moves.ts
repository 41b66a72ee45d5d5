/** Operators that move elements: each element of the result says where it comes from. */
import { type Shape, size, type Value } from '@simgan/tfjs-trace/graph';
import { declareFinish } from './finish.ts';
import { coordinatesOf, elementAt } from './indices.ts';
import type { Lowering } from './lowering.ts';
import { Shader } from './shader.ts';
import { literal } from './types.ts';

/** An operator whose result's element at `to` is the first input's element at the coordinates that this gives. */
const moved =
  (from: (value: Value, to: readonly string[]) => string[]): Lowering =>
  (scope, label) => {
    const [value] = scope.members as [Value];
    const [x] = value.inputs as [Value];
    const shader = new Shader();
    const place = scope.placeOf(x);
    shader.bind(place, 1);
    declareFinish(shader, scope, 1);
    const at = elementAt(from(value, coordinatesOf('t', value.shape)), x.shape);
    return [
      shader.flat(label, scope.length, `  let at = ${at};\n  finish(t, ${shader.load(place, 'at', 1)});`),
    ];
  };

export const transpose = moved(({ attributes, inputs }, to) => {
  const perm = attributes.perm as readonly number[];
  return inputs[0]!.shape.map((_, axis) => to[perm.indexOf(axis)]!);
});

export const slice = moved(({ attributes }, to) => {
  const { axes, starts, steps } = attributes as Record<string, readonly number[]>;
  return to.map((at, axis) => {
    const i = axes!.indexOf(axis);
    return i < 0 ? at : `u32(${starts![i]} + i32(${at}) * ${steps![i]})`;
  });
});

export const tile = moved(({ inputs }, to) =>
  to.map((at, axis) => {
    const length = inputs[0]!.shape[axis]!;
    return length === 1 ? '0u' : `(${at} % ${length}u)`;
  }),
);

/** `Take`: the elements at constant indices along an axis. */
export const take: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [x] = value.inputs as [Value];
  const { axis, indices } = value.attributes as { axis: number; indices: readonly number[] };
  const shader = new Shader();
  const place = scope.placeOf(x);
  const lanes = axis < x.shape.length - 1 && x.shape.at(-1)! % 4 === 0 ? 4 : 1;
  shader.bind(place, lanes);
  declareFinish(shader, scope, lanes);
  shader.declare(
    `const indices = array<u32, ${indices.length}>(${indices.map((index) => `${index}u`).join(', ')});`,
  );
  const to = coordinatesOf('e', value.shape);
  const at = elementAt(to.with(axis, `indices[${to[axis]}]`), x.shape);
  return [
    shader.flat(
      label,
      scope.length / lanes,
      `  let e = t * ${lanes}u;\n  let at = ${at};\n  finish(e, ${shader.load(place, 'at', lanes)});`,
    ),
  ];
};

/** `Gather`: the elements at computed indices along an axis. */
export const gather: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [x, indices] = value.inputs as [Value, Value];
  const axis = value.attributes.axis as number;
  const shader = new Shader();
  const [place, chosen] = [scope.placeOf(x), scope.placeOf(indices)];
  shader.bind(place, 1);
  shader.bind(chosen, 1);
  declareFinish(shader, scope, 1);
  const [inner, count] = [size(x.shape.slice(axis + 1)), size(indices.shape)];
  return [
    shader.flat(
      label,
      scope.length,
      `  let index = u32(${shader.load(chosen, `t / ${inner}u % ${count}u`, 1)});
  let at = (t / ${inner * count}u * ${x.shape[axis]}u + index) * ${inner}u + t % ${inner}u;
  finish(t, ${shader.load(place, 'at', 1)});`,
    ),
  ];
};

export const pad: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [x] = value.inputs as [Value];
  const pads = value.attributes.pads as readonly number[];
  const fill = literal((value.attributes.value as { float: number }).float, value.dtype);
  const shader = new Shader();
  const place = scope.placeOf(x);
  shader.bind(place, 1);
  declareFinish(shader, scope, 1);
  const to = coordinatesOf('t', value.shape);
  const inside = to.flatMap((at, axis) => {
    const [before, length] = [pads[axis]!, x.shape[axis]!];
    return before + length < value.shape[axis]! || before > 0
      ? [`(${at} >= ${before}u) & (${at} < ${before + length}u)`]
      : [];
  });
  const from = to.map((at, axis) => (pads[axis] ? `(${at} - ${pads[axis]}u)` : at));
  return [
    shader.flat(
      label,
      scope.length,
      `  var padded = ${fill};
  if (${inside.join(' & ') || 'true'}) { padded = ${shader.load(place, elementAt(from, x.shape), 1)}; }
  finish(t, padded);`,
    ),
  ];
};

/** `Concat` along an axis, and `Interleave`, which takes an element of each input in turn. */
export const concat: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const axis = value.attributes.axis as number;
  const shader = new Shader();
  const places = value.inputs.map((input) => scope.placeOf(input));
  for (const place of places) shader.bind(place, 1);
  declareFinish(shader, scope, 1);
  const to = coordinatesOf('t', value.shape);
  const along = to[axis]!;
  const count = value.inputs.length;
  const read = (i: number, at: string, shape: Shape) =>
    `finish(t, ${shader.load(places[i]!, elementAt(to.with(axis, at), shape), 1)});`;
  let end = 0;
  const branches = value.inputs.map(({ shape }, i) => {
    const start = end;
    end += shape[axis]!;
    return value.op === 'Interleave'
      ? `if (${along} % ${count}u == ${i}u) { ${read(i, `(${along} / ${count}u)`, shape)} }`
      : `if (${along} < ${end}u) { ${read(i, `(${along} - ${start}u)`, shape)} }`;
  });
  return [shader.flat(label, scope.length, `  ${branches.join('\n  else ')}`)];
};

/** `ScatterND` with addition to zeros: rows of the last input, summed by the number of their row in the result. */
export const segmentSum: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [, ids, updates] = value.inputs as [Value, Value, Value];
  const shader = new Shader();
  const [rows, places] = [scope.placeOf(ids), scope.placeOf(updates)];
  shader.bind(rows, 1);
  shader.bind(places, 1);
  declareFinish(shader, scope, 1);
  const [inner, count] = [size(value.shape.slice(1)), size(ids.shape)];
  return [
    shader.flat(
      label,
      scope.length,
      `  let row = i32(t / ${inner}u);
  var sum = 0f;
  for (var i = 0u; i < ${count}u; i++) {
    if (${shader.load(rows, 'i', 1)} == row) { sum += ${shader.load(places, `i * ${inner}u + t % ${inner}u`, 1)}; }
  }
  finish(t, sum);`,
    ),
  ];
};
