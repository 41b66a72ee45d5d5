import {
  annotationSchema,
  type Dataset,
  definePlugin,
  type Engine,
  type Estimator,
  estimatorNetwork,
  l1Regularizer,
  type Network,
  type Plugin,
  patchDiscriminator,
  residualRefiner,
  type Sample,
  type Simulator,
  type SizedForm,
  type TrainingRecipe,
} from '@simgan/core';
import { classEstimator, testEstimator } from '@simgan/core/evaluation';
import { z } from 'zod';

/** A picture of one of ten things. */
export interface ClassAnnotation {
  readonly label: number;
}

/** 28x28 gray, as MNIST. */
export const classImage: SizedForm = { width: 28, height: 28, channels: 1, bits: 8 };

const annotation = annotationSchema<ClassAnnotation>(z.object({ label: z.int().min(0).max(9) }), {
  label: 'invariant',
});

/** A classifier of ten classes that trains in seconds: 88,000 parameters. */
export const tenClasses: Estimator<ClassAnnotation> = classEstimator({
  classes: Array.from({ length: 10 }, (_, index) => String(index)),
  size: classImage,
  classOf: ({ label }) => String(label),
  annotationOf: (name) => ({ label: Number(name) }),
});

/** Three convolutions with pooling, 105,000 parameters, learning eight times as long. */
export const thoroughTenClasses: Estimator<ClassAnnotation> = {
  ...tenClasses,
  network: estimatorNetwork([
    { convolution: 3, filters: 24 },
    { maxPool: 2, stride: 2 },
    { convolution: 3, filters: 48 },
    { maxPool: 2, stride: 2 },
    { convolution: 3, filters: 64 },
    { dense: 96 },
    { dense: 10 },
  ]),
  recipe: { ...tenClasses.recipe, steps: 1000, batchSize: 64 },
};

const quick: TrainingRecipe = {
  steps: 800,
  batchSize: 16,
  optimizer: { kind: 'adam', beta1: 0.5 },
  learningRate: 2e-4,
  lambda: { start: 5, target: 0.06 },
  refinerUpdates: 1,
  discriminatorUpdates: 1,
  historySize: 1024,
  warmup: { refiner: 0, discriminator: 50 },
  averaging: 0.995,
};

/** A domain of pictures of ten classes. */
export function classPlugin(name: string, simulator: Simulator<ClassAnnotation>): Plugin<ClassAnnotation> {
  return definePlugin({
    name,
    image: classImage,
    annotation,
    simulator,
    refiner: residualRefiner({
      width: 24,
      blocks: 2,
      padding: 'reflect',
      output: 'residual',
      noiseChannels: 1,
      noiseStd: 0.5,
    }),
    discriminator: patchDiscriminator([
      { convolution: 3, stride: 2, filters: 48 },
      { convolution: 3, stride: 2, filters: 48 },
      { convolution: 3, filters: 32 },
    ]),
    regularizer: l1Regularizer(),
    recipes: { quick },
    estimator: tenClasses,
  });
}

/** The share of pictures that are classified right, in percent. */
export async function accuracyOf<Annotation>(
  network: Network,
  engine: Engine,
  {
    estimator,
    image,
    test,
  }: {
    readonly estimator: Estimator<Annotation>;
    readonly image: SizedForm;
    readonly test: Dataset<Sample<Annotation>>;
  },
): Promise<Readonly<Record<string, number>>> {
  const { mean } = await testEstimator({ estimator, network, samples: test, image, engine });
  return { accuracy: 100 * (1 - mean) };
}
