/** @file The recipe and the pictures that a training needs, from what a job's options name. */
import { createRng, type Dataset, type Sample, SimganError, type TrainingRecipe } from '@simgan/core';
import { formatMatch, type Matcher, type MatchSetting } from '@simgan/core/matching';
import { defaultRecipe, recipeOf } from '@simgan/core/plugin';
import { withDisplacement } from '@simgan/core/training';
import { type FramingPlan, frame } from '@simgan/core/treating';
import type { RendererChoice } from '../wire/renderer-options.ts';
import { checkLabelsMove } from './check-labels-move.ts';
import { warnOfCopies, warnOfSameness } from './check-real.ts';
import { defaults } from './defaults.ts';
import { type FeatureNetwork, withFeatures } from './features.ts';
import type { ChosenPlugin, Job } from './job.ts';
import { withLabelsOf } from './labels-follow.ts';
import { openMatching } from './matching.ts';
import { commonSize } from './picture-sizes.ts';
import type { Rendering } from './rendering.ts';
import { type RunConfig, recipeNumbers } from './run-config.ts';
import {
  type OpenSources,
  openReal,
  openSynthetic,
  type RealSource,
  type SourceOptions,
  type SyntheticSource,
} from './sources.ts';

/** What a refiner is trained with. */
export interface TrainingChoiceOptions extends SourceOptions {
  /** One of the plugin's recipes, or one of your own. Default: `quick`, or else the plugin's first. */
  readonly recipe?: string | TrainingRecipe | undefined;
  /**
   * A renderer in another process, in place of the plugin's simulator: `{ url }` for one that speaks HTTP, `{ command }`
   * for a program to start.
   */
  readonly renderer?: RendererChoice | undefined;
  /** In place of the recipe's number of steps. */
  readonly steps?: number | undefined;
  /** In place of the recipe's batch size. */
  readonly batchSize?: number | undefined;
  /**
   * Lets the refiner move what pictures show, and labels with it, by so much: the mean square of the displacement to hold,
   * px². Default: as the recipe says, which for the plugins of this library is not at all.
   */
  readonly displacement?: number | undefined;
  /** In place of the recipe's corrections of light. */
  readonly match?: MatchSetting | undefined;
  /** A network whose features refined pictures keep, beside what the plugin keeps. */
  readonly features?: FeatureNetwork | undefined;
  /** Everything random follows from it. Default: 1. */
  readonly seed?: number | undefined;
}

/** The recipe that the options name, with what they put in its place. */
export function chooseRecipe(
  plugin: ChosenPlugin['plugin'],
  { recipe: wanted, steps, batchSize, match, displacement }: TrainingChoiceOptions,
): { name: string; recipe: TrainingRecipe } {
  const name = wanted === undefined ? defaultRecipe(plugin) : typeof wanted === 'string' ? wanted : 'custom';
  const own = typeof wanted === 'object' ? wanted : recipeOf(plugin, name);
  const recipe = displacement === undefined ? own : withDisplacement(plugin, own, displacement);
  return {
    name,
    recipe: {
      ...recipe,
      ...(steps !== undefined && { steps }),
      ...(batchSize !== undefined && { batchSize }),
      ...(match !== undefined && { match }),
    },
  };
}

/** The recipe and the pictures that a training needs. */
export interface PreparedTraining {
  readonly plugin: ChosenPlugin['plugin'];
  readonly recipe: TrainingRecipe;
  readonly config: RunConfig;
  readonly seed: number;
  readonly synthetic: SyntheticSource;
  readonly real: RealSource;
  /** Synthetic pictures to look at while training: others than those trained on, where there is a simulator. */
  readonly lookedAt: Dataset<Sample<unknown>>;
  /** What is done to the light of synthetic pictures. */
  readonly matcher: Matcher;
}

/**
 * Opens the pictures that the options name: at least a batch of each, unless `atLeast` says otherwise. `count` as for
 * {@link openSynthetic}.
 */
