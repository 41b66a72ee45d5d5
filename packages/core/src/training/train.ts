import { SimganError } from '../errors.ts';
import { type HostTensor, hostScalar, scalarValue } from '../host-tensor.ts';
import { noiseBatch } from '../networks/noise.ts';
import { refineStep } from '../refining/refine-step.ts';
import { createRng } from '../rng.ts';
import { batchesAhead, shuffledBatches } from './batches.ts';
import { type Started, settle, startUpdate } from './late-losses.ts';
import { nextPace } from './pace.ts';
import { DEFAULT_DISPLACEMENT, nextLambda, type TrainingRecipe } from './recipe.ts';
import { discriminatorStep, refinerStep, refinerWarmupStep } from './steps.ts';
import type { Training } from './training.ts';
import type { DiscriminatorLosses, RefinerLosses } from './update-losses.ts';

/** Options for {@link train}. */
export interface TrainOptions {
  /**
   * Stops the training after the update in progress, even within a turn: with fifty updates, a turn may take minutes.
   * The training is then at rest, and can resume from there.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called and awaited after each update of a turn except the last, with the number of updates done and in all. The
   * losses of the last of them may be read later; a checkpoint waits for them.
   */
  readonly onUpdate?: ((done: number, updates: number) => void | Promise<void>) | undefined;
}

/** The report of one step, of `steps` in all, warm-up included. Losses are means, accuracies are in [0, 1]. */
export type TrainStep = { readonly step: number; readonly steps: number } & (
  | { readonly phase: 'refiner warm-up'; readonly regularization: number }
  | { readonly phase: 'discriminator warm-up'; readonly discriminator: DiscriminatorLosses }
  | {
      readonly phase: 'adversarial';
      /** Of the turn's last refiner update. */
      readonly refiner: RefinerLosses;
      /** Of the turn's last discriminator update. */
      readonly discriminator: DiscriminatorLosses;
    }
);

/** The number of steps that {@link train} yields for a recipe, warm-up included. */
export function totalSteps({ warmup, steps }: TrainingRecipe): number {
  return warmup.refiner + warmup.discriminator + steps;
}

/**
 * Algorithm 1 of the paper. Resumes at the training's step, yields after every turn of the two networks, and ends
 * when the recipe's steps are done, the caller stops iterating, or the signal aborts. Then, and between two steps,
 * the training is at rest.
 *
 * @throws SimganError TRAINING_DIVERGED if a loss is no longer a number.
 * @example
 * for await (const step of train(training)) console.log(step.phase, step.step);
 */
export async function* train(
  training: Training,
  { signal, onUpdate }: TrainOptions = {},
): AsyncGenerator<TrainStep, void, void> {
  const { recipe } = training;
  const { discriminatorUpdates: K_d, warmup } = recipe;
  const steps = totalSteps(recipe);
  const update = createUpdates(training);
  const isStopped = async () => {
    const { turn, pace } = training;
    const updates = pace.refinerUpdates + K_d;
    if (!signal?.aborted) await onUpdate?.(turn.refinerUpdates + turn.discriminatorUpdates, updates);
    return signal?.aborted;
  };
  try {
    // Section 3.1: the refiner first learns with the regularizer alone, then the discriminator alone.
    while (training.step < warmup.refiner && !signal?.aborted) {
      const regularization = await update.refinerWarmup();
      training.fidelity += RECENT * (regularization - training.fidelity);
      // A faithful copy has nothing left to learn: the steps that remain are skipped.
      const isFaithful = training.fidelity <= (warmup.faithful ?? 0);
      training.step = isFaithful ? warmup.refiner : training.step + 1;
      yield { phase: 'refiner warm-up', regularization, step: training.step, steps };
    }
    while (training.step < warmup.refiner + warmup.discriminator && !signal?.aborted) {
      const discriminator = await (await update.discriminator()).losses;
      yield { phase: 'discriminator warm-up', discriminator, step: ++training.step, steps };
    }
    // Algorithm 1: for t = 1, …, T do.
    while (training.step < steps && !signal?.aborted) {
      const { turn } = training;
      const { refinerUpdates: K_g } = training.pace;
      // for k = 1, …, K_g do: sample a batch of synthetic images; update the refiner by its loss (eq. 2).
      while (turn.refinerUpdates < K_g) {
        await startUpdate(training, update.refiner, (losses) => {
          turn.refiner = losses;
        });
        turn.refinerUpdates++;
        if (await isStopped()) return;
      }
      // for k = 1, …, K_d do: sample synthetic and real images; refine; update the discriminator by its loss (eq. 1).
      while (turn.discriminatorUpdates < K_d) {
        await startUpdate(training, update.discriminator, (losses) => {
          turn.discriminator = losses;
        });
        turn.discriminatorUpdates++;
        if (turn.discriminatorUpdates < K_d && (await isStopped())) return;
      }
      await settle(training);
      const { refiner, discriminator } = turn as Required<typeof turn>;
      training.turn = { refinerUpdates: 0, discriminatorUpdates: 0 };
      training.pace = nextPace(recipe.refinerUpdates, training.pace, discriminator);
      yield { phase: 'adversarial', refiner, discriminator, step: ++training.step, steps };
    }
  } finally {
    try {
      await settle(training);
    } finally {
      await update.dispose();
    }
  }
}

