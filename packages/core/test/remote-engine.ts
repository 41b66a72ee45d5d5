import * as tf from '@tensorflow/tfjs-core';
import type { Engine, HostTensor } from '../src/engine/index.ts';
import { wasmEngine } from './wasm-engine.ts';

/** What a variable holds in the engine while tfjs shows an older value. */
interface Held {
  readonly values: Float32Array;
  /** Identifies the older value: another one was assigned from outside. */
  readonly shown: object;
}

/**
 * An engine on tfjs's wasm backend that keeps variables elsewhere, as one on a GPU does: what its steps assign reaches
 * the `tf.Variable`s only when it is read.
 */
export function remoteEngine(): Engine {
  const held = new Map<tf.Variable, Held>();
  const takeHeld = (variable: tf.Variable) => {
    const { values, shown } = held.get(variable) ?? {};
    held.delete(variable);
    if (values && !variable.isDisposed && variable.dataId === shown) assign(variable, values);
  };
  return {
    ...wasmEngine,
    name: 'remote',
    compile: (step) => ({
      async run(inputs) {
        await tf.setBackend('wasm');
        const variables = Object.values(tf.engine().registeredVariables);
        const shown = new Map(variables.map((variable) => [variable, valuesOf(variable)]));
        for (const variable of [...held.keys()]) takeHeld(variable);
        const outputs = inScope(() => hostTensors(step(tensorsOf(inputs))));
        for (const [variable, before] of shown) {
          const values = valuesOf(variable);
          if (values.every((value, i) => Object.is(value, before[i]))) continue;
          assign(variable, before);
          held.set(variable, { values, shown: variable.dataId });
        }
        return outputs;
      },
      async dispose() {},
    }),
    async read(variables) {
      for (const variable of variables) takeHeld(variable);
      return wasmEngine.read(variables);
    },
  };
}

/** `tf.tidy` for results that are no tensors. */
function inScope<Result>(compute: () => Result): Result {
  let result: Result;
  tf.tidy(() => {
    result = compute();
  });
  return result!;
}

function valuesOf(variable: tf.Variable): Float32Array {
  return Float32Array.from(variable.dataSync());
}

function assign(variable: tf.Variable, values: Float32Array): void {
  tf.tidy(() => variable.assign(tf.tensor(values, variable.shape, 'float32')));
}

function tensorsOf(inputs: Readonly<Record<string, HostTensor>>): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape], 'float32')]),
  );
}

function hostTensors<Name extends string>(tensors: Record<Name, tf.Tensor>): Record<Name, HostTensor> {
  return Object.fromEntries(
    Object.entries<tf.Tensor>(tensors).map(([name, tensor]) => [
      name,
      { data: Float32Array.from(tensor.dataSync()), shape: tensor.shape },
    ]),
  ) as Record<string, HostTensor> as Record<Name, HostTensor>;
}
