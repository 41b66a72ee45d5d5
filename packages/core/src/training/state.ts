import * as tf from '@tensorflow/tfjs-core';
import { SimganError } from '../errors.ts';
import type { HostTensor } from '../host-tensor.ts';
import type { ImageSpec } from '../image.ts';
import { variableName } from '../networks/convolution.ts';
import type { Discriminator, Refiner } from '../networks/network.ts';
import { networksOf, type Plugin } from '../plugin.ts';
import { HistoryBuffer } from './history-buffer.ts';
import { createOptimizer, createOptimizerState, type Optimizer } from './optimizer.ts';
import { checkRecipe, initialLambda, type TrainingRecipe } from './recipe.ts';

/** One of the two players: a network, and what its optimizer remembers. */
export interface Player<Kind> {
  readonly network: Kind;
  readonly optimizerState: readonly tf.Variable[];
}

/** What a refiner update reports: means, and `…Sum` as the paper writes it. */
export interface RefinerLosses {
  readonly loss: number;
  readonly adversarial: number;
  readonly adversarialSum: number;
  readonly regularization: number;
  readonly lambda: number;
}

/** What a discriminator update reports; accuracies in [0, 1]. */
export interface DiscriminatorLosses {
  readonly loss: number;
  readonly lossSum: number;
  readonly accuracyOnRefined: number;
  readonly accuracyOnReal: number;
}

/**
 * Everything that training changes. Between two steps of {@link train} it is at rest: it can be saved,
 * looked at, or put back to what was saved.
 */
export interface TrainingState {
  readonly image: ImageSpec;
  readonly recipe: TrainingRecipe;
  readonly optimizer: Optimizer;
  readonly refiner: Player<Refiner>;
  readonly discriminator: Player<Discriminator>;
  /** The refiner to use: the moving average of the one that is trained, or that one itself. */
  readonly averagedRefiner: Refiner;
  /** Of the weights that the regularizer compares by, where it has some ({@link Regularizer}). */
  readonly fingerprint: string | undefined;
  history: HistoryBuffer;
  lambda: number;
  /** Steps done, warm-up included. */
  step: number;
  /** The turn that is under way: updates done, and what the last ones reported. */
  turn: { updates: number; refiner?: RefinerLosses; discriminator?: DiscriminatorLosses };
  /** Batches drawn of each kind. */
  drawn: { synthetic: number; real: number };
  dispose(): void;
}

/**
 * A state from which training starts. The same seed gives the same initial weights.
 *
 * @throws SimganError INVALID_ARGUMENT if the recipe cannot be trained with.
 */
export function createTrainingState(
  plugin: Pick<Plugin, 'image' | 'refiner' | 'discriminator' | 'regularizer'>,
  recipe: TrainingRecipe,
  seed: number,
): TrainingState {
  checkRecipe(recipe);
  const networks = networksOf(plugin, recipe);
  // Read here, before anything is built: weights may come from a file that cannot be read.
  const fingerprint = networks.regularizer.fingerprint?.();
  const optimizer = createOptimizer(recipe.optimizer);
  const player = <Kind extends Refiner | Discriminator>(name: string, network: Kind): Player<Kind> => ({
    network,
    optimizerState: createOptimizerState(optimizer, name, network.variables),
  });
  const refiner = player('refiner', networks.refiner(plugin.image, seed));
  const discriminator = player('discriminator', networks.discriminator(plugin.image, seed));
  const averagedRefiner = recipe.averaging ? networks.refiner(plugin.image, seed) : refiner.network;
  return {
    image: plugin.image,
    recipe,
    optimizer,
    refiner,
    discriminator,
    averagedRefiner,
    fingerprint,
    history: new HistoryBuffer(recipe.historySize),
    lambda: initialLambda(recipe.lambda),
    step: 0,
    turn: { updates: 0 },
    drawn: { synthetic: 0, real: 0 },
    dispose() {
      for (const { network, optimizerState } of [refiner, discriminator]) {
        network.dispose();
        for (const slot of optimizerState) slot.dispose();
      }
      if (averagedRefiner !== refiner.network) averagedRefiner.dispose();
    },
  };
}

