import { SimganError } from '@simgan/core';
import { compiledEngine, type Engine } from '@simgan/core/engine';
import type { WgslRuntime } from '@simgan/tfjs-wgsl';
import type { DeviceName } from './names.ts';

/** How far a GPU's filters may be from the CPU's after a step of training. */
const AGREEMENT = 1e-4;

/**
 * An engine that runs steps as kernels of its own on a GPU. With the device `auto` only on one that agrees with the CPU and
 * trains faster: both are given the same step of training.
 *
 * @throws SimganError ENGINE_UNAVAILABLE with the reason, figures included.
 */
export async function webgpuEngine(device: DeviceName, threads: number): Promise<Engine> {
  if (device === 'cpu' || device === 'cuda') {
    throw unavailable(`The webgpu engine runs on a GPU through WebGPU, and --device is ${device}.`);
  }
  const { mayHaveGpu, tryDevice } = await import('@simgan/tfjs-onnx');
  if (device === 'auto' && !mayHaveGpu()) throw unavailable('The operating system reports no GPU.');
  const { createDawnRuntime } = await import('@simgan/tfjs-wgsl/node');
  const runtime = await createDawnRuntime().catch((error: Error) => {
    throw unavailable(error.message, error);
  });
  try {
    const remark =
      device === 'auto' ? await compared(runtime, () => tryDevice('cpu', { threads })) : undefined;
    return compiledEngine(runtime, {
      name: 'webgpu',
      device: `gpu through WebGPU, ${runtime.name}`,
      ...(remark && { remark }),
      isBatchInvariant: false,
    });
  } catch (error) {
    await runtime.dispose();
    throw error;
  }
}

/** Why the GPU is taken. */
async function compared(
  runtime: WgslRuntime,
  tryCpu: () => ReturnType<WgslRuntime['tryTraining']>,
): Promise<string> {
  const { isFaster, trialDifference } = await import('@simgan/tfjs-trace/graph');
  if (runtime.isSoftware) throw unavailable(`Its driver computes on the processor (${runtime.name}).`);
  const gpu = await runtime.tryTraining();
  if ('error' in gpu) throw unavailable(gpu.error);
  const cpu = await tryCpu();
  if ('error' in cpu) return `nothing to compare it with: ${cpu.error}`;
  const difference = trialDifference(gpu.values, cpu.values);
  if (!(difference <= AGREEMENT)) {
    throw unavailable(
      `After a step of training its filters differ from the CPU's by ${difference} (${runtime.name}).`,
    );
  }
  const figures = `a step of training takes ${gpu.ms.toFixed(1)} ms on the GPU and ${cpu.ms.toFixed(1)} ms on the CPU`;
  if (isFaster(gpu, cpu)) return figures;
  throw unavailable(
    cpu.size > gpu.size ? `The GPU was too slow for the step that the CPU took (${figures}).` : `${figures}.`,
  );
}

const unavailable = (message: string, cause?: Error) =>
  new SimganError('ENGINE_UNAVAILABLE', message, cause && { cause });
