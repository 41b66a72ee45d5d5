import type { OnnxRuntime } from '@simgan/tfjs-onnx';
// tfjs-core registers no gradients in Node; importing the layers package does.
import '@tensorflow/tfjs-layers';
import type { HostTensor } from '../host-tensor.ts';
import type { CompiledStep, CompileOptions, Engine, Step } from './engine.ts';

/**
 * An engine that traces a step once for each form of its inputs, compiles it into an ONNX program and runs
 * that in a worker. Variables live in the worker between `writeBack` and `readAgain`.
 */
export function onnxEngine(runtime: OnnxRuntime): Engine {
  const place = runtime.device === 'cpu' ? `cpu, ${runtime.threads} threads` : runtime.device;
  return {
    name: 'onnx',
    device: `${place} through ONNX Runtime, ${runtime.layout} layout`,
    ...(runtime.noGpu && { remark: `no GPU: ${runtime.noGpu}` }),
    compile: <Output extends string>(step: Step<Output>, options?: CompileOptions) => {
      const compiled = runtime.compile(step, options);
      return {
        run: (inputs) => compiled.run(inputs) as Promise<Record<Output, HostTensor>>,
        dispose: () => compiled.dispose(),
      } satisfies CompiledStep<Output>;
    },
    writeBack: () => runtime.writeBack(),
    readAgain: async () => runtime.refresh(),
    dispose: () => runtime.dispose(),
  };
}
