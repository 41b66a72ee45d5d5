/** Traces a step: runs it once on symbolic tensors and records what it computes. */
import type { Tensor, TensorInfo, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { TraceBackend, TracedData } from './backend.ts';
import { elementType } from './dtype.ts';
import { StepError } from './graph/errors.ts';
import { hostArray, type Value } from './graph/graph.ts';
import type { InputType } from './graph/inputs.ts';
import type { StepGraph } from './graph/step-graph.ts';
import { type LoweringRule, loweringRules } from './kernels.ts';
import { atUserCode, withLongStacks } from './location.ts';

/**
 * A function from named input tensors to named output tensors. It may read and assign `tf.Variable`s. It must not read
 * the values of tensors, create variables or draw random numbers; pass these as inputs.
 */
export type StepFunction = (inputs: Readonly<Record<string, Tensor>>) => Record<string, Tensor>;

/** A traced step. */
export interface Trace extends StepGraph {
  /** The variables that `Variable` values refer to by index. */
  readonly variables: readonly Variable[];
}

const BACKEND = 'trace';

/**
 * Traces `step` for inputs of the given types. It is synchronous and restores the active TensorFlow.js backend, all
 * variables and the number of tensors.
 *
 * @throws StepError if the step does what {@link StepFunction} forbids or uses an unsupported kernel.
 */
export function trace(step: StepFunction, inputs: Readonly<Record<string, InputType>>): Trace {
  const engine = tf.engine();
  const variables = Object.values(engine.registeredVariables);
  const active = engine.backendName;
  const originals = variables.map((variable) => variable.clone());
  const backend = enter();
  const { graph } = backend;
  const outputs = new Map<string, Value>();
  const assignments = new Map<number, Value>();
  try {
    tf.tidy(() => {
      const symbols = variables.map(({ shape, dtype }, i) => graph.variable(i, shape, elementType(dtype)));
      variables.forEach((variable, i) => void variable.assign(backend.tensor(symbols[i]!)));
      const placeholders = Object.entries(inputs).map(([name, { shape, dtype }]) => [
        name,
        backend.tensor(graph.input(name, shape, dtype)),
      ]);
      for (const [name, output] of Object.entries(
        withLongStacks(() => call(step, Object.fromEntries(placeholders))),
      )) {
        if (!(output instanceof tf.Tensor)) {
          throw new StepError(
            `The step returns a ${typeof output} as "${name}"; every output must be a tensor.`,
          );
        }
        outputs.set(name, symbolized(output, backend));
      }
      variables.forEach((variable, i) => {
        const value = symbolized(variable, backend);
        if (value !== symbols[i]) assignments.set(i, value);
      });
    });
    refuseNewVariables(variables);
  } finally {
    void tf.setBackend(active); // synchronous, as the backend is already initialized
    variables.forEach((variable, i) => {
      if (!variable.isDisposed) variable.assign(originals[i]!);
      originals[i]!.dispose();
    });
  }
  return { graph, inputs, outputs, variables, assignments };
}

/** Activates the tracing backend. Tracing must stay synchronous, so that other code never runs on this backend. */
function enter(): TraceBackend {
  if (!tf.engine().registryFactory[BACKEND]) tf.registerBackend(BACKEND, () => new TraceBackend(), -1);
  for (const kernelName of loweringRules.keys()) {
    if (tf.getKernel(kernelName, BACKEND)) continue;
    tf.registerKernel({ kernelName, backendName: BACKEND, kernelFunc: (call) => record(kernelName, call) });
  }
  void tf.setBackend(BACKEND);
  return (tf.backend() as TraceBackend).begin();
}

function call(step: StepFunction, inputs: Record<string, Tensor>): Record<string, Tensor> {
  try {
    return step(inputs);
  } catch (error) {
    const missing = /Kernel '(.+?)' not registered for backend 'trace'/.exec((error as Error).message)?.[1];
    if (!missing) throw error;
    throw new StepError(
      `The TensorFlow.js kernel ${missing} is not supported${atUserCode((error as Error).stack)}. Write the step without it, register a rule with registerLowering('${missing}', …) from @simgan/tfjs-trace, or run the step on a TensorFlow.js backend.`,
      { cause: error },
    );
  }
}

type KernelCall = Parameters<tf.KernelFunc>[0];

function record(kernelName: string, { inputs, attrs, backend }: KernelCall): TensorInfo | TensorInfo[] {
  const trace = backend as TraceBackend;
  if (kernelName === 'Identity' && inputs.x!.dataId instanceof TracedData) {
    trace.incRef(inputs.x!.dataId); // a clone shares its data, as on every backend
    return { dataId: inputs.x!.dataId, shape: inputs.x!.shape, dtype: inputs.x!.dtype };
  }
  const values = Object.entries(inputs).flatMap(([name, tensor]) =>
    tensor ? [[name, symbolized(tensor, trace)]] : [],
  );
  const rule = loweringRules.get(kernelName) as LoweringRule;
  let outputs: Value | readonly Value[];
  try {
    outputs = rule(trace.graph, Object.fromEntries(values), attrs ?? {});
  } catch (error) {
    throw new StepError(
      `The kernel ${kernelName} cannot be compiled${atUserCode()}: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
  const info = (value: Value) => ({
    dataId: trace.symbol(value),
    shape: [...value.shape],
    dtype: value.dtype as 'float32',
  });
  return Array.isArray(outputs) ? outputs.map(info) : info(outputs as Value);
}

/** The graph value of a tensor. Tensors created outside the step are constants. */
function symbolized(tensor: TensorInfo, backend: TraceBackend): Value {
  if (tensor.dataId instanceof TracedData) return tensor.dataId.value;
  const known = backend.constants.get(tensor.dataId);
  if (known) return known;
  const owner = tf.engine().state.tensorInfo.get(tensor.dataId)?.backend;
  if (!owner)
    throw new StepError(
      `The step uses a disposed tensor of shape [${tensor.shape}]${atUserCode()}. Keep tensors that a step uses.`,
    );
  const dtype = elementType(tensor.dtype);
  const data = hostArray(owner.readSync(tensor.dataId) as Float32Array, dtype);
  const constant = backend.graph.constant(data, tensor.shape, dtype);
  backend.constants.set(tensor.dataId, constant);
  return constant;
}

function refuseNewVariables(known: readonly Variable[]): void {
  const fresh = Object.values(tf.engine().registeredVariables).filter(
    (variable) => !known.includes(variable),
  );
  for (const variable of fresh) variable.dispose();
  if (fresh.length > 0) {
    throw new StepError(
      `The step creates the variable "${fresh[0]!.name}". Create variables outside the step, as a step runs many times. Optimizers of tf.train create slot variables at their first update; create these before with setWeights, or write the update with variables of your own.`,
    );
  }
}
