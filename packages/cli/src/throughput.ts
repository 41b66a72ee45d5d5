import {
  createDataset,
  createRng,
  createTrainingState,
  type Engine,
  type ImageSpec,
  l1Regularizer,
  patchDiscriminator,
  refine,
  residualRefiner,
  type TrainingRecipe,
  train,
} from '@simgan/core';

/** How fast an engine is on networks of a size that is used. */
export interface Throughput {
  /** Of a refiner of 32 maps and 2 blocks and the paper's discriminator, one step of each, 16 grey 55x35 images. */
  readonly stepsPerSecond: number;
  readonly imagesPerSecond: number;
}

const image: ImageSpec = { width: 55, height: 35, channels: 1, bits: 8 };
const recipe: TrainingRecipe = {
  steps: 10_000,
  batchSize: 16,
  optimizer: { kind: 'adam' },
  learningRate: 1e-4,
  lambda: 1,
  refinerUpdates: 1,
  discriminatorUpdates: 1,
  historySize: 64,
  warmup: { refiner: 0, discriminator: 0 },
};

/** Trains and refines noise for about five seconds. */
export async function measureThroughput(engine: Engine): Promise<Throughput> {
  const plugin = {
    image,
    refiner: residualRefiner({ width: 32, blocks: 2 }),
    discriminator: patchDiscriminator([
      { convolution: 3, stride: 2, filters: 96 },
      { convolution: 3, stride: 2, filters: 64 },
      { maxPool: 3 },
      { convolution: 3, filters: 32 },
      { convolution: 1, filters: 32 },
    ]),
    regularizer: l1Regularizer(),
  };
  const rng = createRng(1);
  const noise = createDataset(64, (index) => {
    const source = rng.fork(index);
    const pixels = Uint8Array.from({ length: image.width * image.height }, () => source.int(256));
    return { id: String(index), image: pixels, annotation: null };
  });
  const state = createTrainingState(plugin, recipe, 1);
  const stepsPerSecond = await rateOf(
    train({ plugin, state, synthetic: noise, real: noise, engine, seed: 1 }),
    3,
  );
  const endless = createDataset(1_000_000, (index) => noise.at(index % noise.length));
  const refined = refine(endless, { refiner: state.averagedRefiner, image, engine });
  const imagesPerSecond = await rateOf(refined, 2);
  state.dispose();
  return { stepsPerSecond, imagesPerSecond };
}

/** Items a second over `seconds`, after the first, which compiles. */
async function rateOf(items: AsyncIterable<unknown>, seconds: number): Promise<number> {
  let count = -1;
  let started = 0;
  for await (const _ of items) {
    count += 1;
    if (count === 0) started = performance.now();
    else if (performance.now() - started > seconds * 1000) break;
  }
  return (count * 1000) / (performance.now() - started);
}
