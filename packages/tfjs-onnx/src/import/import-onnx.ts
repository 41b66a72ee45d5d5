/** Turns a model in ONNX into a function of tensors. */
import type * as tf from '@tensorflow/tfjs-core';
import { OnnxError } from '../errors.ts';
import {
  type ReadExternal,
  readModel,
  type StoredModel,
  type StoredNode,
  type StoredTensor,
} from '../onnx/read-model.ts';
import { elementwiseOperators } from './elementwise.ts';
import { foldConstant } from './fold-constants.ts';
import { constantValue, type Operation, OperatorNode, type OperatorReader } from './operator.ts';
import { shapingOperators } from './shaping.ts';
import { spatialOperators } from './spatial.ts';
import { arranged, IMAGE, inModelOrder, type Value } from './value.ts';

export type { ReadExternal } from '../onnx/read-model.ts';

export interface ImportOptions {
  /** The value to compute: its name in the model, or that of the node that makes it. The model's first output unless given. */
  readonly output?: string;
  /** `nchw` unless given: the model takes `[batch, channels, height, width]`, and is fed `[batch, height, width, channels]`. */
  readonly layout?: 'nchw' | 'nhwc';
  /** Gives the bytes of a file that the model keeps weights in. Models with such are refused unless it is given. */
  readonly readExternal?: ReadExternal;
  /** Longer files are refused. 1 GiB unless given. */
  readonly maxBytes?: number;
}

/** A part of a model as a function. */
export interface ImportedModel {
  /** The model's input, with its shape as the model says it, if it does; open sizes are `undefined`. */
  readonly input: { readonly name: string; readonly shape?: readonly (number | undefined)[] };
  /** The value that is computed. */
  readonly output: string;
  /** How many weights take part. */
  readonly weights: number;
  /**
   * `[batch, height, width, channels]` in; an image comes out likewise, anything else as the model counts its axes. A
   * pure function of tensorflow.js, with gradients on every backend, that can be traced and compiled. Call it within
   * `tf.tidy`.
   *
   * @throws OnnxError naming the node and the operator that cannot work on what it gets.
   */
  apply(batch: tf.Tensor4D): tf.Tensor;
}

const operators: Readonly<Record<string, OperatorReader>> = {
  ...elementwiseOperators,
  ...spatialOperators,
  ...shapingOperators,
};

/** The operators that {@link importOnnx} knows; Constant besides. */
export const importedOperators: readonly string[] = Object.keys(operators).sort();

/** More nodes than any network of this world has: a damaged or hostile file. */
const MOST_NODES = 100_000;

/**
 * Reads a model in ONNX, such as a feature network trained elsewhere, and makes a function of the part of it that leads
 * to one value. What lies behind that value is not looked at, so it may hold operators that are not supported; weights
 * are constants.
 *
 * @throws OnnxError if the bytes are no model, or the node and operator that is not supported.
 */
export function importOnnx(bytes: Uint8Array, options: ImportOptions = {}): ImportedModel {
  const { layout = 'nchw', maxBytes = 2 ** 30, readExternal } = options;
  if (bytes.length > maxBytes) {
    throw new OnnxError(`The model has ${bytes.length} bytes and at most ${maxBytes} are read.`);
  }
  const model = readModel(bytes, readExternal);
  if (model.nodes.length > MOST_NODES) {
    throw new OnnxError(`The model has ${model.nodes.length} nodes and at most ${MOST_NODES} are read.`);
  }
  const output = chooseOutput(model, options.output);
  const nodes = nodesFor(model, output);
  const constants = new Map<string, () => StoredTensor>(model.initializers);
  const steps: Step[] = [];
  for (const node of nodes) {
    const [made] = node.outputs as [string];
    const stored = node.inputs.map((name) => constants.get(name)?.());
    const folded = node.opType === 'Constant' ? readConstant(node) : foldConstant(node, stored);
    if (folded) constants.set(made, () => folded);
    else steps.push(readStep(node, model, constants));
  }
  const needed = new Set(nodes.flatMap(({ inputs }) => inputs));
  const inputs = model.inputs.filter(({ name }) => needed.has(name) || name === output);
  const [input] = inputs;
  if (!input || inputs.length > 1) {
    throw new OnnxError(
      `The value ${output} depends on ${inputs.length} inputs of the model${inputs.length > 0 ? ` (${inputs.map(({ name }) => name).join(', ')})` : ''}, and must depend on one image.`,
    );
  }
  const weights = [...needed].reduce(
    (sum, name) => sum + (model.initializers.get(name)?.().data.length ?? 0),
    0,
  );
  const known = new Set([...constants.keys(), input.name]);
  for (const { node } of steps) {
    const missing = node.inputs.find((name) => name !== '' && !known.has(name));
    if (missing !== undefined) {
      throw new OnnxError(`${placeOf(node)} takes ${missing}, which no node before it makes.`);
    }
    known.add(node.outputs[0]!);
  }
  return {
    input,
    output,
    weights,
    apply(batch) {
      const values = new Map<string, Value>([
        [input.name, layout === 'nchw' ? { tensor: batch, axes: IMAGE } : inModelOrder(batch)],
      ]);
      const operand = (name: string): Value => {
        const value = values.get(name) ?? constantValue(constants.get(name)!());
        values.set(name, value);
        return value;
      };
      for (const { node, operands, operation } of steps) {
        try {
          const result = operation(operands.map((name) => (name === undefined ? undefined : operand(name))));
          values.set(node.outputs[0]!, result);
        } catch (error) {
          const { message } = error as Error;
          throw new OnnxError(`${placeOf(node)} cannot be computed: ${message.replace(/\.$/, '')}.`, {
            cause: error,
          });
        }
      }
      const result = values.get(output)!;
      const isImage = result.axes.length === 4 && layout === 'nchw';
      return arranged(result, isImage ? IMAGE : result.axes.map((_, axis) => axis));
    },
  };
}

