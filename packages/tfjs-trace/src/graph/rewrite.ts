/** Graph rewrites, and those that every target wants. */
import type { Graph, Value } from './graph.ts';

/** Every value that `roots` depend on, in topological order. */
export function liveValues(roots: Iterable<Value>): Value[] {
  const order: Value[] = [];
  const seen = new Set<Value>();
  const stack: [Value, number][] = [];
  const visit = (value: Value) => {
    if (!seen.has(value)) stack.push([seen.add(value) && value, 0]);
  };
  for (const root of roots) {
    visit(root);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const next = top[0].inputs[top[1]++];
      if (next) visit(next);
      else order.push(stack.pop()![0]);
    }
  }
  return order;
}

/** What replaces a value, given its rewritten inputs; `undefined` keeps it. */
export type Rule = (value: Value, inputs: readonly Value[]) => Value | undefined;

/** Equivalent roots, with every value replaced by what `rule` makes of it. */
export function rewrite(graph: Graph, roots: readonly Value[], rule: Rule): Value[] {
  const done = new Map<Value, Value>();
  for (const value of liveValues(roots)) {
    const inputs = value.inputs.map((input) => done.get(input)!);
    const same = inputs.every((input, i) => input === value.inputs[i]);
    const { attributes, dtype } = value;
    done.set(
      value,
      rule(value, inputs) ??
        (same ? value : graph.node(value.op, inputs, value.shape, { attributes, dtype })),
    );
  }
  return roots.map((root) => done.get(root)!);
}

/** step(x) = step(relu(x)): the gradient then reads the stored activation, and x can be freed early. */
export function fuseStepOfRelu(graph: Graph, roots: readonly Value[]): Value[] {
  const relu = new Set(liveValues(roots).flatMap(({ op, inputs }) => (op === 'Relu' ? inputs : [])));
  return rewrite(graph, roots, ({ op, inputs: [x], shape }, [input]) =>
    op === 'Step' && relu.has(x!) ? graph.node(op, [graph.node('Relu', [input!], shape)], shape) : undefined,
  );
}
