import {
  createImageRefiner,
  type ImageRefiner,
  type Plugin,
  SimganError,
  type TrainingRecipe,
} from '@simgan/core';
import type { Engine } from '@simgan/core/engine';
import { restoreMatcher } from '@simgan/core/matching';
import { buildNetwork } from '@simgan/core/networks';
import { defaultRecipe, recipeOf } from '@simgan/core/plugin';
import {
  DEFAULT_DISPLACEMENT,
  labelsOf,
  networksOf,
  trainingForm,
  withDisplacement,
} from '@simgan/core/training';
import { frame, type Treatment } from '@simgan/core/treating';
import { z } from 'zod';
import { isPackageName } from '../plugins/load-plugin.ts';
import { assignWeights } from '../weights/weights.ts';
import type { JobOptions } from './events.ts';
import {
  type ChosenPlugin,
  choosePlugin,
  type EngineChoiceOptions,
  type Job,
  startEngine,
  startJob,
} from './job.ts';
import { findRefiner, readRefiner } from './refiner-file.ts';
import { plannedSteps, type RunConfig } from './run-config.ts';

/** Options for {@link openRefiner}. */
export interface OpenRefinerOptions extends JobOptions, EngineChoiceOptions {
  /**
   * The domain: a plugin, or the name or path of one. Default: what the refiner's run says, if that is an installed
   * package; a path comes from you alone, never from a file.
   */
  readonly plugin?: string | Plugin | undefined;
  /** In place of the options that the run was started with. */
  readonly pluginOptions?: Readonly<Record<string, unknown>> | undefined;
  /** In place of the run's recipe, whose networks are built. */
  readonly recipe?: string | TrainingRecipe | undefined;
  /** Seeds the noise of refiners that take noise, and the corrections of light. Default: that of the run. */
  readonly seed?: number | undefined;
  /** Images per run of the network. Default: 32. */
  readonly batchSize?: number;
}

/** A trained refiner that is ready: options, recipe, corrections and weights of its run. */
export interface OpenRefiner extends ImageRefiner {
  readonly plugin: Plugin;
  readonly engine: Engine;
  /** The file or URL of its weights. */
  readonly origin: string;
  /** What its run was started with, if the file says. */
  readonly config: RunConfig | undefined;
  /** The name of its recipe; `undefined` for a recipe of one's own. */
  readonly recipe: string | undefined;
  readonly seed: number;
  /** How synthetic pictures were framed before the refiner learned from them, if they were: apply it before refining. */
  readonly framing: Treatment | undefined;
  /** Steps that its training had done, if it is the refiner of a run that is not done. */
  readonly step?: number;
  /** Frees network and program, and the engine unless it was passed in. */
  dispose(): Promise<void>;
}

/**
 * Opens a trained refiner. It is self-contained: the real pictures it was trained with need not be there. Of a run that
 * is not done the refiner in its last checkpoint is opened, with a warning.
 *
 * @param source - a run's folder, the folder that `augment` filled, a file of weights, a checkpoint, or an http(s) URL.
 * @throws SimganError INVALID_ARGUMENT if there is none or the plugin must be named; INVALID_FILE if it is damaged or
 * does not fit the plugin; FETCH_FAILED if the URL cannot be downloaded.
 * @example
 * ```ts no-run
 * const refiner = await openRefiner('eyes-augmented');
 * const refined = await refiner.refine(picture);
 * await refiner.dispose();
 * ```
 */
