/** Exports a step as a standard ONNX file. */
import { type InputType, type StepFunction, type Trace, trace } from '@simgan/tfjs-trace';
import { OnnxError } from './errors.ts';
import { compileStep } from './lower/compile.ts';
import type { Initializer, Node, OnnxModel } from './onnx/model.ts';

/** Options of {@link exportOnnx}. */
export interface ExportOptions {
  /**
   * Shapes of the float32 inputs by name, such as `[batch, height, width, channels]`. With `dynamicBatch`, the batch
   * size given here is ignored.
   */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Makes the first dimension of every input and output dynamic, with the name `batch`. Default: false. */
  readonly dynamicBatch?: boolean;
  /** Key-value pairs stored in the file as `metadata_props`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Exports `step` as an ONNX file of opset 17, with standard operators only. The file contains the current values of the
 * variables that the step reads. The same step and values give the same bytes.
 *
 * @throws OnnxError if the step cannot be traced, if it assigns variables, or if `dynamicBatch` is set and the step
 *   depends on the batch size in a way that one file cannot express.
 * @example
 * import { writeFile } from 'node:fs/promises';
 *
 * const bytes = exportOnnx(({ x }) => ({ y: tf.relu(x) }), { inputs: { x: [1, 35, 55, 1] }, dynamicBatch: true });
 * await writeFile('model.onnx', bytes);
 */
export function exportOnnx(step: StepFunction, options: ExportOptions): Uint8Array {
  const { inputs, dynamicBatch = false, metadata } = options;
  if (!dynamicBatch) return modelFor(step, inputs).serialize(metadata);
  const withBatch = (batch: number) =>
    Object.fromEntries(Object.entries(inputs).map(([name, shape]) => [name, shape.with(0, batch)]));
  return openBatch(modelFor(step, withBatch(2)), modelFor(step, withBatch(3))).serialize(metadata);
}

function modelFor(step: StepFunction, shapes: ExportOptions['inputs']): OnnxModel {
  const types = Object.entries(shapes).map(([name, shape]): [string, InputType] => [
    name,
    { shape, dtype: 'float32' },
  ]);
  const traced = trace(step, Object.fromEntries(types));
  if (traced.assignments.size > 0) {
    throw new OnnxError(
      'The step assigns variables, but an ONNX file holds fixed weights. Export a function that only computes outputs.',
    );
  }
  return compileStep(traced, { block: 0 }, { freeze: (index) => valuesOf(traced, index) }).model;
}

function valuesOf({ variables }: Trace, index: number): Float32Array | Int32Array {
  return variables[index]!.dataSync() as Float32Array | Int32Array;
}

/**
 * Makes the batch dimension dynamic, given the models for batches of two and three: whatever differs between them
 * depends on the batch size. Only target shapes of reshapes may differ, in one dimension, which becomes -1.
 */
function openBatch(two: OnnxModel, three: OnnxModel): OnnxModel {
  const shapes = new Set(two.nodes.flatMap((node) => (node.opType === 'Reshape' ? [node.inputs[1]!] : [])));
  const others = new Set(
    two.nodes.flatMap(({ opType, inputs }) => (opType === 'Reshape' ? inputs.slice(0, 1) : inputs)),
  );
  const sameNodes = JSON.stringify(two.nodes) === JSON.stringify(three.nodes);
  if (!sameNodes || two.initializers.length !== three.initializers.length) {
    throw dependsOnBatch(firstDifference(two.nodes, three.nodes));
  }
  two.initializers.forEach((initializer, i) => {
    const other = three.initializers[i]!;
    if (Buffer.compare(initializer.bytes, other.bytes) === 0) return;
    const isShape = shapes.has(initializer.name) && !others.has(initializer.name);
    const opened = isShape ? openShape(initializer, other) : undefined;
    if (!opened) throw dependsOnBatch(two.nodes.find(({ inputs }) => inputs.includes(initializer.name)));
    two.initializers[i] = opened;
  });
  for (const list of [two.inputs, two.outputs]) {
    const other = list === two.inputs ? three.inputs : three.outputs;
    list.forEach((type, i) => {
      const shape = type.shape.map((length, axis) => (length === other[i]!.shape[axis] ? length : 'batch'));
      list[i] = { ...type, shape };
    });
  }
  return two;
}

function openShape(initializer: Initializer, other: Initializer): Initializer | undefined {
  const lengths = ({ bytes }: Initializer) => [...new BigInt64Array(bytes.slice().buffer)];
  const [two, three] = [lengths(initializer), lengths(other)];
  const open = two.flatMap((length, i) => (length === three[i] ? [] : [i]));
  if (two.length !== three.length || open.length !== 1 || two.includes(-1n)) return undefined;
  return { ...initializer, bytes: new Uint8Array(BigInt64Array.from(two.with(open[0]!, -1n)).buffer) };
}

const firstDifference = (two: readonly Node[], three: readonly Node[]) =>
  two.find((node, i) => JSON.stringify(node) !== JSON.stringify(three[i]));

function dependsOnBatch(node: Node | undefined): OnnxError {
  const where = node ? ` (at the operator ${node.opType})` : '';
  return new OnnxError(
    `The step depends on the batch size${where}, so one file cannot serve every batch size. Compute without the batch size, or export for one size with dynamicBatch: false.`,
  );
}
