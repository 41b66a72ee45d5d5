/** Rewrites of the graph that leave less to compute. */
import { type Graph, sameShape, type Value } from '../trace/graph.ts';
import { type Epilogue, strategyOf, windowOf } from './convolution.ts';
import type { Target } from './lowering.ts';

/** Every value that `roots` need, each after its inputs. */
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

/** Equivalent roots, with biases, residuals and activations fused into their convolutions. */
export function fuse(graph: Graph, roots: readonly Value[], target: Target): Value[] {
  const stepped = rewrite(graph, roots, stepOfRelu(graph, liveValues(roots)));
  return rewrite(graph, stepped, epilogues(graph, liveValues(stepped), stepped, target));
}

type Rule = (value: Value, inputs: readonly Value[]) => Value | undefined;

function rewrite(graph: Graph, roots: readonly Value[], rule: Rule): Value[] {
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

/** step(x) = step(relu(x)): the gradient then needs only what the forward pass stores, and x dies early. */
function stepOfRelu(graph: Graph, values: readonly Value[]): Rule {
  const relu = new Map(values.flatMap((value) => (value.op === 'Relu' ? [[value.inputs[0]!, value]] : [])));
  return ({ op, inputs: [x], shape, attributes }, [input]) =>
    op === 'HardSigmoid' && relu.has(x!)
      ? graph.node(op, [graph.node('Relu', [input!], shape)], shape, { attributes })
      : undefined;
}

/** Adding a bias, adding a residual, and relu, in this order, where nobody else looks at the sum before. */
function epilogues(graph: Graph, values: readonly Value[], roots: readonly Value[], target: Target): Rule {
  const uses = new Map<Value, number>();
  for (const value of [...values.flatMap(({ inputs }) => inputs), ...roots])
    uses.set(value, (uses.get(value) ?? 0) + 1);
  const extend = (conv: Value, inputs: readonly Value[], epilogue: Epilogue) =>
    graph.node(conv.op, inputs, conv.shape, { attributes: { ...conv.attributes, ...epilogue } });
  const open = (original: Value, value: Value) =>
    (value.op === 'Conv2D' || value.op === 'Conv2DInputGradient') &&
    uses.get(original) === 1 &&
    !windowOf(value).activation;

  return (value, inputs) => {
    if (value.op === 'Relu') {
      const [conv] = inputs as [Value];
      return open(value.inputs[0]!, conv) ? extend(conv, conv.inputs, { activation: 'Relu' }) : undefined;
    }
    if (value.op !== 'Add') return undefined;
    for (const [i, j] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const [conv, other] = [inputs[i]!, inputs[j]!];
      if (!open(value.inputs[i]!, conv)) continue;
      const { bias, residual } = windowOf(conv);
      if (!bias && !residual && isBias(other, conv))
        return extend(conv, [...conv.inputs, other], { bias: 1 });
      if (!residual && sameShape(other.shape, conv.shape) && strategyOf(conv, target) === 'blocked') {
        return extend(conv, [...conv.inputs, other], { residual: 1 });
      }
    }
    return undefined;
  };
}

function isBias(value: Value, conv: Value): boolean {
  const channels = conv.shape[3]!;
  return (
    value.shape.at(-1) === channels &&
    value.shape.every((length, i) => i === value.shape.length - 1 || length === 1)
  );
}