export async function openRefiner(source: string, options: OpenRefinerOptions = {}): Promise<OpenRefiner> {
  const job = startJob(options);
  const { chosen, stored, origin } = await findTrained(source, options, job);
  const { engine, release } = await startEngine(options, job);
  try {
    const refiner = buildRefiner(origin, stored, chosen.plugin, engine, options);
    job.emit({ type: 'refiner', origin: source, recipe: refiner.recipe });
    return {
      ...refiner,
      async dispose() {
        await refiner.dispose();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** A refiner's file, and the plugin that it is for. */
export interface TrainedRefiner {
  readonly chosen: ChosenPlugin;
  readonly stored: Awaited<ReturnType<typeof readRefiner>>;
  readonly origin: string;
}

/** Finds and reads a refiner, and makes its plugin. */
export async function findTrained(
  source: string,
  options: Pick<OpenRefinerOptions, 'plugin' | 'pluginOptions'>,
  job: Job,
): Promise<TrainedRefiner> {
  const origin = await findRefiner(source, job.path);
  const stored = await readRefiner(origin, job.signal);
  const { config, step } = stored;
  if (step !== undefined) {
    job.emit({
      type: 'warning',
      message: `The run of this refiner is not done: ${origin} is a checkpoint, and its refiner of ${stepText(step, config)} is used.`,
    });
  }
  const pluginOptions = { ...config?.pluginOptions, ...options.pluginOptions };
  const plugin = options.plugin ?? pluginNamedBy(config, origin);
  return { chosen: await choosePlugin({ plugin, pluginOptions }, job), stored, origin };
}

/** How far a run that is not done has come, such as `step 120 of 850`. */
export function stepText(step: number, config: RunConfig | undefined): string {
  const steps = config && plannedSteps(config);
  return steps === undefined ? `step ${step}` : `step ${step} of ${steps}`;
}

/** What a file names is data: a package that is installed may be loaded, a path or an address never. */
function pluginNamedBy(config: RunConfig | undefined, origin: string): string {
  if (config && isPackageName(config.plugin)) return config.plugin;
  throw new SimganError(
    'INVALID_ARGUMENT',
    config
      ? `The refiner ${origin} names the plugin ${JSON.stringify(config.plugin)}, which is not the name of a package, and code is not loaded because a file says so. If you trust it, pass it as \`plugin\`.`
      : `The refiner ${origin} does not say which plugin it is of: pass it as \`plugin\`.`,
  );
}

// A file from elsewhere could ask for more memory than there is.
const side = z.int().min(1).max(1024);
const wholePicture = z.object({ width: side, height: side });

/**
 * The recipe of that name, with a refiner that moves things if the run's own one did and the plugin's does not. It spans
 * the pictures of its training.
 */
function recipeOfRun(plugin: Plugin, name: string, config: RunConfig | undefined): TrainingRecipe {
  const recipe = recipeOf(plugin, name);
  const isAdded = config?.numbers.displacement !== undefined && recipe.displacement === undefined;
  if (!isAdded) return recipe;
  const { data: crop } = wholePicture.safeParse(config.numbers.crop);
  return { ...withDisplacement(plugin, recipe, DEFAULT_DISPLACEMENT.target), ...(crop && { crop }) };
}

/** Builds the network and puts the weights in. Disposing it frees both and leaves the engine. */
export function buildRefiner(
  origin: string,
  { weights, matcher: storedMatcher, config, step }: TrainedRefiner['stored'],
  plugin: Plugin,
  engine: Engine,
  options: Pick<OpenRefinerOptions, 'recipe' | 'seed' | 'batchSize'>,
): OpenRefiner {
  const wanted = options.recipe ?? config?.recipe ?? defaultRecipe(plugin);
  const recipe = typeof wanted === 'string' ? recipeOfRun(plugin, wanted, config) : wanted;
  const seed = options.seed ?? config?.seed ?? 0;
  const { image } = plugin;
  const network = buildNetwork(networksOf(plugin, recipe).refiner, trainingForm(image, recipe), seed);
  try {
    assignWeights(origin, network, weights);
    const matcher = restoreMatcher(storedMatcher, { image, seed });
    const { batchSize } = options;
    const refiner = createImageRefiner({
      network,
      image,
      engine,
      matcher,
      seed,
      ...labelsOf(plugin),
      ...(batchSize !== undefined && { batchSize }),
    });
    return {
      network,
      matcher,
      refine: refiner.refine.bind(refiner) as OpenRefiner['refine'],
      plugin,
      engine,
      origin,
      config,
      framing: config?.framing && frame(plugin, config.framing),
      recipe: typeof wanted === 'string' ? wanted : undefined,
      seed,
      ...(step !== undefined && { step }),
      async dispose() {
        await refiner.dispose();
        network.dispose();
      },
    };
  } catch (error) {
    network.dispose();
    throw error;
  }
}
