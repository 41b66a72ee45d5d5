import { SimganError } from '../errors.ts';
import { hasSize, type ImageForm, type Size, type SizedForm } from '../image.ts';
import { type MatchSetting, matchProblems } from '../matching/corrections.ts';
import type { Discriminator, NetworkBuilder, NetworkParts, Refiner } from '../networks/network.ts';
import type { Regularizer } from '../networks/regularizer.ts';
import type { OptimizerSpec } from './optimizer.ts';
import { type AdaptiveUpdates, adaptiveProblems } from './pace.ts';
import { type Steering, steeringProblems } from './steering.ts';

/**
 * A preset for training: the numbers that a paper prints, and optionally the networks that they were tuned with.
 */
export interface TrainingRecipe {
  /** T of Algorithm 1: the number of turns of both networks. */
  readonly steps: number;
  /** Images per mini-batch. */
  readonly batchSize: number;
  readonly optimizer: OptimizerSpec;
  readonly learningRate: number;
  /**
   * The weight of the regularizer relative to the adversarial loss: a fixed number, or controlled by a target.
   *
   * Here both terms are means: the adversarial loss over batch and patches, the regularizer over batch,
   * pixels and channels. The paper writes sums over patches and pixels, so that with P patches and N values
   * per image its lambda is this one times P / N: for a 55x35 eye with 9x14 patches, lambda 5 here
   * is 5 x 126 / 1925 = 0.33 there.
   */
  readonly lambda: number | LambdaTarget;
  /**
   * The weight of the displacement of a refiner that moves things, by the mean over batch and pixels of its square, px²:
   * a fixed number, or controlled by a target. Only for such refiners; see `warpingRefiner`. Default:
   * {@link DEFAULT_DISPLACEMENT}. Not in the paper.
   */
  readonly displacement?: number | LambdaTarget;
  /** K_g: refiner steps per turn, fixed or following the discriminator's accuracy. */
  readonly refinerUpdates: number | AdaptiveUpdates;
  /** K_d: discriminator steps per turn. */
  readonly discriminatorUpdates: number;
  /** B: the number of refined images that the history buffer holds; 0 turns it off. */
  readonly historySize: number;
  /** Steps before the first turn: the refiner with the regularizer alone, then the discriminator alone. */
  readonly warmup: Warmup;
  /**
   * Decay per refiner step of the exponential moving average of the refiner's weights. The average is the trained
   * refiner; with 0, the last weights are. Default: 0. Not in the paper.
   */
  readonly averaging?: number;
  /**
   * Corrections of light that are applied to synthetic pictures before training and refinement. Default: none. Not in
   * the paper.
   */
  readonly match?: MatchSetting;
  /**
   * The size of the random crops to train on, in pixels. Required if images may be of any size. Default: whole images.
   * Not in the paper.
   */
  readonly crop?: Size;
  /**
   * When a run is looked at and may end. Default: it is not looked at, and ends with its steps. Not in the paper, which
   * trains "until the validation error converges" (section 3.1).
   */
  readonly steering?: Steering;
  /** Replaces the plugin's, if a recipe needs another size or kind of network. */
  readonly refiner?: NetworkBuilder<Refiner>;
  readonly discriminator?: NetworkBuilder<Discriminator>;
  readonly regularizer?: Regularizer;
}

/** The steps before the first turn. */
export interface Warmup {
  /** Steps of the refiner; with `faithful` the most of them. */
  readonly refiner: number;
  readonly discriminator: number;
  /**
   * The regularizer's value, averaged over about ten steps, at which the refiner counts as a faithful copy of its input
   * and its warm-up ends. Default: it ends with its steps.
   */
  readonly faithful?: number;
}

/**
 * Controls lambda to hold the regularizer at a target: after each refiner step it is multiplied by
 * exp(gain (min(3, regularizer / target) - 1)) and clamped to the range. With a fixed lambda the change
 * grows with training; the target is how far an image may move, whatever the dataset. Not in the paper.
 */
export interface LambdaTarget {
  /** The initial lambda. */
  readonly start: number;
  /** The regularizer's value to hold: for the plain L1, the mean change of a value in [-1, 1]. */
  readonly target: number;
  /** Default: 0.02. */
  readonly gain?: number;
  /**
   * The range of lambda. Default: {@link LAMBDA_RANGE}, whose low end weighs next to nothing: where lambda is there and the
   * target is still not reached, the adversarial loss asks for no more change.
   */
  readonly range?: readonly [low: number, high: number];
}

