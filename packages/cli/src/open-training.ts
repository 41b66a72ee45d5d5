import { resolve } from 'node:path';
import {
  type Dataset,
  type Engine,
  type MatchKind,
  matchHistograms,
  type Plugin,
  type Sample,
  type TrainingRecipe,
} from '@simgan/core';
import type { EngineName } from '@simgan/core/node';
import type { Context } from './command.ts';
import { loadPlugin } from './plugins.ts';
import type { RunConfig } from './run-folder.ts';
import { chooseRecipe, startEngine } from './setup.ts';
import { openReal, openSynthetic, type RealSource, type SyntheticSource } from './sources.ts';
import { recipeNumbers } from './training-run.ts';

/** The options that say what is trained with what. */
export interface TrainingOptions {
  readonly plugin: string;
  readonly 'plugin-option': Readonly<Record<string, unknown>>;
  readonly recipe: string | undefined;
  readonly steps: number | undefined;
  readonly 'batch-size': number | undefined;
  readonly match: MatchKind | undefined;
  readonly seed: number;
  readonly engine: EngineName | 'auto';
  readonly device: 'auto' | 'cpu' | 'gpu' | 'cuda';
  readonly threads: number | undefined;
  readonly synthetic: string | undefined;
  readonly real: string | undefined;
  readonly count?: number;
}

/** Everything that training and refinement need, opened. The caller disposes the engine. */
export interface Training {
  readonly plugin: Plugin;
  readonly recipe: TrainingRecipe;
  readonly config: RunConfig;
  readonly engine: Engine;
  readonly seed: number;
  readonly sources: { readonly synthetic: SyntheticSource; readonly real: RealSource };
  /** What is refined, as the refiner gets it: matched where the recipe says so. */
  readonly samples: Dataset<Sample<unknown>>;
  /** What is trained on, likewise. */
  readonly synthetic: Dataset<Sample<unknown>>;
  readonly real: RealSource['images'];
}

/** Resolves the options: the plugin, its recipe, the pictures, and last the engine, which is the slowest to start. */
export async function openTraining(options: TrainingOptions, context: Context): Promise<Training> {
  const { cwd } = context;
  const { seed, count = 0 } = options;
  const plugin = await loadPlugin(options.plugin, options['plugin-option'], cwd);
  const chosen = chooseRecipe(plugin, options);
  const recipe: TrainingRecipe = { ...chosen.recipe, match: options.match ?? chosen.recipe.match ?? 'none' };
  const folder = (dir: string | undefined) => dir && resolve(cwd, dir);

  const synthetic = await openSynthetic(plugin, { dir: folder(options.synthetic), count, seed }, context);
  const real = await openReal(
    plugin,
    { dir: folder(options.real), seed, atLeast: recipe.batchSize },
    context,
  );
  const matched = async <Annotation>(samples: Dataset<Sample<Annotation>>) =>
    recipe.match === 'histogram'
      ? matchHistograms(samples, real.images, { image: plugin.image, seed })
      : samples;
  const samples = await matched(synthetic.samples);
  const training = await matched(synthetic.training);
  if (recipe.match === 'histogram') {
    context.output.note(
      'match     every synthetic picture takes the histogram of a real one first (--match none)',
    );
  }
  const engine = await startEngine(options, context);
  return {
    plugin,
    recipe,
    config: {
      plugin: options.plugin,
      pluginOptions: options['plugin-option'],
      recipe: chosen.name,
      numbers: recipeNumbers(recipe),
      seed,
      synthetic: synthetic.origin,
      real: real.origin,
    },
    engine,
    seed,
    sources: { synthetic, real },
    samples,
    synthetic: training,
    real: real.images,
  };
}
