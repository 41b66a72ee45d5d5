import { resolve } from 'node:path';
import {
  type Dataset,
  type MatchSetting,
  matchProblems,
  type Plugin,
  type Sample,
  type TrainingRecipe,
} from '@simgan/core';
import type { RenderPool } from '@simgan/core/node';
import type { Context } from './command.ts';
import { UsageError } from './errors.ts';
import { featureConfig, withFeatures } from './features.ts';
import { type Matching, openMatching } from './matching.ts';
import { pluginOrigin } from './plugins.ts';
import type { RunConfig } from './run-folder.ts';
import { chooseRecipe } from './setup.ts';
import { openReal, openSynthetic, type RealSource, remembered, type SyntheticSource } from './sources.ts';
import { recipeNumbers } from './training-run.ts';

/** The options that say what is trained with what. */
export interface TrainingOptions {
  readonly plugin: string;
  readonly 'plugin-option': Readonly<Record<string, unknown>>;
  readonly recipe: string | undefined;
  readonly steps: number | undefined;
  readonly 'batch-size': number | undefined;
  readonly match: MatchSetting | undefined;
  readonly seed: number;
  readonly synthetic: string | undefined;
  /** Of the synthetic pictures, where it is not that of a dataset of ours. */
  readonly format?: string | undefined;
  readonly real: string | undefined;
  /** Of the real pictures. */
  readonly 'real-format'?: string | undefined;
  /** A network whose features refined pictures keep, and how it is used. */
  readonly features?: string | undefined;
  readonly 'feature-option'?: Readonly<Record<string, unknown>>;
  /** How many samples are refined, where the simulator makes them. */
  readonly count?: number;
  /** Renders where many pictures are asked for. */
  readonly rendering?: RenderPool | undefined;
  /** Whether there is a refiner already, and a handful of pictures will do. */
  readonly isTrained?: boolean;
}

/** The recipe and the pictures that training and refinement need. */
export interface Training {
  readonly plugin: Plugin;
  readonly recipe: TrainingRecipe;
  readonly config: RunConfig;
  readonly seed: number;
  readonly sources: { readonly synthetic: SyntheticSource; readonly real: RealSource };
  /** What is refined, as the refiner gets it: matched where the recipe says so. */
  readonly samples: Dataset<Sample<unknown>>;
  /** What is trained on, likewise. */
  readonly synthetic: Dataset<Sample<unknown>>;
  readonly real: RealSource['images'];
  /** What was done to the light of synthetic pictures. */
  readonly matching: Matching;
}

/**
 * The plugin's recipe with what the options put in place of its numbers.
 *
 * @throws UsageError if there is no such recipe, or its light cannot be corrected so
 */
export function recipeOf(plugin: Plugin, options: TrainingOptions): { name: string; recipe: TrainingRecipe } {
  const { name, recipe } = chooseRecipe(plugin, options);
  return { name, recipe: { ...recipe, match: checkedMatch(options.match ?? recipe.match ?? 'none') } };
}

/**
 * The same setting, if it can be applied.
 *
 * @throws UsageError otherwise, saying all that is wrong
 */
export function checkedMatch(match: MatchSetting): MatchSetting {
  const problems = matchProblems(match);
  if (problems.length > 0) throw new UsageError(problems.map((problem) => `--match: ${problem}`));
  return match;
}

/** Opens the pictures that the options name. */
export async function openTraining(
  plugin: Plugin,
  options: TrainingOptions,
  context: Context,
): Promise<Training> {
  const { cwd, signal } = context;
  const { seed, count, isTrained = false } = options;
  const { name, recipe: chosen } = recipeOf(plugin, options);
  const features = featureConfig(options.features, options['feature-option'] ?? {}, cwd);
  const recipe = features && !isTrained ? await withFeatures(plugin, chosen, features) : chosen;
  const source = (dir: string | undefined) => ({
    dir: dir && resolve(cwd, dir),
    seed,
    atLeast: isTrained ? 1 : recipe.batchSize,
    rendering: options.rendering,
  });
  const synthetic = await openSynthetic(
    plugin,
    { ...source(options.synthetic), format: options.format, count },
    context,
  );
  const real = await openReal(plugin, { ...source(options.real), format: options['real-format'] }, context);
  // Decided on what is trained with, of which there is as much however many samples are asked for.
  const sets = { synthetic: synthetic.training, real: real.images, seed };
  const matching = await openMatching(recipe.match ?? 'none', sets, plugin, context.output);
  const samples = matching.matcher.match(synthetic.samples);
  const training = remembered(plugin, matching.matcher.match(synthetic.training));
  signal.throwIfAborted();
  return {
    plugin,
    recipe,
    config: {
      plugin: pluginOrigin(options.plugin, cwd),
      pluginOptions: options['plugin-option'],
      recipe: name,
      numbers: recipeNumbers(recipe),
      corrections: matching.text,
      seed,
      synthetic: synthetic.origin,
      real: real.origin,
      ...(real.format !== undefined && { realFormat: real.format }),
      ...(features && { features }),
    },
    seed,
    sources: { synthetic, real },
    samples,
    synthetic: training,
    real: real.images,
    matching,
  };
}
