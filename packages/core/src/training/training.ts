import type * as tf from '@tensorflow/tfjs-core';
import { cacheItems, type Dataset, mapDataset } from '../dataset.ts';
import type { Engine } from '../engine/engine.ts';
import { SimganError } from '../errors.ts';
import type { ImageForm, SizedForm } from '../image.ts';
import { createMatcher, type Matcher } from '../matching/matcher.ts';
import { planCorrections } from '../matching/plan.ts';
import type { Discriminator, NetworkBuilder, NetworkParts, Refiner } from '../networks/network.ts';
import type { Regularizer } from '../networks/regularizer.ts';
import { buildNetwork } from '../networks/variables.ts';
import {
  createImageRefiner,
  type ImageRefiner,
  type ImageRefinerOptions,
} from '../refining/image-refiner.ts';
import { createRng } from '../rng.ts';
import { type RealImage, withoutCompanions } from '../sample.ts';
import { randomCrop } from './batches.ts';
import { HistoryBuffer } from './history-buffer.ts';
import { createOptimizer, createOptimizerState, type Optimizer } from './optimizer.ts';
import { initialPace, type Pace } from './pace.ts';
import {
  checkRecipe,
  DEFAULT_DISPLACEMENT,
  initialLambda,
  networksOf,
  type TrainingRecipe,
  trainingForm,
} from './recipe.ts';
import type { DiscriminatorLosses, RefinerLosses } from './update-losses.ts';

/** The parts of a domain that training needs; every plugin has them. */
export interface TrainedDomain extends NetworkParts {
  readonly image: ImageForm;
  /** How labels follow their picture, for refiners that move things; every plugin says so. */
  readonly annotation?: { readonly geometry: NonNullable<ImageRefinerOptions['geometry']> };
  /** How far they may move; see `DEFAULT_DISPLACEMENT_LIMITS`. */
  readonly displacementLimits?: ImageRefinerOptions['displacementLimits'];
}

/** Options for {@link createTraining}. */
export interface TrainingOptions {
  readonly plugin: TrainedDomain;
  readonly recipe: TrainingRecipe;
  /** Simulated pictures, before matching; their annotations are ignored. */
  readonly synthetic: Dataset<RealImage>;
  /** Unlabeled real pictures, at least one batch of them. */
  readonly real: Dataset<RealImage>;
  readonly engine: Engine;
  /** Seeds the weights, the order of batches, the noise, the history and the matching. Default: 1. */
  readonly seed?: number;
  /** Corrections that were chosen before. Default: those of the recipe's `match`, measured on the two sets. */
  readonly matcher?: Matcher;
  /** Bytes of pictures of each set to cache in memory. Default: 512 MiB. */
  readonly memoryBudget?: number;
}

/** One of the two players: a network and its optimizer's state. */
export interface Player<Kind> {
  readonly network: Kind;
  readonly optimizerState: readonly tf.Variable[];
}

/**
 * A training: its configuration and its state. Between two steps of `train` it is at rest: it can be saved
 * (`takeCheckpoint`), inspected, or restored (`restoreCheckpoint`).
 */
export interface Training {
  readonly recipe: TrainingRecipe;
  readonly seed: number;
  readonly engine: Engine;
  /** The form of the domain's images. */
  readonly image: ImageForm;
  /** How the domain's labels follow refiners that move things. */
  readonly labels: Pick<ImageRefinerOptions, 'geometry' | 'displacementLimits'>;
  /** The form of the images that the networks see: whole images, or the recipe's crops. */
  readonly form: SizedForm;
  /** The corrections of light that the recipe asks for, as measured. */
  readonly matcher: Matcher;
  /** The synthetic pictures to train on, after matching. */
  readonly synthetic: Dataset<RealImage>;
  readonly real: Dataset<RealImage>;
  readonly regularizer: Regularizer;
  /** Identifies the frozen weights of the regularizer, if it has any. */
  readonly fingerprint: string | undefined;
  readonly optimizer: Optimizer;
  readonly refiner: Player<Refiner>;
  readonly discriminator: Player<Discriminator>;
  /** The refiner to use: the moving average of the trained one, or the trained one itself without averaging. */
  readonly averagedRefiner: Refiner;
  history: HistoryBuffer;
  lambda: number;
  /** The weight of the displacement of refiners that move things. */
  displacementLambda: number;
  /** The learning rate of the next update: the recipe's, unless a diverged run was rolled back. */
  learningRate: number;
  /** K_g of the next turn, and what it follows. */
  pace: Pace;
  /** The regularizer's moving average in the refiner's warm-up: how faithful a copy it makes. */
  fidelity: number;
  /** Steps done, warm-up included. */
  step: number;
  /** The turn in progress: the number of updates of each network, and the reports of the last ones. */
  turn: Turn;
  /** Losses of the update in progress that are still to be read; kept in the training when they are. */
  unread: Promise<void> | undefined;
  /** The number of batches drawn of each kind. */
  drawn: { synthetic: number; real: number };
  dispose(): void;
}

/** A turn of Algorithm 1: K_g refiner updates, then K_d discriminator updates. */
export interface Turn {
  refinerUpdates: number;
  discriminatorUpdates: number;
  refiner?: RefinerLosses;
  discriminator?: DiscriminatorLosses;
}

const PICTURE_BYTES = 512 * 2 ** 20;

