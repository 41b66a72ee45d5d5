import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SimganError } from '@simgan/core';
import {
  type Engine,
  eagerEngine,
  registerWasmConvolutionGradients,
  registerWasmMaxPoolGradient,
} from '@simgan/core/engine';
import * as tf from '@tensorflow/tfjs-core';
import { type DeviceName, type EngineName, engineNames } from './names.ts';
import type { MeasuredRecipe } from './noise-training.ts';
import { onnxEngine } from './onnx-engine.ts';
import { SlowerEngineError, webgpuEngine } from './webgpu-engine.ts';

/** Options for {@link createEngine}. */
export interface EngineOptions {
  /** Threads for engines that take a number. Default: all processors. */
  readonly threads?: number;
  /** For the engines webgpu and onnx. Default: `auto`, a GPU where a real one answers and agrees with the CPU. */
  readonly device?: DeviceName;
  /**
   * What is to be trained: a GPU is then chosen for `auto` if it trains these networks faster than the processor does, at
   * this batch size. Default: small networks decide.
   */
  readonly measured?: MeasuredRecipe;
  /** The folder where TensorFlow's packages are looked for, beside our own. Default: the current one. */
  readonly from?: string;
}

/** An engine that was passed over: it does not load here, or is slower, and then the reason has figures. */
export interface PassedOver {
  readonly name: EngineName;
  readonly reason: string;
  readonly isSlower?: true;
}

/** An engine, and why it is this one: one sentence per engine that was passed over. */
export interface EngineChoice {
  readonly engine: Engine;
  readonly passedOver: readonly PassedOver[];
}

/** What {@link describeEngines} says of one engine. */
export interface EngineReport {
  readonly name: EngineName;
  /** What it would run on, if it loads. */
  readonly device?: string;
  /** What else is worth knowing, such as why no GPU is used. */
  readonly remark?: string;
  /** Why it does not load, and what to do about it. */
  readonly problem?: string;
}

/**
 * Loads one engine, or with `auto` the first that loads. Build networks after it is there.
 *
 * @throws SimganError ENGINE_UNAVAILABLE with the reason and the way out.
 * @example
 * const { engine } = await createEngine('auto');
 */
export async function createEngine(
  name: EngineName | 'auto',
  options: EngineOptions = {},
): Promise<EngineChoice> {
  silenceTensorflow();
  if (name !== 'auto') return { engine: await loaders[name](options), passedOver: [] };
  const passedOver: PassedOver[] = [];
  for (const candidate of engineNames) {
    try {
      return { engine: await loaders[candidate](options), passedOver };
    } catch (error) {
      const reason = (error as Error).message;
      passedOver.push({
        name: candidate,
        reason,
        ...(error instanceof SlowerEngineError && { isSlower: true }),
      });
    }
  }
  const reasons = passedOver.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  throw new SimganError('ENGINE_UNAVAILABLE', `No engine loads here. ${reasons}`);
}

/** Tries every engine and says what it found. */
export async function describeEngines(options: EngineOptions = {}): Promise<EngineReport[]> {
  silenceTensorflow();
  const reports: EngineReport[] = [];
  for (const name of engineNames) {
    try {
      const engine = await loaders[name](options);
      const { device, remark } = engine;
      reports.push({ name, device, ...(remark && { remark }) });
      await engine.dispose();
    } catch (error) {
      reports.push({ name, problem: (error as Error).message });
    }
  }
  return reports;
}

const loaders: Record<EngineName, (options: EngineOptions) => Promise<Engine>> = {
  async 'tensorflow-gpu'(options) {
    await loadTensorflow('@tensorflow/tfjs-node-gpu', options);
    const backend = tf.backend() as { isUsingGpuDevice?: boolean };
    if (!backend.isUsingGpuDevice) {
      throw unavailable('@tensorflow/tfjs-node-gpu loads but sees no GPU; it needs CUDA 11.2 and cuDNN 8.1.');
    }
    return eagerEngine('tensorflow-gpu', 'CUDA through TensorFlow', 'tensorflow');
  },
  async webgpu({ threads = availableParallelism(), device = 'auto', measured }) {
    // Steps are traced with tfjs, whose variables need a backend to rest on.
    await import('@tensorflow/tfjs-backend-cpu');
    await useBackend('cpu', 'The plain JavaScript backend does not start.');
    return webgpuEngine(device, threads, measured);
  },
  async onnx({ threads, device = 'auto' }) {
    const { createOnnxRuntime } = await import('@simgan/tfjs-onnx');
    // Steps are traced with tfjs, whose variables need a backend to rest on.
    await import('@tensorflow/tfjs-backend-cpu');
    await useBackend('cpu', 'The plain JavaScript backend does not start.');
    const runtime = await createOnnxRuntime({ device, ...(threads && { threads }) }).catch((error) => {
      throw unavailable(`ONNX Runtime does not start: ${(error as Error).message}`, error);
    });
    return onnxEngine(runtime);
  },
  async tensorflow(options) {
    await loadTensorflow('@tensorflow/tfjs-node', options);
    return eagerEngine(
      'tensorflow',
      `cpu through TensorFlow, ${availableParallelism()} threads`,
      'tensorflow',
    );
  },
  async wasm() {
    const { setThreadsCount } = await import('@tensorflow/tfjs-backend-wasm');
    // tfjs's wasm backend has no threads in Node.
    setThreadsCount(1);
    registerWasmConvolutionGradients();
    registerWasmMaxPoolGradient();
    await useBackend('wasm', 'This Node cannot run the WebAssembly of @tensorflow/tfjs-backend-wasm.');
    return eagerEngine('wasm', 'cpu through WebAssembly, 1 thread', 'wasm');
  },
  async cpu() {
    await import('@tensorflow/tfjs-backend-cpu');
    await useBackend('cpu', 'The plain JavaScript backend does not start.');
    return eagerEngine('cpu', 'cpu in plain JavaScript, 1 thread', 'cpu');
  },
};

/** These packages are never installed by us: their install scripts download libtensorflow, which only their user may want. */
async function loadTensorflow(packageName: string, { from = process.cwd() }: EngineOptions): Promise<void> {
  let file: string;
  try {
    file = resolveFrom(packageName, [join(from, 'package.json'), import.meta.url]);
  } catch {
    throw unavailable(`${packageName} is not installed; add it with: npm install ${packageName}`);
  }
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    const [firstLine] = (error as Error).message.split('\n');
    throw unavailable(
      `${packageName} is installed but does not load (${firstLine}); its prebuilt binding supports Node up to 20.`,
      error,
    );
  }
  await useBackend('tensorflow', `${packageName} loads but its backend does not start.`);
}

function resolveFrom(packageName: string, places: readonly string[]): string {
  let failure: unknown;
  for (const place of places) {
    try {
      return createRequire(place).resolve(packageName);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function useBackend(name: string, problem: string): Promise<void> {
  const started = await tf.setBackend(name).catch(() => false);
  if (!started) throw unavailable(problem);
}

function unavailable(message: string, cause?: unknown): SimganError {
  return new SimganError('ENGINE_UNAVAILABLE', message, { cause });
}

/** tfjs greets every Node process on the console, and checks every tensor for NaN unless told that it is in production. */
function silenceTensorflow(): void {
  tf.enableProdMode();
}
