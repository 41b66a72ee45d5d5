import * as tf from '@tensorflow/tfjs-core';
// tfjs-core registers no gradients in Node; importing the layers package does.
import '@tensorflow/tfjs-layers';
import type { HostTensor } from '../host-tensor.ts';
import type { CompiledStep, Engine, Step } from './engine.ts';

/**
 * An engine that runs steps eagerly, without compiling them, on a tfjs backend that is already registered.
 *
 * @param name - the engine's name in messages.
 * @param device - what it runs on, as text for people.
 * @param backend - the backend's name in tfjs.
 * @example
 * import '@tensorflow/tfjs-backend-cpu';
 * const engine = eagerEngine('cpu', 'plain JavaScript', 'cpu');
 */
export function eagerEngine(name: string, device: string, backend: string): Engine {
  return {
    name,
    device,
    // TensorFlow's own kernels choose their algorithm by batch size.
    isBatchInvariant: backend !== 'tensorflow',
    compile: <Output extends string>(step: Step<Output>): CompiledStep<Output> => ({
      async run(inputs) {
        // A step blocks the thread; timers and signals get their turn between steps.
        await new Promise((resolve) => setTimeout(resolve, 0));
        await tf.setBackend(backend);
        const outputs = tf.tidy(() => step(enter(inputs)));
        const entries = await Promise.all(
          Object.entries<tf.Tensor>(outputs).map(
            async ([key, tensor]) => [key, { data: await readFloats(tensor), shape: tensor.shape }] as const,
          ),
        );
        tf.dispose(outputs);
        return Object.fromEntries(entries) as unknown as Record<Output, HostTensor>;
      },
      async dispose() {},
    }),
    read: (variables) =>
      Promise.all(
        variables.map(async (variable) => ({ data: await readFloats(variable), shape: variable.shape })),
      ),
    async dispose() {},
  };
}

function enter(inputs: Readonly<Record<string, HostTensor>>): Parameters<Step>[0] {
  return Object.fromEntries(
    Object.entries(inputs).map(([key, { data, shape }]) => [key, tf.tensor(data, [...shape], 'float32')]),
  );
}

async function readFloats(tensor: tf.Tensor): Promise<Float32Array> {
  return Float32Array.from(await tensor.data());
}
