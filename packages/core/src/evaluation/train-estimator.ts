import type * as tf from '@tensorflow/tfjs-core';
import { type Dataset, selectItems } from '../dataset.ts';
import type { Engine } from '../engine/engine.ts';
import { SimganError } from '../errors.ts';
import { type HostTensor, hostScalar, scalarValue } from '../host-tensor.ts';
import { encodeImages, type SizedForm } from '../image.ts';
import type { Network } from '../networks/network.ts';
import { buildNetwork } from '../networks/variables.ts';
import { createRng } from '../rng.ts';
import type { Sample } from '../sample.ts';
import { type Summary, summarize } from '../statistics.ts';
import { shuffledItems } from '../training/batches.ts';
import { createOptimizer, createOptimizerState, minimize, type Optimizer } from '../training/optimizer.ts';
import type { Estimator } from './estimator.ts';
import { estimatorOutputs } from './estimator-outputs.ts';

/** The mutable state of training an estimator. */
export interface EstimatorState {
  readonly network: Network;
  readonly optimizer: Optimizer;
  readonly optimizerState: readonly tf.Variable[];
  /** Steps done. */
  step: number;
  dispose(): void;
}

/** The initial state of training. The same seed gives the same initial weights. */
export function createEstimatorState<Annotation>(
  { network: build, recipe }: Estimator<Annotation>,
  image: SizedForm,
  seed: number,
): EstimatorState {
  const network = buildNetwork(build, image, seed);
  const optimizer = createOptimizer(recipe.optimizer);
  const optimizerState = createOptimizerState(optimizer, 'estimator', network.variables);
  return {
    network,
    optimizer,
    optimizerState,
    step: 0,
    dispose() {
      network.dispose();
      for (const slot of optimizerState) slot.dispose();
    },
  };
}

/** Options for {@link trainEstimator}. */
export interface TrainEstimatorOptions<Annotation> {
  readonly estimator: Estimator<Annotation>;
  /** Changed by training; see {@link createEstimatorState}. */
  readonly state: EstimatorState;
  /** Samples whose annotation lacks the target are skipped. */
  readonly samples: Dataset<Sample<Annotation>>;
  readonly image: SizedForm;
  readonly engine: Engine;
  /** Seeds the order of the batches. */
  readonly seed: number;
}

