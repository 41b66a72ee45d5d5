import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ImageDisplay } from './display.ts';
import { SimganError } from './errors.ts';
import type { Estimator } from './evaluation/estimator.ts';
import type { LabelProbe } from './evaluation/label-probe.ts';
import { type ImageSpec, imageRange } from './image.ts';
import type { Discriminator, NetworkBuilder, Refiner } from './networks/network.ts';
import type { Regularizer } from './networks/regularizer.ts';
import type { DatasetReader } from './reader.ts';
import type { Simulator } from './simulate.ts';
import { checkRecipe, type TrainingRecipe } from './training/recipe.ts';

/**
 * A domain: what its images are, how they are simulated and annotated, and which networks and numbers
 * refine them. A plugin's file reads like the table in a paper's appendix.
 */
export interface Plugin<Annotation = unknown> {
  readonly apiVersion: 1;
  /** As `--plugin` takes it: small letters, digits and dashes. */
  readonly name: string;
  readonly image: ImageSpec;
  /** How people are shown the pictures, where they are no grey or coloured light: depth. As they are unless given. */
  readonly display?: ImageDisplay;
  /** What annotations are; any validator that speaks Standard Schema. Annotations are plain JSON. */
  readonly annotation: StandardSchemaV1<unknown, Annotation>;
  readonly simulator: Simulator<Annotation>;
  /** A second, harder renderer that plays the real camera in demos and tests. */
  readonly standIn?: Simulator<Annotation>;
  readonly refiner: NetworkBuilder<Refiner>;
  readonly discriminator: NetworkBuilder<Discriminator>;
  readonly regularizer: Regularizer;
  /** `paper`: the published numbers. `quick`: a visible result in minutes on a CPU. */
  readonly recipes: {
    readonly paper: TrainingRecipe;
    readonly quick: TrainingRecipe;
    readonly [name: string]: TrainingRecipe;
  };
  /** Measures in the pixels what the annotation says, to tell whether refinement moved a label. */
  readonly probe?: LabelProbe<Annotation>;
  /** The downstream task, to tell what refined pictures are worth to it. */
  readonly estimator?: Estimator<Annotation>;
  /** Formats of others that the plugin reads, by the name that `--format` takes. */
  readonly readers?: Readonly<Record<string, DatasetReader<Annotation>>>;
  /**
   * Which of them reads a folder of real pictures unless told otherwise, where these are not used as they are stored:
   * a sensor's frames that a hand must be cut out of. Without it real pictures are scaled to the form.
   */
  readonly realFormat?: string;
}

/**
 * Makes a plugin of its parts: stamps the API version, infers the annotation's type from the schema and
 * checks what can be checked without running anything.
 *
 * @throws SimganError INVALID_PLUGIN naming everything that is wrong.
 */
export function definePlugin<Annotation>(parts: Omit<Plugin<Annotation>, 'apiVersion'>): Plugin<Annotation> {
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9-]*$/.test(parts.name)) {
    problems.push(`its name ${JSON.stringify(parts.name)} is not made of small letters, digits and dashes`);
  }
  for (const side of ['width', 'height'] as const) {
    const length = parts.image[side];
    if (!Number.isInteger(length) || length < 1)
      problems.push(`image.${side} is ${length}, not a whole number of pixels`);
  }
  const [low, high] = imageRange(parts.image);
  const top = 2 ** parts.image.bits - 1;
  if (!(low >= 0 && low < high && high <= top)) {
    problems.push(`image.range is [${low}, ${high}], which is not an interval within [0, ${top}]`);
  }
  const { realFormat, readers = {} } = parts;
  if (realFormat !== undefined && !Object.hasOwn(readers, realFormat)) {
    problems.push(`realFormat is ${JSON.stringify(realFormat)}, which is not one of its readers`);
  }
  for (const [name, recipe] of Object.entries(parts.recipes)) {
    try {
      checkRecipe(recipe);
    } catch (error) {
      problems.push(`recipe ${name}: ${(error as Error).message}`);
    }
  }
  if (problems.length > 0) {
    throw new SimganError(
      'INVALID_PLUGIN',
      `The plugin ${parts.name} cannot be used: ${problems.join('; ')}.`,
    );
  }
  return { apiVersion: 1, ...parts };
}

/** A plugin's networks for one recipe: the recipe's own where it names them, else the plugin's. */
export function networksOf(
  plugin: Pick<Plugin, 'refiner' | 'discriminator' | 'regularizer'>,
  recipe: TrainingRecipe,
): Pick<Plugin, 'refiner' | 'discriminator' | 'regularizer'> {
  return {
    refiner: recipe.refiner ?? plugin.refiner,
    discriminator: recipe.discriminator ?? plugin.discriminator,
    regularizer: recipe.regularizer ?? plugin.regularizer,
  };
}
