import { compiledEngine, type Engine } from '@simgan/core/engine';
import type { OnnxRuntime } from '@simgan/tfjs-onnx';

/**
 * An engine that traces a step once for each form of its inputs, compiles it into an ONNX program and runs that in a
 * worker, where the variables live between steps.
 */
export function onnxEngine(runtime: OnnxRuntime): Engine {
  const isCpu = runtime.device === 'cpu';
  const place = isCpu ? `cpu, ${runtime.threads} threads` : runtime.device;
  return compiledEngine(runtime, {
    name: 'onnx',
    device: `${place} through ONNX Runtime, ${runtime.layout} layout`,
    ...(runtime.noGpu && { remark: `no GPU: ${runtime.noGpu}` }),
    // On a CPU itemwise programs run image by image; elsewhere a program is made for each batch size.
    isBatchInvariant: isCpu,
    parallelItems: isCpu ? runtime.threads : 1,
  });
}