/** A training state as named arrays and a few numbers: what a checkpoint file holds. */
export interface Checkpoint {
  readonly tensors: Readonly<Record<string, HostTensor>>;
  readonly about: Readonly<Record<string, string>>;
}

/** Copies the state. Call after the engine's `writeBack`. */
export async function takeCheckpoint(state: TrainingState): Promise<Checkpoint> {
  const tensors: Record<string, HostTensor> = {};
  for (const [name, variable] of namedVariables(state)) {
    tensors[name] = { data: Float32Array.from(await variable.data()), shape: variable.shape };
  }
  const { entries } = state.history;
  if (entries.length > 0) {
    const length = entries[0]!.length;
    const data = new Float32Array(entries.length * length);
    for (const [i, entry] of entries.entries()) data.set(entry, i * length);
    tensors.history = { data, shape: [entries.length, length] };
  }
  const { lambda, step, turn, drawn, fingerprint } = state;
  const training = JSON.stringify({ lambda, step, turn, drawn });
  return { tensors, about: { training, ...(fingerprint !== undefined && { regularizer: fingerprint }) } };
}

/**
 * Puts a state back to a checkpoint of the same plugin and recipe. Call the engine's `readAgain` after it.
 * Training goes on as if it had never stopped.
 *
 * @throws SimganError INVALID_FILE naming every array that is missing or has another shape; the state is
 * then unchanged.
 */
export function restoreCheckpoint(state: TrainingState, checkpoint: Checkpoint): void {
  const named = namedVariables(state);
  const problems = named.flatMap(([name, variable]) => {
    const saved = checkpoint.tensors[name];
    if (!saved) return [`${name} is missing`];
    const same = saved.shape.join('x') === variable.shape.join('x');
    return same ? [] : [`${name} is ${saved.shape.join('x')} where ${variable.shape.join('x')} is needed`];
  });
  const about = checkpoint.about.training;
  if (about === undefined) problems.push('it does not say how far training had come');
  const { regularizer } = checkpoint.about;
  if (regularizer !== state.fingerprint) {
    problems.push(
      `the regularizer's features were ${regularizer ?? 'none'} and are ${state.fingerprint ?? 'none'} now`,
    );
  }
  if (problems.length > 0) {
    throw new SimganError(
      'INVALID_FILE',
      `The checkpoint does not belong to these networks: ${problems.join('; ')}. Use the plugin, recipe and options it was made with, or start anew.`,
    );
  }
  for (const [name, variable] of named) {
    const { data, shape } = checkpoint.tensors[name]!;
    const values = tf.tensor(data, [...shape], 'float32');
    variable.assign(values);
    values.dispose();
  }
  const history = checkpoint.tensors.history;
  const [count = 0, length = 0] = history?.shape ?? [];
  const entries = Array.from({ length: count }, (_, i) => history!.data.slice(i * length, (i + 1) * length));
  type Rest = Pick<TrainingState, 'lambda' | 'step' | 'turn' | 'drawn'>;
  const { lambda, step, turn, drawn } = JSON.parse(about!) as Rest;
  state.history = new HistoryBuffer(state.recipe.historySize, entries);
  Object.assign(state, { lambda, step, turn, drawn });
}

function namedVariables(state: TrainingState): [name: string, variable: tf.Variable][] {
  const { refiner, discriminator, averagedRefiner } = state;
  const groups: [string, readonly tf.Variable[]][] = [
    ['refiner', refiner.network.variables],
    ['discriminator', discriminator.network.variables],
  ];
  if (averagedRefiner !== refiner.network) groups.push(['averaged', averagedRefiner.variables]);
  return [
    ...groups.flatMap(([group, variables]) =>
      variables.map((variable) => [`${group}/${variableName(variable)}`, variable] as [string, tf.Variable]),
    ),
    ...[...refiner.optimizerState, ...discriminator.optimizerState].map(
      (slot) => [variableName(slot), slot] as [string, tf.Variable],
    ),
  ];
}
