import type { HostTensor } from '../host-tensor.ts';
import type { Checkpoint } from './checkpoint.ts';

/** The refiner that a checkpoint holds, and how far its training had come. */
export interface CheckpointRefiner {
  /** The averaged weights, or the last ones of a recipe without averaging; by their names within the network. */
  readonly weights: Readonly<Record<string, HostTensor>>;
  /** Steps done, warm-up included. */
  readonly step: number;
}

const AVERAGED = 'averaged/';
const TRAINED = 'refiner/';
/** State of the optimizer stands beside the weights that it updates. */
const OPTIMIZER_STATE = /^refiner\/optimizer\/\d+$/;

/**
 * Finds the refiner to use in a checkpoint, so that a training that is not done can be looked at and refined with.
 *
 * @returns `undefined` if this is not the checkpoint of a training, as a file of weights is not.
 * @example
 * const { weights, step } = refinerOfCheckpoint(await takeCheckpoint(training))!;
 */
export function refinerOfCheckpoint({ tensors, about }: Checkpoint): CheckpointRefiner | undefined {
  const step = stepOf(about.training);
  if (step === undefined) return undefined;
  const names = Object.keys(tensors);
  const prefix = names.some((name) => name.startsWith(AVERAGED)) ? AVERAGED : TRAINED;
  const weights = names
    .filter((name) => name.startsWith(prefix) && !OPTIMIZER_STATE.test(name))
    .map((name) => [name.slice(prefix.length), tensors[name]!] as const);
  return { weights: Object.fromEntries(weights), step };
}

function stepOf(counters: string | undefined): number | undefined {
  try {
    const { step } = JSON.parse(counters ?? '') as { step?: unknown };
    return Number.isSafeInteger(step) && (step as number) >= 0 ? (step as number) : undefined;
  } catch {
    return undefined;
  }
}
