import { SimganError } from '@simgan/core';
import { rungsOf } from '../ladder/rungs.ts';
import { checkShardCopies } from '../shards/shard-option.ts';
import { augmentAll } from './augment-all.ts';
import type {
  AugmentedShard,
  AugmentOptions,
  AugmentResult,
  AugmentShardOptions,
} from './augment-options.ts';
import { augmentShard } from './augment-shard.ts';
import { trainingOptionsIn } from './choose-treatment.ts';

/**
 * The whole job in one call: simulates, finds out what makes these pictures more useful for the real ones (see
 * `treat`), does it, and writes the result with its annotations: `dataset/` (images, metadata.jsonl, rejects.jsonl,
 * dataset.json), `README.md` and `croissant.json` (which describe it), `preview.png`, `treatment.json`, and `run/` (the
 * refiner, the log, checkpoints) if one was trained.
 * Annotations are untouched, but for those that a picture's content took along where it moved. The command `simgan-cli
 * augment` is this function. The same options give the same bytes.
 *
 * @throws SimganError INVALID_ARGUMENT for options that cannot be used, OUTPUT_EXISTS if the folder is not free,
 * NOT_ENOUGH_DATA, TRAINING_DIVERGED, OUTPUT_FAILED; the signal's reason if it aborts. What is done then stays, and
 * goes on with `existing: 'resume'` to the same bytes as if it had never stopped.
 * @example
 * ```ts no-run
 * const { dataset, distances } = await augment({
 *   plugin: 'eyes',
 *   real: 'my-eye-photos',
 *   out: 'eyes-refined',
 *   onEvent: (event) => event.type === 'progress' && console.log(event.phase, event.done, event.total),
 * });
 * ```
 */
export function augment(options: AugmentOptions & { readonly shard?: undefined }): Promise<AugmentResult>;
/**
 * Refines one shard of the dataset, on one of several machines, in any order: a complete dataset folder
 * `out/shards/IIII-of-NNNN` of a contiguous range of the samples, with the bytes that a single run has for them. There
 * is no preview and no report. It may be run again at any time: what is there is verified and completed.
 *
 * @throws SimganError as above; INVALID_ARGUMENT without `refiner`.
 * @example
 * ```ts no-run
 * await augment({ refiner: 'runs/eyes', count: 100_000, out: 'eyes-refined', shard: { index: 3, count: 8 } });
 * ```
 */
export function augment(options: AugmentShardOptions): Promise<AugmentedShard>;
export async function augment(
  options: AugmentOptions | AugmentShardOptions,
): Promise<AugmentResult | AugmentedShard> {
  checkOptions(options);
  checkShardCopies(options);
  return isSharded(options) ? augmentShard(options) : augmentAll(options);
}

function isSharded(options: AugmentOptions | AugmentShardOptions): options is AugmentShardOptions {
  return 'shard' in options && options.shard !== undefined;
}

const nothingFor: Readonly<Record<string, string>> = {
  match: 'it brings its own corrections',
  treat: 'its pictures are refined',
};

/** @throws SimganError INVALID_ARGUMENT with everything that does not go together. */
function checkOptions(options: AugmentOptions | AugmentShardOptions): void {
  const problems: string[] = [];
  if (isSharded(options) && options.refiner === undefined) {
    problems.push(
      '`shard` needs `refiner`: without it every shard would train a refiner of its own. Train one, then refine all shards with it.',
    );
  } else if (options.plugin === undefined && options.refiner === undefined) {
    problems.push('`plugin` must be given: the domain, such as eyes.');
  }
  if (options.count !== undefined && options.synthetic !== undefined) {
    problems.push('`count` has no place beside `synthetic`: all pictures of that set are refined.');
  }
  for (const option of ['steps', 'batchSize', 'features', 'match', 'displacement', 'treat'] as const) {
    if (options.refiner === undefined || options[option] === undefined) continue;
    problems.push(
      `\`${option}\` has no place beside \`refiner\`: ${nothingFor[option] ?? 'nothing is trained'}.`,
    );
  }
  problems.push(...treatProblems(options), ...guardProblems(options));
  if (problems.length > 0) throw new SimganError('INVALID_ARGUMENT', problems.join(' '), { problems });
}

function guardProblems(options: AugmentOptions | AugmentShardOptions): string[] {
  const { maxLabelShift, movedLabels } = options;
  const problems: string[] = [];
  if (maxLabelShift !== undefined && !(maxLabelShift > 0)) {
    problems.push(`\`maxLabelShift\` must be above 0, not ${maxLabelShift}.`);
  }
  if (movedLabels !== undefined && maxLabelShift === undefined) {
    problems.push('`movedLabels` needs `maxLabelShift`, beyond which a label counts as moved.');
  }
  if (movedLabels === 'drop' && isSharded(options)) {
    problems.push(
      '`movedLabels` drop has no place beside `shard`: pictures are named by their position, which other shards then do not know. Flag them, and leave them out when the shards are merged.',
    );
  }
  return problems;
}

function treatProblems(options: AugmentOptions): string[] {
  if (options.treat === undefined || options.refiner !== undefined) return [];
  const names = rungsOf(options.treat);
  const isTrained = names !== 'auto' && names.some((name) => name === 'refined' || name === 'warped');
  const given = trainingOptionsIn(options);
  if (isTrained || given.length === 0) return [];
  const meant = given.map((option) => `\`${option}\``).join(' and ');
  return [
    `${meant} ${given.length === 1 ? 'is' : 'are'} for a refiner, and \`treat\` ${names === 'auto' ? 'auto decides whether one is used' : 'names none'}: leave out one or the other, or name refined.`,
  ];
}