/** The range that lambda is kept in if its target names none. */
export const LAMBDA_RANGE = [0.01, 50] as const;

/** Things move by a pixel in the root mean square, which suits pictures of about 30 to 60 pixels. */
export const DEFAULT_DISPLACEMENT: LambdaTarget = { start: 0.05, target: 1, range: [1e-4, 10] };

/** Lambda for the first refiner step. */
export function initialLambda(lambda: number | LambdaTarget): number {
  return typeof lambda === 'number' ? lambda : lambda.start;
}

/** Lambda for the refiner step after one whose regularizer was `regularization`. */
export function nextLambda(
  recipeLambda: number | LambdaTarget,
  lambda: number,
  regularization: number,
): number {
  if (typeof recipeLambda === 'number') return recipeLambda;
  const { target, gain = 0.02, range = LAMBDA_RANGE } = recipeLambda;
  const excess = Math.min(3, regularization / target) - 1;
  return Math.min(range[1], Math.max(range[0], lambda * Math.exp(gain * excess)));
}

/**
 * Checks the numbers of a recipe.
 *
 * @throws SimganError INVALID_ARGUMENT, naming every number of the recipe that cannot be trained with.
 */
export function checkRecipe(recipe: TrainingRecipe): void {
  const problems: string[] = [];
  const whole = (key: string, value: number, least: number) => {
    if (!Number.isInteger(value) || value < least) {
      problems.push(`${key} must be a whole number of at least ${least}, not ${value}`);
    }
  };
  whole('steps', recipe.steps, 0);
  whole('batchSize', recipe.batchSize, 1);
  if (typeof recipe.refinerUpdates === 'number') whole('refinerUpdates', recipe.refinerUpdates, 1);
  else problems.push(...adaptiveProblems(recipe.refinerUpdates));
  whole('discriminatorUpdates', recipe.discriminatorUpdates, 1);
  whole('historySize', recipe.historySize, 0);
  whole('warmup.refiner', recipe.warmup.refiner, 0);
  whole('warmup.discriminator', recipe.warmup.discriminator, 0);
  const { faithful } = recipe.warmup;
  if (faithful !== undefined && !(faithful > 0))
    problems.push(`warmup.faithful must be above 0, not ${faithful}`);
  if (!(recipe.learningRate > 0)) problems.push(`learningRate must be above 0, not ${recipe.learningRate}`);
  for (const key of ['lambda', 'displacement'] as const) {
    const weight = recipe[key] ?? 0;
    if (!(initialLambda(weight) >= 0))
      problems.push(`${key} must be at least 0, not ${initialLambda(weight)}`);
    if (typeof weight === 'number') continue;
    if (!(weight.target > 0)) problems.push(`${key}.target must be above 0, not ${weight.target}`);
    const [low, high] = weight.range ?? [0, 1];
    if (!(low >= 0 && low < high)) {
      problems.push(`${key}.range must be an interval of numbers of at least 0, not [${weight.range}]`);
    }
  }
  for (const [side, length] of Object.entries(recipe.crop ?? {})) whole(`crop.${side}`, length, 1);
  const averaging = recipe.averaging ?? 0;
  if (!(averaging >= 0 && averaging < 1)) problems.push(`averaging must be in [0, 1), not ${averaging}`);
  if (recipe.steering) problems.push(...steeringProblems(recipe.steering));
  problems.push(...matchProblems(recipe.match ?? 'none').map((problem) => `match: ${problem}`));
  if (problems.length > 0) {
    throw new SimganError('INVALID_ARGUMENT', `The recipe cannot be trained with: ${problems.join('; ')}.`);
  }
}

/** A domain's networks for one recipe: the recipe's own if it has them, else the domain's. */
export function networksOf(domain: NetworkParts, recipe: TrainingRecipe): NetworkParts {
  return {
    refiner: recipe.refiner ?? domain.refiner,
    discriminator: recipe.discriminator ?? domain.discriminator,
    regularizer: recipe.regularizer ?? domain.regularizer,
  };
}

/**
 * The form of the images that networks see in training: the domain's, at the size of the recipe's crops.
 *
 * @throws SimganError INVALID_ARGUMENT if neither has a size.
 */
export function trainingForm(form: ImageForm, { crop }: TrainingRecipe): SizedForm {
  const sized = { ...form, ...crop };
  if (hasSize(sized)) return sized;
  throw new SimganError(
    'INVALID_ARGUMENT',
    'The recipe has no crop, which is required if images may be of any size. Add crop: { width, height }.',
  );
}
