import * as tf from '@tensorflow/tfjs-core';
import { SimganError } from '../errors.ts';
import type { HostTensor } from '../host-tensor.ts';
import { variableName } from '../networks/variables.ts';
import { HistoryBuffer } from './history-buffer.ts';
import { settle } from './late-losses.ts';
import type { Training } from './training.ts';

/** The state of a training as named arrays and a few numbers: the content of a checkpoint file. */
export interface Checkpoint {
  readonly tensors: Readonly<Record<string, HostTensor>>;
  readonly about: Readonly<Record<string, string>>;
}

/**
 * Copies the state of a training. The values come from the engine that holds them, so a checkpoint is never stale,
 * even within the loop over `train`.
 *
 * @example
 * const checkpoints: Checkpoint[] = [];
 * for await (const { step } of train(training)) {
 *   if (step % 100 === 0) checkpoints.push(await takeCheckpoint(training));
 * }
 */
export async function takeCheckpoint(training: Training): Promise<Checkpoint> {
  await settle(training);
  const { history, engine, fingerprint } = training;
  const { lambda, displacementLambda, learningRate, pace, fidelity, step, turn, drawn } = training;
  const named = namedVariables(training);
  const values = await engine.read(named.map(([, variable]) => variable));
  const tensors: Record<string, HostTensor> = {};
  for (const [i, [name]] of named.entries()) tensors[name] = values[i]!;
  if (history.size > 0) {
    const length = history.entries[0]!.length;
    const data = new Float32Array(history.size * length);
    for (const [i, entry] of history.entries.entries()) data.set(entry, i * length);
    tensors.history = { data, shape: [history.size, length] };
  }
  const state = { lambda, displacementLambda, learningRate, pace, fidelity, step, turn, drawn };
  return {
    tensors,
    about: {
      training: JSON.stringify(state),
      ...(fingerprint !== undefined && { regularizer: fingerprint }),
    },
  };
}

/**
 * Restores a training from a checkpoint of the same plugin and recipe; it continues as if it had never stopped.
 *
 * @throws SimganError INVALID_FILE, naming everything that does not belong to these networks or is out of range; the
 * training is then unchanged.
 */
export function restoreCheckpoint(training: Training, { tensors, about }: Checkpoint): void {
  const named = namedVariables(training);
  const problems = named.flatMap(([name, variable]) => {
    const saved = tensors[name];
    if (!saved) return [`${name} is missing`];
    if (saved.shape.join('x') !== variable.shape.join('x')) {
      return [`${name} is ${saved.shape.join('x')} where ${variable.shape.join('x')} is needed`];
    }
    return saved.data.every(Number.isFinite) ? [] : [`${name} holds values that are not finite`];
  });
  const counters = parseCounters(about.training);
  if (!counters) problems.push('it does not say how far training had come');
  if (about.regularizer !== training.fingerprint) {
    problems.push(
      `the regularizer's features were ${about.regularizer ?? 'none'} and are ${training.fingerprint ?? 'none'} now`,
    );
  }
  const { history } = tensors;
  const [count = 0, length = 0] = history?.shape ?? [];
  const { width, height, channels } = training.form;
  if (history) {
    if (length !== width * height * channels || count > training.recipe.historySize) {
      problems.push(`its history is ${history.shape.join('x')}`);
    } else if (!history.data.every(Number.isFinite))
      problems.push('its history holds values that are not finite');
  }
  if (problems.length > 0) {
    throw new SimganError(
      'INVALID_FILE',
      `The checkpoint does not belong to these networks: ${problems.join('; ')}. Use the plugin, recipe and options it was made with, or start over.`,
    );
  }
  for (const [name, variable] of named) {
    const { data, shape } = tensors[name]!;
    const values = tf.tensor(data, [...shape], 'float32');
    variable.assign(values);
    values.dispose();
  }
  const entries = Array.from({ length: count }, (_, i) => history!.data.slice(i * length, (i + 1) * length));
  training.history = new HistoryBuffer(training.recipe.historySize, entries);
  Object.assign(training, counters);
}

type Counters = Pick<
  Training,
  'lambda' | 'displacementLambda' | 'learningRate' | 'pace' | 'fidelity' | 'step' | 'turn' | 'drawn'
>;

/** The counters that {@link takeCheckpoint} wrote; `undefined` if they cannot be its own. */
function parseCounters(text: string | undefined): Counters | undefined {
  let value: Partial<Counters> | null;
  try {
    value = JSON.parse(text ?? '') as Partial<Counters> | null;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { lambda, displacementLambda, learningRate, pace, fidelity, step, turn, drawn } = value;
  const counts = [
    step,
    pace?.refinerUpdates,
    pace?.turns,
    turn?.refinerUpdates,
    turn?.discriminatorUpdates,
    drawn?.synthetic,
    drawn?.real,
  ];
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0;
  const isWeight = (weight: number | undefined) => Number.isFinite(weight) && weight! >= 0;
  if (!counts.every(isCount) || !isWeight(lambda) || !isWeight(displacementLambda)) return undefined;
  if (!(Number.isFinite(learningRate) && learningRate! > 0 && Number.isFinite(fidelity))) return undefined;
  if (!(pace!.refinerUpdates >= 1 && Number.isFinite(pace!.accuracy) && Number.isFinite(pace!.loss)))
    return undefined;
  // A turn with updates holds the losses that the last ones reported.
  const isWhole = (updates: number, losses: unknown) =>
    updates === 0 || (typeof losses === 'object' && losses !== null);
  if (!isWhole(turn!.refinerUpdates, turn!.refiner)) return undefined;
  if (!isWhole(turn!.discriminatorUpdates, turn!.discriminator)) return undefined;
  return {
    lambda: lambda!,
    displacementLambda: displacementLambda!,
    learningRate: learningRate!,
    pace: pace!,
    fidelity: fidelity!,
    step: step!,
    turn: turn!,
    drawn: drawn!,
  };
}

/** All variables that an engine changes, by names that are unique within a training. */
function namedVariables({
  refiner,
  discriminator,
  averagedRefiner,
}: Training): [name: string, tf.Variable][] {
  const groups: [string, readonly tf.Variable[]][] = [
    ['refiner', refiner.network.variables],
    ['discriminator', discriminator.network.variables],
  ];
  if (averagedRefiner !== refiner.network) groups.push(['averaged', averagedRefiner.variables]);
  return [
    ...groups.flatMap(([group, variables]) =>
      variables.map((variable): [string, tf.Variable] => [`${group}/${variableName(variable)}`, variable]),
    ),
    ...[...refiner.optimizerState, ...discriminator.optimizerState].map((slot): [string, tf.Variable] => [
      variableName(slot),
      slot,
    ]),
  ];
}