/** The value that is asked for, by its own name or its node's. */
function chooseOutput({ nodes, outputs, inputs }: StoredModel, wanted: string | undefined): string {
  if (wanted === undefined) {
    const [first] = outputs;
    if (first === undefined) throw new OnnxError('The model says no output. Name one of its values.');
    return first;
  }
  const made = new Set(nodes.flatMap((node) => node.outputs));
  if (made.has(wanted) || inputs.some(({ name }) => name === wanted)) return wanted;
  const named = nodes.find(({ name }) => name !== '' && name === wanted)?.outputs[0];
  if (named !== undefined) return named;
  const names = [...made].filter((name) => name !== '');
  const shown = names.length > 40 ? [...names.slice(0, 40), `… ${names.length - 40} more`] : names;
  throw new OnnxError(
    `The model has no value ${JSON.stringify(wanted)}. Its values are ${shown.join(', ')}.`,
  );
}

/** The nodes that lead to a value, in the model's order. */
function nodesFor({ nodes }: StoredModel, output: string): StoredNode[] {
  const wanted = new Set([output]);
  const chosen: StoredNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => wanted.has(name))) continue;
    const others = node.outputs.slice(1).filter((name) => wanted.has(name));
    if (others.length > 0) {
      throw new OnnxError(`${placeOf(node)} is asked for ${others[0]}; only its first output is supported.`);
    }
    chosen.push(node);
    for (const name of node.inputs) if (name !== '') wanted.add(name);
  }
  return chosen.reverse();
}

interface Step {
  readonly node: StoredNode;
  /** Names of the inputs that the operation takes; those that were read at import are left out. */
  readonly operands: readonly (string | undefined)[];
  readonly operation: Operation;
}

function readStep(
  node: StoredNode,
  model: StoredModel,
  constants: ReadonlyMap<string, () => StoredTensor>,
): Step {
  const read = Object.hasOwn(operators, node.opType) ? operators[node.opType] : undefined;
  if (!read || !['', 'ai.onnx'].includes(node.domain)) {
    throw new OnnxError(
      `${placeOf(node)} is not supported; ${importedOperators.join(', ')} are. Take an earlier value as the output, or export the model with other operators.`,
    );
  }
  const reader = new OperatorNode(node, model.opset, (name) => constants.get(name)?.());
  try {
    const operation = read(reader);
    const operands = node.inputs.map((name, i) => (name === '' || reader.taken.has(i) ? undefined : name));
    return { node, operands, operation };
  } catch (error) {
    if (!(error instanceof OnnxError)) throw error;
    throw new OnnxError(`${placeOf(node)} cannot be imported: ${error.message.replace(/\.$/, '')}.`, {
      cause: error,
    });
  }
}

function readConstant(node: StoredNode): StoredTensor {
  const [kind, value] = [...node.attributes][0] ?? [];
  if (kind === 'value' && value?.kind === 'tensor') return value.value;
  if (value?.kind === 'int' || value?.kind === 'float') {
    return { shape: [], data: Float32Array.of(value.value) };
  }
  if (value?.kind === 'ints' || value?.kind === 'floats') {
    return { shape: [value.value.length], data: Float64Array.from(value.value) };
  }
  throw new OnnxError(`${placeOf(node)} cannot be imported: it holds no numbers.`);
}

/** For messages: "The node conv1 (Conv)". Nodes often have no name, and are then called by what they make. */
function placeOf({ name, opType, domain, outputs }: StoredNode): string {
  return `The node ${name || outputs[0] || '?'} (${domain ? `${domain}.` : ''}${opType || 'no operator'})`;
}