/**
 * Prepares a training with all of a recipe: chooses its corrections of light, builds the networks, and sets up both
 * sets. The same options give the same training, bit for bit.
 *
 * @throws SimganError INVALID_ARGUMENT if the recipe cannot be trained with; NOT_ENOUGH_DATA if there is less than one
 * batch of synthetic or real pictures; INVALID_PLUGIN if the names of a network's variables are not unique.
 * @example
 * const training = await createTraining({ plugin, recipe: plugin.recipes.quick, synthetic, real, engine });
 * for await (const { step, steps } of train(training)) console.log(`${step} of ${steps}`);
 * const refiner = trainedRefiner(training);
 */
export async function createTraining(options: TrainingOptions): Promise<Training> {
  const { plugin, recipe, engine, seed = 1, memoryBudget = PICTURE_BYTES } = options;
  checkRecipe(recipe);
  for (const kind of ['synthetic', 'real'] as const) {
    const { length } = options[kind];
    if (length >= recipe.batchSize) continue;
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `There are ${length} ${kind} pictures, fewer than the one batch of ${recipe.batchSize} that a step takes. Add pictures or train with a smaller batch.`,
    );
  }
  const form = trainingForm(plugin.image, recipe);
  const networks = networksOf(plugin, recipe);
  // Read before anything is built: weights may come from a file that cannot be read.
  const fingerprint = networks.regularizer.fingerprint?.();
  const sizeOf = ({ image }: RealImage) => image.data.byteLength + 256;
  const real = cacheItems(options.real, { budget: memoryBudget, sizeOf });
  const matcher = options.matcher ?? (await matcherFor({ ...options, real, seed, form }));
  const pictures = withoutCompanions(options.synthetic);
  const synthetic = cacheItems(matcher.match(pictures), { budget: memoryBudget, sizeOf });

  const optimizer = createOptimizer(recipe.optimizer);
  const owned: { dispose(): void }[] = [];
  const dispose = () => {
    for (const one of owned) one.dispose();
  };
  const own = <Kind extends { dispose(): void }>(one: Kind): Kind => {
    owned.push(one);
    return one;
  };
  const player = <Kind extends Refiner | Discriminator>(
    name: string,
    build: NetworkBuilder<Kind>,
  ): Player<Kind> => {
    const network = own(buildNetwork(build, form, seed));
    return { network, optimizerState: createOptimizerState(optimizer, name, network.variables).map(own) };
  };
  try {
    const refiner = player('refiner', networks.refiner);
    await checkDisplacement(recipe, refiner.network, options.synthetic);
    const discriminator = player('discriminator', networks.discriminator);
    const averagedRefiner = recipe.averaging
      ? own(buildNetwork(networks.refiner, form, seed))
      : refiner.network;
    return {
      recipe,
      seed,
      engine,
      image: plugin.image,
      labels: labelsOf(plugin),
      form,
      matcher,
      synthetic,
      real,
      regularizer: networks.regularizer,
      fingerprint,
      optimizer,
      refiner,
      discriminator,
      averagedRefiner,
      history: new HistoryBuffer(recipe.historySize),
      lambda: initialLambda(recipe.lambda),
      displacementLambda: initialLambda(recipe.displacement ?? DEFAULT_DISPLACEMENT),
      learningRate: recipe.learningRate,
      pace: initialPace(recipe.refinerUpdates),
      fidelity: 1,
      step: 0,
      turn: { refinerUpdates: 0, discriminatorUpdates: 0 },
      unread: undefined,
      drawn: { synthetic: 0, real: 0 },
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/**
 * The refiner of a training, ready to use: its averaged weights, and the same corrections of light as in training. It
 * shares its variables with the training, which must not be disposed before it.
 */
export function trainedRefiner(training: Training): ImageRefiner {
  const { averagedRefiner, image, engine, matcher, seed, labels } = training;
  return createImageRefiner({ network: averagedRefiner, image, engine, matcher, seed, ...labels });
}

/** What an image refiner must know of a domain's labels. */
export function labelsOf({ annotation, displacementLimits }: TrainedDomain): Training['labels'] {
  return {
    ...(annotation && { geometry: annotation.geometry }),
    ...(displacementLimits && { displacementLimits }),
  };
}

async function checkDisplacement(
  { displacement, crop }: TrainingRecipe,
  { warping }: Refiner,
  synthetic: Dataset<RealImage>,
): Promise<void> {
  if (displacement !== undefined && !warping) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      'The recipe sets displacement, but its refiner moves nothing. Use a warpingRefiner, or leave displacement out.',
    );
  }
  if (!crop || !warping) return;
  const { width, height } = (await synthetic.at(0)).image;
  if (crop.width !== width || crop.height !== height) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `The recipe trains on crops of ${crop.width} x ${crop.height}, but its refiner moves things by a field that spans whole pictures, which are ${width} x ${height}. Set crop to the size of all pictures, or use a refiner without warping.`,
    );
  }
}

/** The corrections that a recipe asks for, measured on both sets at the size of training. */
async function matcherFor({
  recipe: { match = 'none' },
  synthetic,
  real,
  seed,
  form,
}: TrainingOptions & { readonly seed: number; readonly form: SizedForm }): Promise<Matcher> {
  const sets = { synthetic: cropsOf(synthetic, form, seed), real: cropsOf(real, form, seed) };
  const plan = await planCorrections(match, { ...sets, image: form, seed });
  return createMatcher(plan.corrections, sets.real, { image: form, seed });
}

/** Crops pictures to one size: the same crop of each, every time. Pictures of that size are unchanged. */
export function cropsOf<Item extends RealImage>(
  dataset: Dataset<Item>,
  form: SizedForm,
  seed: number,
): Dataset<Item> {
  const rng = createRng(seed).fork('crops');
  return mapDataset(dataset, (item) => ({ ...item, image: randomCrop(item, form, rng.fork(item.id)) }));
}