/** The share of the latest warm-up step in its moving average. */
const RECENT = 0.1;

/** The updates of Algorithm 1, compiled; each draws its own batches and counts them in the training. */
function createUpdates(training: Training) {
  const { engine, recipe } = training;
  const programs = {
    refinerWarmup: engine.compile(refinerWarmupStep(training)),
    refiner: engine.compile(refinerStep(training)),
    refine: engine.compile(refineStep(training.refiner.network)),
    discriminator: engine.compile(discriminatorStep(training)),
  };
  const draw = createDraw(training);
  return {
    async refinerWarmup(): Promise<number> {
      const learningRate = hostScalar(training.learningRate);
      const inputs = { ...(await draw.synthetic()), learningRate, ...displacementWeight(training) };
      return readLosses(await programs.refinerWarmup.run(inputs)).regularization;
    },
    async refiner(): Promise<Started<RefinerLosses>> {
      // Weights that follow losses need those of the update before.
      if (typeof recipe.lambda !== 'number' || training.refiner.network.warping) await settle(training);
      const { lambda, learningRate, displacementLambda } = training;
      const rates = { learningRate: hostScalar(learningRate), lambda: hostScalar(lambda) };
      const inputs = { ...(await draw.synthetic()), ...rates, ...displacementWeight(training) };
      const outputs = programs.refiner.run(inputs);
      const read = async (): Promise<RefinerLosses> => {
        const { displacement, ...losses }: Omit<RefinerLosses, 'lambda'> = readLosses(await outputs);
        training.lambda = nextLambda(recipe.lambda, lambda, losses.regularization);
        if (displacement === undefined) return { ...losses, lambda };
        const weight = recipe.displacement ?? DEFAULT_DISPLACEMENT;
        training.displacementLambda = nextLambda(weight, displacementLambda, displacement);
        return { ...losses, lambda, displacement, displacementLambda };
      };
      return { losses: read() };
    },
    async discriminator(): Promise<Started<DiscriminatorLosses>> {
      const { refined } = await programs.refine.run(await draw.synthetic());
      const seen = training.history.mix(refined, draw.history());
      const learningRate = hostScalar(training.learningRate);
      const inputs = { refined: seen, real: await draw.real(), learningRate };
      return { losses: programs.discriminator.run(inputs).then(readLosses) };
    },
    async dispose() {
      for (const program of Object.values(programs)) await program.dispose();
      // After the training, the networks' variables hold the learned values.
      const { refiner, discriminator, averagedRefiner } = training;
      await engine.read([
        ...refiner.network.variables,
        ...discriminator.network.variables,
        ...averagedRefiner.variables,
      ]);
    },
  };
}

/** The input of a step of a refiner that moves things. */
function displacementWeight({ refiner, displacementLambda }: Training): Record<string, HostTensor> {
  return refiner.network.warping ? { displacementLambda: hostScalar(displacementLambda) } : {};
}

/** Draws batches by number, and keeps the numbers in the training: resumed, it draws the same batches. */
function createDraw(training: Training) {
  const { form, recipe, seed } = training;
  const { batchSize } = recipe;
  const rng = createRng(seed).fork('train');
  const batches = (kind: 'synthetic' | 'real') =>
    batchesAhead(shuffledBatches(training[kind], { form, batchSize, rng: rng.fork(kind) }));
  const sources = { synthetic: batches('synthetic'), real: batches('real') };
  return {
    async synthetic(): Promise<{ synthetic: HostTensor; noise?: HostTensor }> {
      const number = training.drawn.synthetic++;
      const batch = await sources.synthetic.at(number);
      const { noiseChannels } = training.refiner.network;
      if (noiseChannels === 0) return { synthetic: batch };
      const noise = Array.from({ length: batchSize }, (_, i) => rng.fork('noise').fork(number).fork(i));
      return { synthetic: batch, noise: noiseBatch(noise, form, noiseChannels) };
    },
    real: () => sources.real.at(training.drawn.real++),
    history: () => rng.fork('history').fork(training.drawn.real),
  };
}

function readLosses<Name extends string>(outputs: Record<Name, HostTensor>): Record<Name, number> {
  const losses = Object.entries<HostTensor>(outputs).map(
    ([name, tensor]) => [name, scalarValue(tensor)] as const,
  );
  for (const [name, value] of losses) {
    if (Number.isFinite(value)) continue;
    throw new SimganError(
      'TRAINING_DIVERGED',
      `Training has diverged: ${name} is ${value}. Start again with a smaller learning rate.`,
    );
  }
  return Object.fromEntries(losses) as Record<Name, number>;
}
