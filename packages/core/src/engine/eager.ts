import * as tf from '@tensorflow/tfjs-core';
// tfjs-core registers no gradients in Node; importing the layers package does.
import '@tensorflow/tfjs-layers';
import type { HostTensor } from '../host-tensor.ts';
import type { CompiledStep, Engine, Step } from './engine.ts';

/**
 * An engine that runs steps as they stand on a tfjs backend that is already registered. Variables are
 * always up to date.
 *
 * @param backend the backend's name in tfjs
 */
export function eagerEngine(name: string, device: string, backend: string): Engine {
  return {
    name,
    device,
    compile: <Output extends string>(step: Step<Output>): CompiledStep<Output> => ({
      async run(inputs) {
        // A step keeps the thread busy; between steps timers and signals get their turn.
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
    async writeBack() {},
    async readAgain() {},
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
