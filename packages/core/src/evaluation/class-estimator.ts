import { SimganError } from '../errors.ts';
import type { Size } from '../image.ts';
import { type EstimatorLayer, estimatorNetwork } from '../networks/estimator.ts';
import type { Estimator, EstimatorRecipe } from './estimator.ts';
import { classProbabilities } from './estimator-answer.ts';
import { crossEntropyLoss } from './estimator-losses.ts';

/** Options for {@link classEstimator}. */
export interface ClassEstimatorOptions<Annotation> {
  /** The names of the classes, from 2 to {@link MOST_CLASSES}. */
  readonly classes: readonly string[];
  /** The size of the pictures, at least 9 pixels a side. */
  readonly size: Size;
  /** The name of a picture's class; `undefined` if the annotation does not say. */
  classOf(annotation: Annotation): string | undefined;
  /** The whole annotation of a picture of a class; see `ClassAnswer.annotation`. */
  annotationOf?(name: string): Annotation;
  /** In place of 250 steps of 32 pictures, Adam with a rate of 0.002. */
  readonly recipe?: Partial<EstimatorRecipe>;
}

/** With more classes a network that learns for seconds tells few apart, and cannot judge. */
export const MOST_CLASSES = 100;

const recipe: EstimatorRecipe = {
  steps: 250,
  batchSize: 32,
  optimizer: { kind: 'adam' },
  learningRate: 0.002,
};

/** Convolutions halve the picture until its shorter side has at most this many pixels. */
const FINAL_SIDE = 6;
const FILTERS = [16, 32, 48, 64];
const UNITS = 64;

/**
 * A small classifier that learns in seconds on a CPU, good enough to tell which pictures are the better ones to learn
 * from: strided convolutions without padding, a dense layer of 64 units, and one logit for each class.
 *
 * @throws SimganError INVALID_ARGUMENT naming everything that is wrong.
 * @example
 * const estimator = classEstimator<{ label: string }>({
 *   classes: ['cat', 'dog'],
 *   size: { width: 32, height: 32 },
 *   classOf: ({ label }) => label,
 *   annotationOf: (label) => ({ label }),
 * });
 */
export function classEstimator<Annotation>(
  options: ClassEstimatorOptions<Annotation>,
): Estimator<Annotation> {
  const { classes, size, annotationOf } = options;
  checkOptions(options);
  const indexOf = new Map(classes.map((name, index) => [name, index]));
  const truth = (annotation: Annotation) => {
    const name = options.classOf(annotation);
    return name === undefined ? undefined : indexOf.get(name);
  };
  return {
    name: 'class',
    unit: 'error rate',
    within: 0,
    outputShape: [1, 1, classes.length],
    network: estimatorNetwork([...convolutionsFor(size), { dense: UNITS }, { dense: classes.length }]),
    recipe: { ...recipe, ...options.recipe },
    target(annotation) {
      const index = truth(annotation);
      if (index === undefined) return undefined;
      return Float32Array.from(classes, (_, one) => Number(one === index));
    },
    loss: crossEntropyLoss,
    errors: (output, annotation) => [Number(output.indexOf(Math.max(...output)) !== truth(annotation))],
    answer: {
      kind: 'class',
      classes,
      probabilities: (output) => classProbabilities(output),
      truth,
      ...(annotationOf && { annotation: (index: number) => annotationOf(classes[index]!) }),
    },
  };
}

/** A kernel of 5, then kernels of 3, all with stride 2. */
function convolutionsFor({ width, height }: Size): EstimatorLayer[] {
  const layers: EstimatorLayer[] = [];
  let side = Math.min(width, height);
  for (const [index, filters] of FILTERS.entries()) {
    const kernel = index === 0 ? 5 : 3;
    if (index > 1 && side <= FINAL_SIDE) break;
    layers.push({ convolution: kernel, stride: 2, filters });
    side = Math.floor((side - kernel) / 2) + 1;
  }
  return layers;
}

/** The first two convolutions need this many pixels. */
const LEAST_SIDE = 9;

function checkOptions({ classes, size }: Pick<ClassEstimatorOptions<unknown>, 'classes' | 'size'>): void {
  const problems: string[] = [];
  if (classes.length < 2 || classes.length > MOST_CLASSES) {
    problems.push(`There are ${classes.length} classes; use 2 to ${MOST_CLASSES}.`);
  }
  if (new Set(classes).size < classes.length) problems.push('A class is named more than once.');
  if (Math.min(size.width, size.height) < LEAST_SIDE) {
    problems.push(
      `Pictures of ${size.width}x${size.height} are too small; use at least ${LEAST_SIDE} pixels a side.`,
    );
  }
  if (problems.length > 0) throw new SimganError('INVALID_ARGUMENT', problems.join(' '), { problems });
}
