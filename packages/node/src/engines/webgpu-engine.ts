import { SimganError } from '@simgan/core';
import { compiledEngine, type Engine } from '@simgan/core/engine';
import type { WgslRuntime } from '@simgan/tfjs-wgsl';
import type { DeviceName } from './names.ts';
import { type MeasuredRecipe, timeTurns } from './noise-training.ts';
import { onnxEngine } from './onnx-engine.ts';

/** How far a GPU's filters may be from the CPU's after a step of training, and its losses, relative to those. */
const AGREEMENT = 1e-4;
const LOSS_AGREEMENT = 1e-3;

/** A GPU that computes rightly, and does not train faster than the processor. */
export class SlowerEngineError extends SimganError {
  constructor(figures: string) {
    super('ENGINE_UNAVAILABLE', figures);
  }
}

/**
 * An engine that runs steps as kernels of its own on a GPU, if that agrees with the CPU on a small step of training. With
 * the device `auto` only on one that trains faster: both are given the same step, that of a recipe if there is one.
 *
 * @throws SimganError ENGINE_UNAVAILABLE with the reason, figures included.
 */
export async function webgpuEngine(
  device: DeviceName,
  threads: number,
  measured?: MeasuredRecipe,
): Promise<Engine> {
  if (device === 'cpu' || device === 'cuda') {
    throw unavailable(`The webgpu engine runs on a GPU through WebGPU, and --device is ${device}.`);
  }
  const { mayHaveGpu } = await import('@simgan/tfjs-onnx');
  if (device === 'auto' && !mayHaveGpu()) throw unavailable('The operating system reports no GPU.');
  const { createDawnRuntime } = await import('@simgan/tfjs-wgsl/node');
  const runtime = await createDawnRuntime().catch((error: Error) => {
    throw unavailable(error.message, error);
  });
  try {
    return await engineOn(runtime, { device, threads, ...(measured && { measured }) });
  } catch (error) {
    await runtime.dispose();
    throw error;
  }
}

/** What decides whether a GPU is used. */
interface Choice {
  readonly device: 'auto' | 'gpu';
  readonly threads: number;
  readonly measured?: MeasuredRecipe;
}

/**
 * The engine on a runtime, if that is to be used.
 *
 * @throws SimganError ENGINE_UNAVAILABLE if the GPU computes wrongly or, with the device `auto`, is not faster.
 */
export async function engineOn(runtime: WgslRuntime, { device, threads, measured }: Choice): Promise<Engine> {
  if (device === 'auto' && runtime.isSoftware) {
    throw unavailable(`Its driver computes on the processor (${runtime.name}).`);
  }
  const facts = {
    name: 'webgpu',
    device: `gpu through WebGPU, ${runtime.name}`,
    isBatchInvariant: false,
  };
  const isTimed = device === 'auto' && !measured;
  const figures = await comparedAtTrial(runtime, threads, isTimed);
  const remark =
    device === 'auto' && measured
      ? await comparedAtRecipe(compiledEngine(runtime, facts), threads, measured)
      : figures;
  return compiledEngine(runtime, { ...facts, ...(remark && { remark }) });
}

/** Why the GPU is taken, by the small steps of training that every device can be given. */
async function comparedAtTrial(
  runtime: WgslRuntime,
  threads: number,
  isTimed: boolean,
): Promise<string | undefined> {
  const { tryDevice } = await import('@simgan/tfjs-onnx');
  const { isFaster, trialDifference } = await import('@simgan/tfjs-trace/graph');
  const sizes = isTimed ? undefined : 1;
  const gpu = await runtime.tryTraining(sizes);
  if ('error' in gpu) throw unavailable(gpu.error);
  const cpu = await tryDevice('cpu', { threads, ...(sizes && { sizes }) });
  if ('error' in cpu) return `nothing to compare it with: ${cpu.error}`;
  const difference = trialDifference(gpu.values, cpu.values);
  if (!(difference <= AGREEMENT)) {
    throw unavailable(
      `After a step of training its filters differ from the CPU's by ${difference} (${runtime.name}): the driver computes wrongly. Update it, or use --device cpu.`,
    );
  }
  if (!isTimed) return undefined;
  const figures = `a step of training takes ${gpu.ms.toFixed(1)} ms on the GPU and ${cpu.ms.toFixed(1)} ms on the CPU`;
  if (isFaster(gpu, cpu)) return figures;
  throw new SlowerEngineError(
    cpu.size > gpu.size ? `The GPU was too slow for the step that the CPU took (${figures}).` : `${figures}.`,
  );
}

/** Why the GPU is taken, by steps of the training that is to run. */
async function comparedAtRecipe(
  engine: Engine,
  threads: number,
  measured: MeasuredRecipe,
): Promise<string | undefined> {
  const gpu = await timeTurns(engine, measured).catch((error: Error) => {
    throw unavailable(error.message, error);
  });
  const { createOnnxRuntime } = await import('@simgan/tfjs-onnx');
  const onCpu = onnxEngine(await createOnnxRuntime({ device: 'cpu', threads }));
  try {
    const cpu = await timeTurns(onCpu, measured);
    const figures = `a step of this training takes ${gpu.ms.toFixed(1)} ms on the GPU and ${cpu.ms.toFixed(1)} ms on the CPU`;
    const isOff = gpu.losses.some(
      (loss, i) =>
        !(Math.abs(loss - cpu.losses[i]!) <= LOSS_AGREEMENT * Math.max(1, Math.abs(cpu.losses[i]!))),
    );
    if (isOff) {
      throw unavailable(
        `After a step of this training its losses are ${gpu.losses.join(' and ')}, and the CPU's ${cpu.losses.join(' and ')}: the driver computes wrongly. Update it, or use --device cpu.`,
      );
    }
    if (gpu.ms < cpu.ms) return figures;
    throw new SlowerEngineError(`${figures}.`);
  } finally {
    await onCpu.dispose();
  }
}

const unavailable = (message: string, cause?: Error) =>
  new SimganError('ENGINE_UNAVAILABLE', message, cause && { cause });
