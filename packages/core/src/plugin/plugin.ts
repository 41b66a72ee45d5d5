import type { ImageDisplay } from '../display.ts';
import { SimganError } from '../errors.ts';
import type { Estimator } from '../evaluation/estimator.ts';
import type { LabelProbe } from '../evaluation/label-probe.ts';
import type { AnnotationSchema } from '../geometry/labels.ts';
import { fullScale, hasSize, type ImageForm, imageRange } from '../image.ts';
import type { NetworkParts } from '../networks/network.ts';
import type { DatasetReader } from '../reading/reader.ts';
import type { DisplacementLimits } from '../refining/displacement-limits.ts';
import type { Simulator } from '../simulate.ts';
import { suggestion } from '../suggestion.ts';
import { checkRecipe, type TrainingRecipe } from '../training/recipe.ts';
import { type RandomizationOptions, randomizationProblems } from '../treating/randomization.ts';

/**
 * A domain: the form of its images, how they are simulated and annotated, and the networks and hyperparameters that
 * refine them. A plugin's file reads like the table in a paper's appendix.
 */
export interface Plugin<Annotation = unknown> extends NetworkParts {
  readonly apiVersion: 1;
  /** The plugin's name, as given to `--plugin`: lowercase letters, digits and dashes. */
  readonly name: string;
  /** With a size, all images have it; without one, they may be of any size. */
  readonly image: ImageForm;
  /** How to display pictures whose values are not light, such as depth. Default: unchanged. */
  readonly display?: ImageDisplay;
  /** The schema and geometry of annotations; see `annotationSchema`. Annotations are plain JSON. */
  readonly annotation: AnnotationSchema<Annotation>;
  /**
   * Renders labeled pictures. Without one, synthetic pictures always come from elsewhere: a folder, or a renderer in
   * another process.
   */
  readonly simulator?: Simulator<Annotation>;
  /** A second, harder renderer that stands in for the real camera in demos and tests. */
  readonly standIn?: Simulator<Annotation>;
  /**
   * How far refiners that move things may move these pictures, by kind of label. Default: as
   * `DEFAULT_DISPLACEMENT_LIMITS` says.
   */
  readonly displacementLimits?: DisplacementLimits;
  /**
   * Presets for training, by name; at least one. By convention, `paper` has the published numbers, if there is a
   * paper, and `quick` gives a visible result in minutes on a CPU. The default is `quick`, or else the first.
   */
  readonly recipes: Readonly<Record<string, TrainingRecipe>>;
  /** Measures labels in the pixels, to find out whether refinement moved them. */
  readonly probe?: LabelProbe<Annotation>;
  /** The downstream task, to measure what refined pictures are worth to it. */
  readonly estimator?: Estimator<Annotation>;
  /**
   * How far classic augmentation may change a picture so that its labels stay true, in place of
   * `classicRandomization`. What labels cannot follow is left out by itself.
   */
  readonly randomization?: RandomizationOptions;
  /** Readers of other dataset formats, by their name for `--format`. */
  readonly readers?: Readonly<Record<string, DatasetReader<Annotation>>>;
  /**
   * The reader for folders of real pictures that cannot be used as stored, such as a sensor's frames that a hand must
   * be cropped from. Default: real pictures are scaled to the form.
   */
  readonly realFormat?: string;
}

/** The argument of {@link definePlugin}: a plugin without its API version. */
export type PluginParts<Annotation = unknown> = Omit<Plugin<Annotation>, 'apiVersion'>;

/**
 * Creates a plugin from its parts: adds the API version, infers the annotation's type from its schema, keeps the types
 * of the optional parts that are present, and checks everything that can be checked without running anything.
 *
 * @throws SimganError INVALID_PLUGIN naming everything that is wrong.
 * @example
 * const crosses = definePlugin({
 *   name: 'crosses',
 *   image: { width: 24, height: 24, channels: 1, bits: 8 },
 *   annotation: annotationSchema(z.object({ center: z.tuple([z.number(), z.number()]) }), { center: 'point' }),
 *   simulator: drawCross,
 *   refiner: residualRefiner({ width: 8, blocks: 1 }),
 *   discriminator: patchDiscriminator([{ convolution: 3, stride: 2, filters: 16 }]),
 *   regularizer: l1Regularizer(),
 *   recipes: { quick },
 * });
 */
