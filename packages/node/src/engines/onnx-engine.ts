import type { CompiledStep, CompileOptions, Engine, HostTensor, Step } from '@simgan/core/engine';
import type { OnnxRuntime } from '@simgan/tfjs-onnx';
// tfjs-core registers no gradients in Node; importing the layers package does.
import '@tensorflow/tfjs-layers';

/**
 * An engine that traces a step once for each form of its inputs, compiles it into an ONNX program and runs that in a
 * worker, where the variables live between steps.
 */
export function onnxEngine(runtime: OnnxRuntime): Engine {
  const place = runtime.device === 'cpu' ? `cpu, ${runtime.threads} threads` : runtime.device;
  return {
    name: 'onnx',
    device: `${place} through ONNX Runtime, ${runtime.layout} layout`,
    ...(runtime.noGpu && { remark: `no GPU: ${runtime.noGpu}` }),
    // On a CPU itemwise programs run image by image; elsewhere a program is made for each batch size.
    isBatchInvariant: runtime.device === 'cpu',
    parallelItems: runtime.device === 'cpu' ? runtime.threads : 1,
    compile: <Output extends string>(step: Step<Output>, options?: CompileOptions) => {
      const compiled = runtime.compile(step, options);
      return {
        run: (inputs) => compiled.run(inputs) as Promise<Record<Output, HostTensor>>,
        dispose: () => compiled.dispose(),
      } satisfies CompiledStep<Output>;
    },
    async read(variables) {
      await runtime.writeBack(variables);
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
