import type { Dataset } from '../dataset.ts';
import type { Engine } from '../engine/engine.ts';
import { SimganError } from '../errors.ts';
import { type HostTensor, hostScalar, scalarValue } from '../host-tensor.ts';
import { networksOf, type Plugin } from '../plugin.ts';
import { createRng } from '../rng.ts';
import type { RealImage } from '../sample.ts';
import { batchesAhead, noiseBatch, shuffledBatches } from './batches.ts';
import { nextLambda, type TrainingRecipe } from './recipe.ts';
import type { DiscriminatorLosses, RefinerLosses, TrainingState } from './state.ts';
import { discriminatorStep, refinerStep, refinerWarmupStep, refineStep } from './steps.ts';

/** What to train with. */
export interface TrainOptions {
  readonly plugin: Pick<Plugin, 'refiner' | 'discriminator' | 'regularizer'>;
  /** Changed by training; see `createTrainingState`. */
  readonly state: TrainingState;
  /** Simulated pictures; their annotations are not looked at. */
  readonly synthetic: Dataset<RealImage>;
  /** Unlabelled real pictures, at least one batch of them. */
  readonly real: Dataset<RealImage>;
  readonly engine: Engine;
  /** Orders the batches, the noise and the history. */
  readonly seed: number;
  /**
   * Ends the training after the update that is under way, within a turn if need be: with fifty updates a turn
   * may take minutes. The state is then at rest, and goes on from there.
   */
  readonly signal?: AbortSignal | undefined;
  /** Called and awaited after each update of a turn but the last, with how many of the turn's are done. */
  readonly onUpdate?: ((done: number, updates: number) => void | Promise<void>) | undefined;
}

/** What happened in one step: losses are means, `…Sum` as the paper writes them, accuracies in [0, 1]. */
export interface TrainStep {
  readonly phase: 'refiner warm-up' | 'discriminator warm-up' | 'adversarial';
  /** Steps done, of `steps` in all, warm-up included. */
  readonly step: number;
  readonly steps: number;
  /** Of the turn's last refiner update. */
  readonly refiner?: RefinerLosses;
  /** Of the turn's last discriminator update. */
  readonly discriminator?: DiscriminatorLosses;
}

/** How many steps {@link train} yields for a recipe, warm-up included. */
export function totalSteps({ warmup, steps }: TrainingRecipe): number {
  return warmup.refiner + warmup.discriminator + steps;
}

/**
 * Algorithm 1 of the paper. Goes on from where the state stands, yields after every turn of the two
 * networks, and ends when the recipe's steps are done, the caller stops asking or the signal aborts. Then and
 * between two steps the state is at rest.
 *
 * @throws SimganError NOT_ENOUGH_DATA if there is less than one batch of real or synthetic pictures.
 * @throws SimganError TRAINING_DIVERGED if a loss is no longer a number.
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainStep, void, void> {
  const { state, engine, signal, onUpdate } = options;
  const { recipe } = state;
  const programs = compilePrograms(options);
  const draw = createDraw(options);
  const learningRate = hostScalar(recipe.learningRate);
  const steps = totalSteps(recipe);

  const moveRefiner = async () => {
    const inputs = { ...(await draw.synthetic()), learningRate, lambda: hostScalar(state.lambda) };
    const losses = readLosses(await programs.refiner.run(inputs));
    const { lambda } = state;
    state.lambda = nextLambda(recipe.lambda, lambda, losses.regularization);
    return { ...losses, lambda };
  };
  const moveDiscriminator = async () => {
    const { refined } = await programs.refine.run(await draw.synthetic());
    const seen = state.history.mix(refined!, draw.history());
    return readLosses(
      await programs.discriminator.run({ refined: seen, real: await draw.real(), learningRate }),
    );
  };

  try {
    while (state.step < steps) {
      let done: Omit<TrainStep, 'step' | 'steps'>;
      if (state.step < recipe.warmup.refiner) {
        const inputs = { ...(await draw.synthetic()), learningRate };
        const { regularization } = readLosses(await programs.warmup.run(inputs));
        const refiner = {
          loss: regularization,
          adversarial: 0,
          adversarialSum: 0,
          regularization,
          lambda: 0,
        };
        done = { phase: 'refiner warm-up', refiner };
      } else if (state.step < recipe.warmup.refiner + recipe.warmup.discriminator) {
        done = { phase: 'discriminator warm-up', discriminator: await moveDiscriminator() };
      } else {
        const { turn } = state;
        const updates = recipe.refinerUpdates + recipe.discriminatorUpdates;
        while (turn.updates < updates) {
          if (turn.updates < recipe.refinerUpdates) turn.refiner = await moveRefiner();
          else turn.discriminator = await moveDiscriminator();
          turn.updates += 1;
          if (turn.updates === updates) break;
          if (signal?.aborted) return;
          await onUpdate?.(turn.updates, updates);
        }
        done = { phase: 'adversarial', refiner: turn.refiner!, discriminator: turn.discriminator! };
        state.turn = { updates: 0 };
      }
      state.step += 1;
      yield { ...done, step: state.step, steps };
      if (signal?.aborted) return;
    }
  } finally {
    for (const program of Object.values(programs)) await program.dispose();
    await engine.writeBack();
  }
}

function compilePrograms({ plugin, state, engine }: TrainOptions) {
  const { regularizer } = networksOf(plugin, state.recipe);
  if (regularizer.fingerprint?.() !== state.fingerprint) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      'The plugin compares by other features than the one that the training state was created for. Use the same.',
    );
  }
  return {
    warmup: engine.compile(refinerWarmupStep(state, regularizer)),
    refiner: engine.compile(refinerStep(state, regularizer)),
    refine: engine.compile(refineStep(state.refiner.network)),
    discriminator: engine.compile(discriminatorStep(state)),
  };
}

/** Draws by number, and keeps the numbers in the state: a resumed training draws what it would have drawn. */
function createDraw({ state, synthetic, real, seed }: TrainOptions) {
  const rng = createRng(seed).fork('train');
  const { image, recipe } = state;
  const batches = (kind: 'synthetic' | 'real', dataset: Dataset<RealImage>) => {
    if (dataset.length < recipe.batchSize) {
      throw new SimganError(
        'NOT_ENOUGH_DATA',
        `There are ${dataset.length} ${kind} pictures, fewer than the one batch of ${recipe.batchSize} that a step takes. Add pictures or train with a smaller batch.`,
      );
    }
    const { batchSize } = recipe;
    return batchesAhead(shuffledBatches(dataset, { image, batchSize, rng: rng.fork(kind) }));
  };
  const sources = { synthetic: batches('synthetic', synthetic), real: batches('real', real) };
  return {
    async synthetic(): Promise<{ synthetic: HostTensor; noise?: HostTensor }> {
      const number = state.drawn.synthetic++;
      const batch = await sources.synthetic.at(number);
      const { noiseChannels } = state.refiner.network;
      if (noiseChannels === 0) return { synthetic: batch };
      const noise = Array.from({ length: recipe.batchSize }, (_, i) =>
        rng.fork('noise').fork(number).fork(i),
      );
      return { synthetic: batch, noise: noiseBatch(noise, image, noiseChannels) };
    },
    real: () => sources.real.at(state.drawn.real++),
    history: () => rng.fork('history').fork(state.drawn.real),
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
