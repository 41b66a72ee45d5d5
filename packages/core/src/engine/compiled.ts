import type { Tensor, Variable } from '@tensorflow/tfjs-core';
// tfjs-core registers no gradients in Node; importing the layers package does.
import '@tensorflow/tfjs-layers';
import { SimganError } from '../errors.ts';
import type { HostTensor } from '../host-tensor.ts';
import type { CompileOptions, Engine, Step } from './engine.ts';

/** What compiles steps and keeps their variables: a runtime of `@simgan/tfjs-onnx` or `@simgan/tfjs-wgsl`. */
export interface StepCompiler {
  compile(
    step: (inputs: Readonly<Record<string, Tensor>>) => Record<string, Tensor>,
    options?: CompileOptions,
  ): {
    run(inputs: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>>;
    dispose(): Promise<void>;
  };
  /** Copies the present values of variables into them. */
  writeBack(variables: readonly Variable[]): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * An engine that compiles steps with a runtime. What a GPU does not do, because it was lost, is full or has a driver that
 * fails, is thrown as SimganError ENGINE_FAILED.
 *
 * @param facts - what an {@link Engine} says of itself.
 * @example
 * ```ts no-run
 * const runtime = await createWgslRuntime();
 * const engine = compiledEngine(runtime, { name: 'webgpu', device: runtime.name, isBatchInvariant: false });
 * ```
 */
export function compiledEngine(
  runtime: StepCompiler,
  facts: Omit<Engine, 'compile' | 'read' | 'dispose'>,
): Engine {
  return {
    ...facts,
    compile: <Output extends string>(step: Step<Output>, options?: CompileOptions) => {
      const compiled = runtime.compile(step, options);
      return {
        run: (inputs) => explained(compiled.run(inputs)) as Promise<Record<Output, HostTensor>>,
        dispose: () => compiled.dispose(),
      };
    },
    async read(variables) {
      await explained(runtime.writeBack(variables));
      return Promise.all(
        variables.map(async (variable) => ({
          data: Float32Array.from(await variable.data()),
          shape: variable.shape,
        })),
      );
    },
    dispose: () => runtime.dispose(),
  };
}

/** A runtime says in a sentence why a step cannot run; anything else that it throws is a bug. */
async function explained<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if ((error as Error).name !== 'StepError') throw error;
    throw new SimganError('ENGINE_FAILED', (error as Error).message, { cause: error });
  }
}
