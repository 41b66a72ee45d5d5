/** Converts an ONNX model to a function of tensors. */
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
import {
  type Budget,
  budgetOf,
  MOST_AXES,
  MOST_EXPANDED,
  MOST_STEPS,
  spendValues,
  withinBudgets,
} from './limits.ts';
import { constantValue, type Operation, OperatorNode, type OperatorReader } from './operator.ts';
import { shapingOperators } from './shaping.ts';
import { spatialOperators } from './spatial.ts';
import { arranged, IMAGE, inModelOrder, type Value } from './value.ts';

export type { ReadExternal } from '../onnx/read-model.ts';

/** Options of {@link importOnnx}. */
export interface ImportOptions {
  /**
   * The value to compute: its name in the model, or the name of the node that produces it. Default: the first output.
   */
  readonly output?: string;
  /**
   * How the model itself lays out images: `nchw` for `[batch, channels, height, width]`, `nhwc` for
   * `[batch, height, width, channels]`. {@link ImportedModel.apply} takes the latter in both cases. Default: `nchw`.
   */
  readonly layout?: 'nchw' | 'nhwc';
  /** Returns the bytes of an external data file; required for models that store weights outside the .onnx file. */
  readonly readExternal?: ReadExternal;
  /** Files longer than this are rejected. Default: 1 GiB. */
  readonly maxBytes?: number;
}

/** A part of a model as a function. */
export interface ImportedModel {
  /**
   * The model's input; its shape in the model's layout if the model declares one, with `undefined` for dynamic sizes.
   */
  readonly input: { readonly name: string; readonly shape?: readonly (number | undefined)[] };
  /** The name of the computed value. */
  readonly output: string;
  /** The number of weights that the value depends on. */
  readonly weights: number;
  /**
   * Computes the value for a batch of images, `[batch, height, width, channels]`. Values of rank 4 have that layout
   * too; others keep the model's axis order. A pure function of TensorFlow.js with gradients on every backend, which
   * can be traced and compiled. Call it within `tf.tidy`.
   *
   * @throws OnnxError naming the node and operator whose input has an unsuitable shape.
   */
  apply(batch: tf.Tensor4D): tf.Tensor;
}

const operators: Readonly<Record<string, OperatorReader>> = {
  ...elementwiseOperators,
  ...spatialOperators,
  ...shapingOperators,
};

/** The operators that {@link importOnnx} supports, besides Constant. */
export const importedOperators: readonly string[] = Object.keys(operators).sort();

/** More nodes than any real network has: such a file is damaged or hostile. */
const MAX_NODES = 100_000;

/**
 * Imports an ONNX model, such as a pretrained feature network, as a function that computes one of its values. Only the
 * nodes that this value depends on are converted, so later nodes may use unsupported operators. Weights are constants.
 *
 * @throws OnnxError if the bytes are not an ONNX model, if the value does not exist or does not depend on exactly one
 *   input, or if it depends on an unsupported operator; the message names the node.
 * @example
 * ```ts no-run
 * import { readFile } from 'node:fs/promises';
 *
 * const features = importOnnx(await readFile('vgg16.onnx'), { output: 'relu3_3' });
 * const activations = tf.tidy(() => features.apply(batch)); // [batch, height, width, channels]
 * ```
 */
export function importOnnx(bytes: Uint8Array, options: ImportOptions = {}): ImportedModel {
  const { layout = 'nchw', maxBytes = 2 ** 30, readExternal } = options;
  if (bytes.length > maxBytes) {
    throw new OnnxError(
      `The model has ${bytes.length} bytes, more than the limit of ${maxBytes}. Raise maxBytes if the file is trustworthy.`,
    );
  }
  const files = readExternal && readOnce(readExternal);
  const model = readModel(bytes, files?.read);
  if (model.nodes.length > MAX_NODES) {
    throw new OnnxError(
      `The model has ${model.nodes.length} nodes, more than the limit of ${MAX_NODES}. Check that the file is not damaged.`,
    );
  }
  const output = chooseOutput(model, options.output);
  const nodes = nodesFor(model, output);
  if (nodes.length > MOST_STEPS) {
    throw new OnnxError(
      `The value ${shown(output)} depends on ${nodes.length} nodes, more than the limit of ${MOST_STEPS}. Choose an earlier value as the output.`,
    );
  }
  const constants = new Map<string, () => StoredTensor>(
    [...model.initializers].map(([name, read]) => [name, () => checkAxes(read(), name)]),
  );
  const expanded = budgetOf(MOST_EXPANDED, 'the weights of the model are expanded to too many values');
  const steps: Step[] = [];
  for (const node of nodes) {
    const [made] = node.outputs as [string];
    const folded = at(node, 'imported', () => {
      if (node.opType === 'Constant') return checkAxes(readConstant(node), made);
      const stored = node.inputs.map((name) => constants.get(name)?.());
      const result = foldConstant(node, stored);
      if (result && stored.every((tensor) => tensor?.data !== result.data))
        expanded.spend(result.data.length);
      return result && checkAxes(result, made);
    });
    if (folded) constants.set(made, () => folded);
    else steps.push(readStep(node, model, constants, expanded));
  }
  const needed = new Set(nodes.flatMap(({ inputs }) => inputs));
  const inputs = model.inputs.filter(({ name }) => needed.has(name) || name === output);
  const [input] = inputs;
  if (!input || inputs.length > 1) {
    throw new OnnxError(
      `The value ${shown(output)} depends on ${inputs.length} inputs of the model${inputs.length > 0 ? ` (${shown(inputs.map(({ name }) => name).join(', '))})` : ''}, but must depend on exactly one, the images. Choose another output.`,
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
      throw new OnnxError(
        `${placeOf(node)} reads the value ${shown(missing)}, which no earlier node computes. The file is damaged.`,
      );
    }
    known.add(node.outputs[0]!);
  }
  files?.forget();
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
      withinBudgets(batch.shape[0], () => {
        for (const { node, operands, operation } of steps) {
          const result = at(node, 'computed', () => {
            const made = operation(operands.map((name) => (name === undefined ? undefined : operand(name))));
            checkAxes(made.tensor, node.outputs[0]!);
            spendValues(made.tensor.size);
            return made;
          });
          values.set(node.outputs[0]!, result);
        }
      });
      const result = values.get(output)!;
      const isImage = result.axes.length === 4 && layout === 'nchw';
      return arranged(result, isImage ? IMAGE : result.axes.map((_, axis) => axis));
    },
  };
}

