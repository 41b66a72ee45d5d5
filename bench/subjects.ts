/** @file What is measured: the three compiled steps of Algorithm 1, behind one interface for every engine. */
import {
  createDataset,
  createImage,
  createTraining,
  type Engine,
  eagerEngine,
  indexId,
  l1Regularizer,
  type SizedForm,
  type Training,
  type TrainingRecipe,
} from '@simgan/core';
import { type HostTensor, hostScalar } from '@simgan/core/engine';
import { refineStep } from '@simgan/core/refining';
import type { TrainedDomain } from '@simgan/core/training';
import * as hands from '@simgan/plugin-depth-hands';
import * as eyes from '@simgan/plugin-eyes';
import { createOnnxRuntime } from '@simgan/tfjs-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { discriminatorStep, refinerStep } from '../packages/core/src/training/steps.ts';
// Engines alone: what measures a GPU is bundled without pictures' files and their native code.
import { createEngine } from '../packages/node/src/engines/engines.ts';

/** The refiner's update, the discriminator's update, and refinement. */
export type StepName = 'G' | 'D' | 'refine';
/** The paper's networks for eyes and hands, and those of the recipe `quick`. */
export type NetworkName = 'eyes' | 'hands' | 'quick';

/** Something that runs the steps of one pair of networks at one batch size. */
export interface Subject {
  readonly name: string;
  /** Runs one step. Milliseconds. */
  run(step: StepName): Promise<number>;
  dispose(): Promise<void>;
}

export interface Setting {
  readonly network: NetworkName;
  readonly batch: number;
  readonly threads: number;
  /** Width and height of pictures, instead of the networks' own. */
  readonly side?: number;
}

/** What makes the networks and their inputs. */
type Extent = Omit<Setting, 'threads'>;

const imageOf = ({ network, side }: Extent): SizedForm => ({
  ...domains[network].image,
  ...(side && { width: side, height: side }),
});

/** The networks at their image sizes. */
const domains: Record<NetworkName, TrainedDomain & { readonly image: SizedForm }> = {
  eyes: {
    image: { width: 55, height: 35, channels: 1, bits: 8 },
    refiner: eyes.paperRefiner,
    discriminator: eyes.paperDiscriminator,
    regularizer: l1Regularizer(),
  },
  quick: {
    image: { width: 55, height: 35, channels: 1, bits: 8 },
    refiner: eyes.quickRefiner,
    discriminator: eyes.paperDiscriminator,
    regularizer: l1Regularizer(),
  },
  hands: {
    image: { width: 224, height: 224, channels: 1, bits: 8 },
    refiner: hands.paperRefiner,
    discriminator: hands.paperDiscriminator,
    regularizer: l1Regularizer(),
  },
};

const LEARNING_RATE = 1e-3;
const LAMBDA = 0.1;

const recipeFor = (batchSize: number): TrainingRecipe => ({
  steps: 1,
  batchSize,
  optimizer: { kind: 'adam', beta1: 0.5 },
  learningRate: LEARNING_RATE,
  lambda: LAMBDA,
  refinerUpdates: 1,
  discriminatorUpdates: 1,
  historySize: 0,
  warmup: { refiner: 0, discriminator: 0 },
  match: 'none',
});

/** Our own engines, with Adam. */
export async function ours(
  name: 'onnx' | 'wasm' | 'webgpu',
  setting: Setting,
  device: 'cpu' | 'gpu' = 'cpu',
): Promise<Subject> {
  const { engine } = await createEngine(name, { threads: setting.threads, device });
  return subjectOn(engine, setting);
}

/** The steps on an engine, which is disposed of with them. */
export async function subjectOn(engine: Engine, extent: Extent): Promise<Subject> {
  const training = await trainingFor(extent, engine);
  // No step updates this refiner, as is the case when a trained one refines.
  const trained = await trainingFor(extent, engine);
  const programs = {
    G: engine.compile(refinerStep(training)),
    D: engine.compile(discriminatorStep(training)),
    refine: engine.compile(refineStep(trained.refiner.network), { itemwise: true }),
  };
  const inputs = inputsOf(extent, trained);
  return {
    name: engine.name,
    async run(step) {
      const start = performance.now();
      await programs[step].run(inputs[step]);
      return performance.now() - start;
    },
    async dispose() {
      for (const program of Object.values(programs)) await program.dispose();
      training.dispose();
      trained.dispose();
      await engine.dispose();
    },
  };
}

/** The inputs of each step. */
export function inputsOf(
  extent: Extent,
  { refiner }: Training,
): Record<StepName, Record<string, HostTensor>> {
  const { batch } = extent;
  const image = imageOf(extent);
  const [synthetic, real] = [batchOf(image, batch, 1), batchOf(image, batch, 2)];
  const drawn = { synthetic, ...(refiner.network.noiseChannels > 0 && { noise: batchOf(image, batch, 3) }) };
  const learningRate = hostScalar(LEARNING_RATE);
  return {
    G: { ...drawn, learningRate, lambda: hostScalar(LAMBDA) },
    D: { refined: synthetic, real, learningRate },
    refine: drawn,
  };
}

/** Networks and optimizer state. The images only satisfy the check of a full batch: the steps get their own inputs. */
export function trainingFor(extent: Extent, engine: Engine): Promise<Training> {
  const { network, batch } = extent;
  const plugin = { ...domains[network], image: imageOf(extent) };
  const images = createDataset(batch, (index) => ({ id: indexId(index), image: createImage(plugin.image) }));
  return createTraining({
    plugin,
    recipe: recipeFor(batch),
    synthetic: images,
    real: images,
    engine,
    seed: 1,
  });
}

/** `[batch, height, width, 1]` in [-1, 1]. */
function batchOf({ width, height }: SizedForm, batch: number, seed: number): HostTensor {
  const length = batch * height * width;
  return {
    shape: [batch, height, width, 1],
    data: Float32Array.from({ length }, (_, i) => Math.sin(seed + i * i)),
  };
}

/** Milliseconds to trace, lower and load G, D and refine, until all three could run. */
export async function compileTime({ network, batch, threads }: Setting): Promise<number> {
  await tf.setBackend('cpu');
  const runtime = await createOnnxRuntime({ threads });
  // Holds the variables only; the runtime compiles the steps.
  const training = await trainingFor({ network, batch }, eagerEngine('cpu', 'plain JavaScript', 'cpu'));
  const type = (...shape: number[]) => ({ shape, dtype: 'float32' }) as const;
  const { width, height } = domains[network].image;
  const images = type(batch, height, width, 1);
  // Excludes the start of the threads, which happens once for all programs.
  await runtime.compile(({ x }) => ({ x: x! }), { itemwise: true }).prepare({ x: type(1) });
  const start = performance.now();
  await runtime
    .compile(refinerStep(training))
    .prepare({ synthetic: images, learningRate: type(), lambda: type() });
  await runtime
    .compile(discriminatorStep(training))
    .prepare({ refined: images, real: images, learningRate: type() });
  await runtime
    .compile(refineStep(training.refiner.network), { itemwise: true })
    .prepare({ synthetic: images });
  const ms = performance.now() - start;
  await runtime.dispose();
  training.dispose();
  return ms;
}