/** The report of one step. */
export interface EstimatorStep {
  /** Steps done, of `steps` in all. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
}

/**
 * Trains an estimator on annotated pictures. Yields after every step, resumes at the state's step, and ends when
 * the recipe's steps are done or the caller stops iterating.
 *
 * @throws SimganError NOT_ENOUGH_DATA if no annotation has the target.
 * @throws SimganError TRAINING_DIVERGED if the loss is no longer a number.
 */
export async function* trainEstimator<Annotation>(
  options: TrainEstimatorOptions<Annotation>,
): AsyncGenerator<EstimatorStep, void, void> {
  const { estimator, state, image, engine, seed } = options;
  const { batchSize, learningRate, steps } = estimator.recipe;
  const samples = await withTargets(options.samples, estimator);
  const batches = shuffledItems(samples, { batchSize, rng: createRng(seed).fork('train estimator') });
  const program = engine.compile(({ images, targets, rate }) =>
    minimize(
      () => ({
        loss: estimator.loss(state.network.apply(images as tf.Tensor4D), targets as tf.Tensor4D),
      }),
      {
        optimizer: state.optimizer,
        parameters: state.network.variables,
        state: state.optimizerState,
        learningRate: rate as tf.Scalar,
      },
    ),
  );
  try {
    while (state.step < steps) {
      const batch = await batches.at(state.step);
      const outputs = await program.run({
        images: imagesOf(batch, image),
        targets: targetsOf(batch, estimator),
        rate: hostScalar(learningRate),
      });
      const loss = scalarValue(outputs.loss);
      if (!Number.isFinite(loss)) {
        throw new SimganError(
          'TRAINING_DIVERGED',
          `The training of the estimator ${estimator.name} has diverged: its loss is ${loss}. Start again with a smaller learning rate.`,
        );
      }
      state.step += 1;
      yield { step: state.step, steps, loss };
    }
  } finally {
    await program.dispose();
    await engine.read(state.network.variables);
  }
}

/** The errors of an estimator on annotated pictures, in its unit. */
export interface EstimatorResult extends Summary {
  readonly unit: string;
  /** The share of errors up to the estimator's `within`. */
  readonly share: number;
  readonly within: number;
}

/**
 * Tests a trained estimator on held-out annotated pictures.
 *
 * @throws SimganError NOT_ENOUGH_DATA if no annotation has the target.
 */
export async function testEstimator<Annotation>(options: {
  readonly estimator: Estimator<Annotation>;
  readonly network: Network;
  readonly samples: Dataset<Sample<Annotation>>;
  readonly image: SizedForm;
  readonly engine: Engine;
}): Promise<EstimatorResult> {
  const { estimator, network, image, engine } = options;
  const pictures = await withTargets(options.samples, estimator);
  const { batchSize } = estimator.recipe;
  const errors: number[] = [];
  for await (const { item, output } of estimatorOutputs({ network, pictures, image, engine, batchSize })) {
    errors.push(...estimator.errors(output, item.annotation));
  }
  const { unit, within } = estimator;
  const share = errors.filter((error) => error <= within).length / Math.max(1, errors.length);
  return { ...summarize(errors), unit, share, within };
}

/**
 * Downstream evaluation: trains the estimator from scratch on each set and tests it on labeled real pictures
 * (paper, tables 1 and 2). All sets start from the same weights and take the same number of steps.
 */
export async function compareDownstream<Annotation>(options: {
  readonly estimator: Estimator<Annotation>;
  readonly sets: Readonly<Record<string, Dataset<Sample<Annotation>>>>;
  readonly test: Dataset<Sample<Annotation>>;
  readonly image: SizedForm;
  readonly engine: Engine;
  readonly seed: number;
  readonly onStep?: (set: string, step: EstimatorStep) => void;
}): Promise<Readonly<Record<string, EstimatorResult>>> {
  const { estimator, sets, test, image, engine, seed, onStep } = options;
  const results: [string, EstimatorResult][] = [];
  for (const [name, samples] of Object.entries(sets)) {
    const state = createEstimatorState(estimator, image, seed);
    try {
      for await (const step of trainEstimator({ estimator, state, samples, image, engine, seed })) {
        onStep?.(name, step);
      }
      results.push([
        name,
        await testEstimator({ estimator, network: state.network, samples: test, image, engine }),
      ]);
    } finally {
      state.dispose();
    }
  }
  return Object.fromEntries(results);
}

/** The samples whose annotations have the target. */
async function withTargets<Annotation>(
  samples: Dataset<Sample<Annotation>>,
  estimator: Estimator<Annotation>,
): Promise<Dataset<Sample<Annotation>>> {
  const indices: number[] = [];
  for (let index = 0; index < samples.length; index++) {
    if (estimator.target((await samples.at(index)).annotation)) indices.push(index);
  }
  if (indices.length === 0) {
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `None of the ${samples.length} annotations has the labels that the estimator ${estimator.name} needs. Use pictures whose annotations have them.`,
    );
  }
  return selectItems(samples, indices);
}

function imagesOf<Annotation>(batch: readonly Sample<Annotation>[], image: SizedForm): HostTensor {
  return encodeImages(
    batch.map((sample) => sample.image),
    image,
  );
}

function targetsOf<Annotation>(
  batch: readonly Sample<Annotation>[],
  estimator: Estimator<Annotation>,
): HostTensor {
  const { outputShape } = estimator;
  const length = outputShape.reduce((a, b) => a * b, 1);
  const data = new Float32Array(batch.length * length);
  for (const [i, { annotation }] of batch.entries()) data.set(estimator.target(annotation)!, i * length);
  return { data, shape: [batch.length, ...outputShape] };
}