/** The requested value, by its own name or its node's. */
function chooseOutput({ nodes, outputs, inputs }: StoredModel, wanted: string | undefined): string {
  if (wanted === undefined) {
    const [first] = outputs;
    if (first === undefined)
      throw new OnnxError(
        'The model declares no output. Set the option output to the name of one of its values.',
      );
    return first;
  }
  const made = new Set(nodes.flatMap((node) => node.outputs));
  if (made.has(wanted) || inputs.some(({ name }) => name === wanted)) return wanted;
  const named = nodes.find(({ name }) => name !== '' && name === wanted)?.outputs[0];
  if (named !== undefined) return named;
  const names = [...made].filter((name) => name !== '');
  const listed = names.slice(0, 40).map((name) => shown(name));
  if (names.length > 40) listed.push(`… ${names.length - 40} more`);
  throw new OnnxError(
    `The model has no value ${JSON.stringify(wanted)}. Its values are ${listed.join(', ')}.`,
  );
}

/** The nodes that a value depends on, in the model's order. */
function nodesFor({ nodes }: StoredModel, output: string): StoredNode[] {
  const wanted = new Set([output]);
  const chosen: StoredNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => wanted.has(name))) continue;
    const others = node.outputs.slice(1).filter((name) => wanted.has(name));
    if (others.length > 0) {
      throw new OnnxError(
        `${placeOf(node)} is needed for its output ${others[0]}, but only first outputs are supported. Choose an earlier output.`,
      );
    }
    chosen.push(node);
    for (const name of node.inputs) if (name !== '') wanted.add(name);
  }
  return chosen.reverse();
}

interface Step {
  readonly node: StoredNode;
  /** Names of the inputs that the operation takes at run time; `undefined` for those read at import. */
  readonly operands: readonly (string | undefined)[];
  readonly operation: Operation;
}

function readStep(
  node: StoredNode,
  model: StoredModel,
  constants: ReadonlyMap<string, () => StoredTensor>,
  expanded: Budget,
): Step {
  const read = Object.hasOwn(operators, node.opType) ? operators[node.opType] : undefined;
  if (!read || !['', 'ai.onnx'].includes(node.domain)) {
    throw new OnnxError(
      `${placeOf(node)} is not supported. Supported operators are ${importedOperators.join(', ')}. Choose an earlier value as the output, or export the model with other operators.`,
    );
  }
  const reader = new OperatorNode(node, model.opset, (name) => constants.get(name)?.(), expanded);
  return at(node, 'imported', () => {
    const operation = read(reader);
    const operands = node.inputs.map((name, i) => (name === '' || reader.taken.has(i) ? undefined : name));
    return { node, operands, operation };
  });
}

/** Does a part of the work, whose errors name the node. TensorFlow.js' own are about shapes, which the model has. */
function at<Result>(node: StoredNode, what: 'imported' | 'computed', work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const { message } = error as Error;
    throw new OnnxError(`${placeOf(node)} cannot be ${what}: ${shown(message.replace(/\.$/, ''), 500)}.`, {
      cause: error,
    });
  }
}

function checkAxes<Shaped extends { readonly shape: readonly number[] }>(
  value: Shaped,
  name: string,
): Shaped {
  const { length } = value.shape;
  if (length <= MOST_AXES) return value;
  throw new OnnxError(`The value ${shown(name)} has ${length} axes; at most ${MOST_AXES} are supported.`);
}

/** Reads each external file once: every tensor of a model may lie in the same one. */
function readOnce(readExternal: ReadExternal): { readonly read: ReadExternal; forget(): void } {
  const files = new Map<string, Uint8Array>();
  return {
    read(location) {
      const bytes = files.get(location) ?? readExternal(location);
      files.set(location, bytes);
      return bytes;
    },
    forget: () => files.clear(),
  };
}

/** A text of the file for a message: it may be as long as the file. */
function shown(text: string, most = 100): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
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
  throw new OnnxError('it has no numeric value');
}

/** For messages: "The node conv1 (Conv)". A node without a name goes by the name of its first output. */
function placeOf({ name, opType, domain, outputs }: StoredNode): string {
  const operator = `${domain ? `${shown(domain)}.` : ''}${shown(opType) || 'no operator'}`;
  return `The node ${shown(name || outputs[0] || '?')} (${operator})`;
}
