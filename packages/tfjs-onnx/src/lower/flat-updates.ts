/**
 * Updates of variables that are computed alike, as those of an optimizer are, as one update of a tensor in which the
 * variables lie end to end. A GPU takes longer to start a kernel than to compute on a filter.
 */
import {
  ELEMENTWISE,
  type Graph,
  liveValues,
  rewrite,
  type Shape,
  sameShape,
  size,
  type Value,
} from '@simgan/tfjs-trace/graph';
import { updatedAlike } from './update-forms.ts';

/** The new value of a variable in its own shape, or new values of several end to end, `[elements]`. */
export interface Update {
  /** The variables, by index. */
  readonly indices: readonly number[];
  /** How many elements each has. */
  readonly lengths: readonly number[];
  readonly value: Value;
  /** Whether the program has several variables as one tensor, which the operator `Variables` reads. */
  readonly together: boolean;
}

/** Joining and cutting take kernels too: fewer variables gain nothing. */
const FEWEST = 4;
/** In float32, what fits in a binding of WebGPU everywhere: 128 MiB. */
const MOST_ELEMENTS = 2 ** 25;

/** Each variable by itself. */
export const separateUpdates = (assignments: ReadonlyMap<number, Value>): Update[] =>
  [...assignments].map(([index, value]) => ({
    indices: [index],
    lengths: [size(value.shape)],
    value,
    together: false,
  }));

/**
 * The same numbers by fewer operators.
 *
 * @param outputs what else the step computes; a variable that anything reads by itself stays a tensor of its own
 */
export function flatUpdates(
  graph: Graph,
  assignments: ReadonlyMap<number, Value>,
  outputs: readonly Value[],
): Update[] {
  const groups = updatedAlike(assignments, MOST_ELEMENTS).filter(({ length }) => length >= FEWEST);
  const joined = joinedUpdates(graph, assignments, groups);
  const inGroups = new Set(groups.flat());
  const others = separateUpdates(new Map([...assignments].filter(([index]) => !inGroups.has(index))));

  const live = liveValues([...outputs, ...joined, ...others.map(({ value }) => value)]);
  const alone = new Set(live.flatMap((value) => (value.op === 'Variable' ? [value.attributes.index] : [])));
  const isTogether = (indices: readonly number[]) => !indices.some((index) => alone.has(index));
  const settled = rewrite(graph, joined, ({ op, attributes }) => {
    const indices = attributes.indices as number[];
    if (op !== 'Variables' || isTogether(indices)) return undefined;
    const apart = indices.map((index) => graph.variable(index, assignments.get(index)!.shape, 'float32'));
    return endToEnd(graph, apart);
  });
  const flat = groups.map((indices, i) => ({
    indices,
    lengths: indices.map((index) => size(assignments.get(index)!.shape)),
    value: settled[i]!,
    together: isTogether(indices),
  }));
  return [...flat, ...others];
}

/** The new values of each group of variables, end to end. They read other groups as if all were together. */
function joinedUpdates(
  graph: Graph,
  assignments: ReadonlyMap<number, Value>,
  groups: readonly (readonly number[])[],
): Value[] {
  const lists = new Set(groups.map(String));
  const known = new Map<string, Value | undefined>();

  /** Values of these shapes end to end, or a number that they share; `undefined` if they are neither. */
  const join = (values: readonly Value[], shapes: readonly Shape[]): Value | undefined => {
    const [first] = values as [Value];
    if (!values.every(({ shape }, i) => sameShape(shape, shapes[i]!))) {
      const isShared = size(first.shape) === 1 && values.every((value) => value === first);
      return isShared ? graph.reshape(first, []) : undefined;
    }
    const key = values.map(({ id }) => id).join();
    if (!known.has(key)) known.set(key, joinInputs(values, shapes) ?? joinValues(values));
    return known.get(key);
  };
  const joinInputs = (values: readonly Value[], shapes: readonly Shape[]): Value | undefined => {
    const [{ op, attributes, dtype, inputs }] = values as [Value];
    const operator = (value: Value) =>
      JSON.stringify([value.op, value.attributes, value.dtype, value.inputs.length]);
    if (!ELEMENTWISE.has(op) || new Set(values.map(operator)).size > 1) return undefined;
    const joined = inputs.map((_, i) =>
      join(
        values.map((value) => value.inputs[i]!),
        shapes,
      ),
    );
    const length = shapes.reduce((sum, shape) => sum + size(shape), 0);
    return joined.every((input) => input !== undefined)
      ? graph.node(op, joined, [length], { attributes, dtype })
      : undefined;
  };
  const joinValues = (values: readonly Value[]): Value | undefined => {
    if (values.some(({ dtype }) => dtype !== 'float32')) return undefined;
    const indices = values.map(({ op, attributes }) =>
      op === 'Variable' ? (attributes.index as number) : -1,
    );
    if (!lists.has(String(indices))) return endToEnd(graph, values);
    const length = values.reduce((sum, { shape }) => sum + size(shape), 0);
    return graph.node('Variables', [], [length], { attributes: { indices }, dtype: 'float32' });
  };
  return groups.map((indices) => {
    const values = indices.map((index) => assignments.get(index)!);
    return join(
      values,
      values.map(({ shape }) => shape),
    )!;
  });
}

const endToEnd = (graph: Graph, values: readonly Value[]): Value =>
  graph.concat(
    values.map((value) => graph.reshape(value, [size(value.shape)])),
    0,
  );
