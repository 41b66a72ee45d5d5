/** Spells out operators that have no kernel of their own in ones that have. */
import { fuseStepOfRelu, type Graph, type Rule, rewrite, type Value } from '@simgan/tfjs-trace/graph';
import { isGiven, sourceOf } from './views.ts';

/** Concatenations of more values are nested, as a kernel reads a limited number of buffers. */
const MOST_PARTS = 6;

export function prepare(graph: Graph, roots: readonly Value[]): Value[] {
  const spelledOut = rewrite(graph, fuseStepOfRelu(graph, roots), spellOut(graph));
  // Every root is in a buffer of its own.
  const seen = new Set<Value>();
  return spelledOut.map((root) => {
    const source = sourceOf(root);
    if (!isGiven(source) && !seen.has(source) && seen.add(source)) return root;
    const attributes = { copy: seen.size };
    return graph.node('Copy', [root], root.shape, { attributes });
  });
}

function spellOut(graph: Graph): Rule {
  return (value, inputs) => {
    const [x] = inputs as [Value];
    switch (value.op) {
      case 'Softmax':
        return softmax(graph, x, value.attributes.axis as number);
      case 'LogSoftmax':
        return logSoftmax(graph, x, value.attributes.axis as number);
      case 'Separable2D':
        return separable(graph, inputs);
      case 'Conv2DInputGradient': {
        const swapped = graph.transpose(inputs[1]!, [0, 1, 3, 2]);
        return graph.node(value.op, [x, swapped], value.shape, { attributes: value.attributes });
      }
      case 'ScatterND':
        return graph.node(value.op, [graph.scalar(0), inputs[1]!, inputs[2]!], value.shape, {
          dtype: value.dtype,
        });
      case 'Concat':
        return inputs.length > MOST_PARTS
          ? nested(graph, inputs, value.attributes.axis as number)
          : undefined;
      case 'Interleave':
        return inputs.length > MOST_PARTS ? interleaved(graph, value, inputs) : undefined;
      default:
        return undefined;
    }
  };
}

function softmax(graph: Graph, x: Value, axis: number): Value {
  const powers = graph.elementwise('Exp', [graph.sub(x, graph.reduce('ReduceMax', x, [axis], true))]);
  return graph.div(powers, graph.reduce('ReduceSum', powers, [axis], true));
}

function logSoftmax(graph: Graph, x: Value, axis: number): Value {
  const shifted = graph.sub(x, graph.reduce('ReduceMax', x, [axis], true));
  const sum = graph.reduce('ReduceSum', graph.elementwise('Exp', [shifted]), [axis], true);
  return graph.sub(shifted, graph.elementwise('Log', [sum]));
}

/** The rows of all images are contracted by one product, then the columns by another. */
function separable(graph: Graph, [x, rows, columns]: readonly Value[]): Value {
  const [batch, height, width, channels] = x!.shape as [number, number, number, number];
  const [tall, wide] = [rows!.shape[0]!, columns!.shape[0]!];
  const down = graph.matMul(rows!, graph.reshape(x!, [batch, height, width * channels]));
  const across = graph.matMul(columns!, graph.reshape(down, [batch * tall, width, channels]));
  return graph.reshape(across, [batch, tall, wide, channels]);
}

function nested(graph: Graph, parts: readonly Value[], axis: number): Value {
  if (parts.length <= MOST_PARTS) return graph.concat(parts, axis);
  const groups = [];
  for (let i = 0; i < parts.length; i += MOST_PARTS)
    groups.push(graph.concat(parts.slice(i, i + MOST_PARTS), axis));
  return nested(graph, groups, axis);
}

/** Side by side on a new axis after the interleaved one. */
function interleaved(graph: Graph, { shape, attributes }: Value, parts: readonly Value[]): Value {
  const axis = attributes.axis as number;
  const columns = parts.map((part) => graph.reshape(part, part.shape.toSpliced(axis + 1, 0, 1)));
  return graph.reshape(nested(graph, columns, axis + 1), shape);
}