export function definePlugin<Annotation, Parts extends PluginParts<Annotation>>(
  parts: Parts & { readonly annotation: AnnotationSchema<Annotation> } & PluginParts<Annotation>,
): Omit<Plugin<Annotation>, keyof Parts> & Parts {
  const problems = pluginProblems(parts);
  if (problems.length > 0) {
    throw new SimganError(
      'INVALID_PLUGIN',
      `The plugin ${parts.name} cannot be used: ${problems.join('; ')}.`,
    );
  }
  return { apiVersion: 1, ...parts } as Omit<Plugin<Annotation>, keyof Parts> & Parts;
}

/** Of float32. */
const LARGEST_FLOAT = (2 - 2 ** -23) * 2 ** 127;

/** Everything that is wrong with a plugin's parts, one clause each. */
export function pluginProblems(parts: PluginParts): string[] {
  const problems: string[] = [];
  const { name, image, annotation, recipes, realFormat, readers = {}, randomization = {} } = parts;
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    problems.push(`its name ${JSON.stringify(name)} is not made of lowercase letters, digits and dashes`);
  }
  if ((image.width === undefined) !== (image.height === undefined)) {
    problems.push('image has only one of width and height; give both, or neither for images of any size');
  }
  for (const side of ['width', 'height'] as const) {
    const length = image[side];
    if (length !== undefined && (!Number.isInteger(length) || length < 1))
      problems.push(`image.${side} is ${length}, not a whole number of pixels`);
  }
  const [low, high] = imageRange(image);
  const [least, most] = image.bits === 32 ? [-LARGEST_FLOAT, LARGEST_FLOAT] : [0, fullScale(image.bits)];
  if (!(low >= least && low < high && high <= most)) {
    problems.push(`image.range is [${low}, ${high}], which is not an interval within [${least}, ${most}]`);
  }
  if (typeof annotation.geometry !== 'object') {
    problems.push(
      'annotation does not declare the geometry of its labels; wrap the schema with annotationSchema(…)',
    );
  }
  if (realFormat !== undefined && !Object.hasOwn(readers, realFormat)) {
    problems.push(`realFormat is ${JSON.stringify(realFormat)}, which is not one of its readers`);
  }
  problems.push(...randomizationProblems(randomization).map((problem) => `randomization: ${problem}`));
  if (Object.keys(recipes).length === 0) problems.push('it has no recipe, and needs one to train with');
  for (const [recipeName, recipe] of Object.entries(recipes)) {
    try {
      checkRecipe(recipe);
      if (!hasSize(image) && !recipe.crop) {
        problems.push(
          `recipe ${recipeName}: crop is missing, which is required if images may be of any size`,
        );
      }
    } catch (error) {
      problems.push(`recipe ${recipeName}: ${(error as Error).message}`);
    }
  }
  return problems;
}

/** The name of a plugin's default recipe. */
export function defaultRecipe({ recipes }: Pick<Plugin, 'recipes'>): string {
  return Object.hasOwn(recipes, 'quick') ? 'quick' : Object.keys(recipes)[0]!;
}

/**
 * A plugin's recipe by its name.
 *
 * @throws SimganError INVALID_ARGUMENT, listing the plugin's recipes, if there is none of this name.
 */
export function recipeOf(
  { name, recipes }: Pick<Plugin, 'name' | 'recipes'>,
  recipe: string,
): TrainingRecipe {
  if (Object.hasOwn(recipes, recipe)) return recipes[recipe]!;
  const names = Object.keys(recipes);
  throw new SimganError(
    'INVALID_ARGUMENT',
    `The plugin ${name} has no recipe ${JSON.stringify(recipe)}; it has ${names.join(', ')}.${suggestion(recipe, names)}`,
  );
}
