/** What is measured: the three programs of Algorithm 1 on each engine, behind one face. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HostTensor } from '@simgan/core/engine';
import type { SizedForm, NetworkBuilder, Refiner } from '@simgan/core';
import { l1Regularizer } from '@simgan/core';
import { createEngine } from '@simgan/node';
import * as hands from '@simgan/plugin-depth-hands';
import * as eyes from '@simgan/plugin-eyes';
import { createOnnxRuntime } from '@simgan/tfjs-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { createTrainingState } from '../packages/core/src/training/state.ts';
import { discriminatorStep, refinerStep, refineStep } from '../packages/core/src/training/steps.ts';

export type StepName = 'G' | 'D' | 'refine';
export type NetworkName = 'eyes' | 'hands';

/** Something that can do the steps of one pair of networks at one batch size. */
export interface Subject {
  readonly name: string;
  /** Milliseconds of one step. */
  run(step: StepName): Promise<number>;
  dispose(): Promise<void>;
}

export interface Setting {
  readonly network: NetworkName;
  readonly batch: number;
  readonly threads: number;
}

interface Networks {
  readonly image: SizedForm;
  readonly refiner: NetworkBuilder<Refiner>;
  readonly discriminator: NetworkBuilder;
}

const networks: Record<NetworkName, Networks> = {
  eyes: {
    image: { width: 55, height: 35, channels: 1, bits: 8 },
    refiner: eyes.paperRefiner,
    discriminator: eyes.paperDiscriminator,
  },
  hands: {
    image: { width: 224, height: 224, channels: 1, bits: 8 },
    refiner: hands.paperRefiner,
    discriminator: hands.paperDiscriminator,
  },
};

const recipeFor = (batch: number) => ({
  steps: 1,
  batchSize: batch,
  optimizer: { kind: 'adam', beta1: 0.5 } as const,
  learningRate: 1e-3,
  lambda: 0.1,
  refinerUpdates: 1,
  discriminatorUpdates: 1,
  historySize: 0,
  warmup: { refiner: 0, discriminator: 0 },
});

/** Our own engines, on the paper's networks with Adam. */
export async function ours(name: 'onnx' | 'wasm', { network, batch, threads }: Setting): Promise<Subject> {
  const { engine } = await createEngine(name, { threads, device: 'cpu' });
  const { image, ...builders } = networks[network];
  const regularizer = l1Regularizer();
  const recipe = recipeFor(batch);
  const state = createTrainingState({ image, regularizer, ...builders }, recipe, 1);
  const [synthetic, real] = [images(image, batch, 1), images(image, batch, 2)];
  const learningRate = scalar(recipe.learningRate);
  // A refiner that no step changes any more, as those that refine are.
  const trained = createTrainingState({ image, regularizer, ...builders }, recipe, 1);
  const programs = {
    G: engine.compile(refinerStep(state, regularizer)),
    D: engine.compile(discriminatorStep(state)),
    refine: engine.compile(refineStep(trained.refiner.network), { itemwise: true }),
  };
  const inputs: Record<StepName, Record<string, HostTensor>> = {
    G: { synthetic, learningRate, lambda: scalar(recipe.lambda) },
    D: { refined: synthetic, real, learningRate },
    refine: { synthetic },
  };
  return {
    name,
    async run(step) {
      const start = performance.now();
      await programs[step].run(inputs[step]);
      return performance.now() - start;
    },
    async dispose() {
      state.dispose();
      trained.dispose();
      await engine.dispose();
    },
  };
}

function images({ width, height }: SizedForm, batch: number, seed: number): HostTensor {
  const shape = [batch, height, width, 1];
  return {
    shape,
    data: Float32Array.from({ length: batch * height * width }, (_, i) => Math.sin(seed + i * i)),
  };
}

const scalar = (value: number): HostTensor => ({ data: Float32Array.of(value), shape: [] });

/** Milliseconds from nothing to programs of G, D and refine that could run: tracing, lowering and opening sessions. */
export async function compileTime({ network, batch, threads }: Setting): Promise<number> {
  await tf.setBackend('cpu');
  const runtime = await createOnnxRuntime({ threads });
  const { image, ...builders } = networks[network];
  const regularizer = l1Regularizer();
  const state = createTrainingState({ image, regularizer, ...builders }, recipeFor(batch), 1);
  const type = (...shape: number[]) => ({ shape, dtype: 'float32' }) as const;
  const pictures = type(batch, image.height, image.width, 1);
  const refine = runtime.compile(refineStep(state.refiner.network), { itemwise: true });
  // Threads are opened before: that is done once, whatever is compiled.
  await runtime.compile(({ x }) => ({ x: x! }), { itemwise: true }).prepare({ x: type(1) });
  const start = performance.now();
  await runtime
    .compile(refinerStep(state, regularizer))
    .prepare({ synthetic: pictures, learningRate: type(), lambda: type() });
  await runtime
    .compile(discriminatorStep(state))
    .prepare({ refined: pictures, real: pictures, learningRate: type() });
  await refine.prepare({ synthetic: pictures });
  const ms = performance.now() - start;
  await runtime.dispose();
  state.dispose();
  return ms;
}

/** Another process that does the same steps, asked line by line: alone in its memory, with threads of its own. */
export class Peer {
  readonly version: string;
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(name: string, version: string, process: ChildProcess, lines: AsyncIterator<string>) {
    this.#name = name;
    this.version = version;
    this.#process = process;
    this.#lines = lines;
  }

  /** PyTorch; `undefined` where no Python with torch is found. */
  static torch(python = process.env.BENCH_PYTHON ?? '/usr/bin/python3'): Promise<Peer | undefined> {
    // Debian's allocator returns large buffers to the system after every step, which costs torch a third at batch 128.
    const env = { MALLOC_MMAP_THRESHOLD_: '4294967296', MALLOC_TRIM_THRESHOLD_: '-1' };
    return Peer.#start('torch', python, [script('./peer.py')], env);
  }

  /** tensorflow.js on WebAssembly. */
  static wasm(): Promise<Peer | undefined> {
    return Peer.#start('wasm', process.execPath, [...process.execArgv, script('./wasm-peer.ts')], {});
  }

  static async #start(name: string, command: string, args: readonly string[], env: Record<string, string>) {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.on('error', () => {});
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done) return undefined;
    return new Peer(name, (JSON.parse(first.value) as { version: string }).version, child, lines);
  }

  subject(setting: Setting): Subject {
    return {
      name: this.#name,
      run: async (step) => {
        this.#process.stdin!.write(`${JSON.stringify({ ...setting, step })}\n`);
        const { value } = await this.#lines.next();
        return (JSON.parse(value as string) as { ms: number }).ms;
      },
      dispose: async () => {},
    };
  }

  stop(): void {
    this.#process.stdin!.end();
  }
}

const script = (path: string) => fileURLToPath(new URL(path, import.meta.url));
