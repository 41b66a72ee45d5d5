import type { LabelPreservation } from '@simgan/core/evaluation';
import type { ExistingOutput } from '../datasets/dataset-log.ts';
import type { CopyOptions, WrittenFormat } from '../formats/dataset-copies.ts';
import type { Decision } from '../ladder/decision.ts';
import type { Treat } from '../ladder/rungs.ts';
import type { JobOptions } from '../runs/events.ts';
import type { EngineChoiceOptions, PluginChoiceOptions } from '../runs/job.ts';
import type { TrainingChoiceOptions } from '../runs/prepare-training.ts';
import type { PlacedShard, Shard } from '../shards/shard.ts';
import type { TreatedVerdict } from './judge-treated.ts';
import type { LabelGuardOptions } from './label-guard.ts';
import type { SetDistance } from './report.ts';

/** Options for `augment`. */
export interface AugmentOptions
  extends JobOptions,
    Partial<PluginChoiceOptions>,
    EngineChoiceOptions,
    TrainingChoiceOptions,
    CopyOptions,
    LabelGuardOptions {
  /** How many samples the simulator makes; not beside `synthetic`, of which all are refined. Default: 1000. */
  readonly count?: number | undefined;
  /**
   * A trained refiner in place of training one: a run's folder, the folder that `augment` filled, a file or a URL. Its
   * plugin, options, recipe, corrections and seed are the defaults, and its real pictures need not be there.
   */
  readonly refiner?: string | undefined;
  /**
   * What is done to the pictures: `raw`, `randomized`, `framed`, `grounded`, `camera`, `lit`, `refined`, `warped`,
   * `pseudo-labeled`, some of them together, or `auto`: what a quick comparison recommends for these two sets, and nothing that is judged no better
   * than what is below it. Default: `auto`; `refined` if an option of training is given, or use cannot be judged.
   */
  readonly treat?: Treat | undefined;
  /** The folder to write. Default: the plugin's name with `-augmented`. */
  readonly out?: string | undefined;
  /** What to do with an earlier run in the folder. Default: `refuse`. Shards are resumed, unless it is `replace`. */
  readonly existing?: ExistingOutput | undefined;
}

/** Options for one shard of what `augment` writes. */
export interface AugmentShardOptions extends AugmentOptions {
  /** A trained refiner, the same for all shards: each would train another one. */
  readonly refiner: string;
  /**
   * Only one of several parts of the dataset, in `out/shards`; `mergeShards` makes one dataset of them. A text is
   * such as `3/8`, or `auto`: what the scheduler says in the environment (see `shardFromEnvironment`).
   */
  readonly shard: Shard | string;
}

/** The shard that `augment` wrote. */
export interface AugmentedShard {
  /** The whole path of the folder in which shards are merged. */
  readonly dir: string;
  /** The shard's folder within it, a complete dataset. */
  readonly dataset: string;
  /** Which shard it is; it has the samples from `start` on. */
  readonly shard: PlacedShard;
  /** Samples in the shard, and how many of them were there before. */
  readonly count: number;
  readonly resumed: number;
  readonly seconds: number;
}

/** What `augment` did and measured. */
export interface AugmentResult {
  /** The whole path of the folder. */
  readonly dir: string;
  /** The dataset within it. */
  readonly dataset: string;
  /** Synthetic, refined and real pictures in rows. */
  readonly preview: string;
  /** What was done to the pictures, and why. */
  readonly treatment: Decision;
  /** The run within it; `undefined` if none was trained here. */
  readonly run: string | undefined;
  /** Samples in the dataset, and how many of them were there before. */
  readonly count: number;
  readonly resumed: number;
  /** How many of the samples are real pictures with the labels of networks; they are the last ones. */
  readonly pseudoLabeled: number;
  /** The dataset in other formats. */
  readonly formats: readonly WrittenFormat[];
  /** Inputs that were left out, listed in the dataset's `rejects.jsonl`. */
  readonly rejects: number;
  /** What the pictures were compared with: a folder, `dataset`, `stand-in`; `undefined` if with nothing. */
  readonly real: string | undefined;
  readonly seconds: number;
  /**
   * How far each set is from the real one, by name: `synthetic`, `matched`, `real`, and `refined`, or `treated` where
   * something else was done.
   */
  readonly distances: Readonly<Record<string, SetDistance>>;
  /** How far labels moved against the pixels; `undefined` if the plugin has no probe. */
  readonly labels: LabelPreservation | undefined;
  /** What came of it in looks, labels and use; `undefined` if nothing was done. */
  readonly verdict: TreatedVerdict | undefined;
}
