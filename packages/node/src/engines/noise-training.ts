/** Trainings on noise: how fast an engine is with the networks of a recipe. */
import {
  createDataset,
  createImage,
  createRng,
  createTraining,
  imageRange,
  type Plugin,
  storedValue,
  type Training,
} from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import { type TrainingRecipe, train, trainingForm } from '@simgan/core/training';

/** Networks and batches whose training is to be measured. */
export interface MeasuredRecipe {
  readonly plugin: Plugin;
  readonly recipe: TrainingRecipe;
}

/** A training without an end, of a plugin's networks on noise, and the noise. */
export async function noiseTraining(
  engine: Engine,
  { plugin, recipe: wanted }: MeasuredRecipe,
): Promise<{ training: Training; noise: ReturnType<typeof noiseLike> }> {
  const recipe = {
    ...wanted,
    steps: 1_000_000,
    warmup: { refiner: 0, discriminator: 0 },
    match: 'none' as const,
  };
  const noise = noiseLike(trainingForm(plugin.image, recipe), Math.max(64, recipe.batchSize));
  const training = await createTraining({ plugin, recipe, synthetic: noise, real: noise, engine });
  return { training, noise };
}

function noiseLike(form: ReturnType<typeof trainingForm>, length: number) {
  const rng = createRng(1);
  return createDataset(
    length,
    (index) => {
      const source = rng.fork(index);
      const image = createImage(form);
      const [low, high] = imageRange(form);
      for (let i = 0; i < image.data.length; i++)
        image.data[i] = storedValue(low + source.next() * (high - low), form.bits);
      return { id: String(index), image };
    },
    String,
  );
}

/** What a few turns of Algorithm 1 took, and what the first of them computed. */
export interface TimedTurns {
  /** Milliseconds of a turn with one update of each network. */
  readonly ms: number;
  /** The losses of both networks in the first turn, which does not depend on the engine but for rounding. */
  readonly losses: readonly [refiner: number, discriminator: number];
}

const MOST_TURNS = 4;
/** A slow engine is known after less. Milliseconds. */
const PATIENCE = 3000;

/** Times turns of the recipe's own networks, at its batch size, after a first that compiles. */
export async function timeTurns(engine: Engine, { plugin, recipe }: MeasuredRecipe): Promise<TimedTurns> {
  const oneEach = { ...recipe, refinerUpdates: 1, discriminatorUpdates: 1 };
  const { training } = await noiseTraining(engine, { plugin, recipe: oneEach });
  try {
    const losses: number[] = [];
    let ms = Number.POSITIVE_INFINITY;
    const begin = performance.now();
    let last = begin;
    let turns = 0;
    for await (const turn of train(training)) {
      const now = performance.now();
      if (turns === 0 && turn.phase === 'adversarial')
        losses.push(turn.refiner.loss, turn.discriminator.loss);
      else ms = Math.min(ms, now - last);
      turns += 1;
      if (turns === MOST_TURNS || (turns > 1 && now - begin > PATIENCE)) break;
      last = performance.now();
    }
    return { ms, losses: losses as [number, number] };
  } finally {
    training.dispose();
  }
}