export async function openTrainingSources(
  plugin: ChosenPlugin['plugin'],
  options: TrainingChoiceOptions & { readonly count: number; readonly atLeast?: number },
  rendering: Rendering,
  job: Job,
): Promise<OpenSources> {
  const { seed = defaults.seed, count } = options;
  const { recipe } = chooseRecipe(plugin, options);
  const means = { seed, atLeast: options.atLeast ?? recipe.batchSize, rendering };
  const synthetic = await openSynthetic(plugin, options, { ...means, count }, job);
  if (recipe.displacement !== undefined) await checkLabelsMove(synthetic);
  const sources = { synthetic, real: await openReal(plugin, options, means, job) };
  await warnOfCopies(sources, job);
  return sources;
}

/**
 * Decides on the recipe and the corrections of light for pictures that are open.
 *
 * @param framing - how synthetic pictures are framed before anything else; the training's are, and its file says how.
 */
export async function prepareTraining(
  { plugin: chosenPlugin, reference, options: pluginOptions }: ChosenPlugin,
  options: TrainingChoiceOptions,
  { synthetic: rendered, real, rendering }: OpenSources & { readonly rendering: Rendering },
  job: Job,
  framing?: FramingPlan,
): Promise<PreparedTraining> {
  const { seed = defaults.seed, features } = options;
  const plugin = withLabelsOf(chosenPlugin, rendered);
  const { name, recipe: own } = chooseRecipe(plugin, options);
  const chosen = options.displacement === undefined ? own : await onWholePictures(own, rendered, real);
  const network = features && { ...features, file: job.path(features.file) };
  const recipe = network ? await withFeatures(plugin, chosen, network) : chosen;
  const framed = (samples: Dataset<Sample<unknown>>) =>
    framing ? frame(plugin, framing).treat(samples) : samples;
  const synthetic = { ...rendered, training: framed(rendered.training) };
  if (!real.isStandIn) await warnOfSameness(real.images, job);
  // Decided on what is trained with, of which there is as much however many samples are asked for.
  const { matcher } = await openMatching(
    recipe.match ?? 'none',
    { synthetic: synthetic.training, real: real.images, plugin, recipe, seed },
    job,
  );
  job.signal?.throwIfAborted();
  const config = {
    plugin: reference,
    pluginOptions,
    recipe: name,
    numbers: recipeNumbers(recipe),
    corrections: formatMatch(matcher.corrections),
    seed,
    synthetic: synthetic.origin,
    real: real.origin,
    ...(real.format !== undefined && { realFormat: real.format }),
    ...(network && { features: { file: network.file, options: network.options ?? {} } }),
    ...(framing && { framing }),
  };
  return {
    plugin,
    recipe,
    config: JSON.parse(JSON.stringify(config)) as RunConfig,
    seed,
    synthetic,
    real,
    lookedAt: options.synthetic === undefined ? framed(freshPictures(rendering, seed)) : synthetic.training,
    matcher,
  };
}

/**
 * What moves things spans the whole picture: where the recipe trains on crops, they are whole pictures.
 *
 * @throws SimganError INVALID_ARGUMENT if pictures differ in size.
 */
async function onWholePictures(
  recipe: TrainingRecipe,
  synthetic: SyntheticSource,
  real: RealSource,
): Promise<TrainingRecipe> {
  if (!recipe.crop) return recipe;
  const size = await commonSize(synthetic.training, real.images);
  if (size) return { ...recipe, crop: size };
  throw new SimganError(
    'INVALID_ARGUMENT',
    'A refiner that moves things takes pictures of one size, and these differ. Scale both sets to one size, or leave `displacement` and the treatment `warped` out.',
  );
}

/** Simulated pictures that are not trained on. */
function freshPictures(rendering: Rendering, seed: number): Dataset<Sample<unknown>> {
  const other = createRng(seed)
    .fork('looked at')
    .int(2 ** 31);
  return rendering.simulate('simulator', { seed: other, length: LOOKED_AT });
}

/** More are never looked at during a training. */
const LOOKED_AT = 256;
