import type { Dataset } from '../../dataset.ts';
import type { Engine } from '../../engine/engine.ts';
import type { SizedForm } from '../../image.ts';
import type { Network } from '../../networks/network.ts';
import type { RealImage, Sample } from '../../sample.ts';
import type { Estimator } from '../estimator.ts';
import type { EstimatorAnswer } from '../estimator-answer.ts';
import { estimatorOutputs } from '../estimator-outputs.ts';
import { createEstimatorState, type EstimatorStep, trainEstimator } from '../train-estimator.ts';
import { type Answers, answersFrom } from './answers.ts';

/** An estimator that says how its answers are compared. */
export type AnsweringEstimator<Annotation> = Estimator<Annotation> & {
  readonly answer: EstimatorAnswer<Annotation>;
};

/** Gives answers to pictures; valid while the network that answers is. Throws the signal's reason if it aborts. */
export type AnswerPictures = (pictures: Dataset<RealImage>, signal?: AbortSignal) => Promise<Answers>;

/** What an estimator is trained on, and how. */
export interface AnsweringOptions<Annotation> {
  readonly estimator: AnsweringEstimator<Annotation>;
  readonly samples: Dataset<Sample<Annotation>>;
  readonly image: SizedForm;
  readonly engine: Engine;
  readonly seed: number;
  readonly onStep: (step: EstimatorStep) => void;
}

/** An estimator that was trained; the caller disposes it. */
export interface TrainedAnswers {
  readonly answer: AnswerPictures;
  readonly network: Network;
  dispose(): void;
}

/** Trains an estimator from scratch. */
export async function trainAnswering<Annotation>(
  options: AnsweringOptions<Annotation>,
): Promise<TrainedAnswers> {
  const { estimator, samples, image, engine, seed, onStep } = options;
  const state = createEstimatorState(estimator, image, seed);
  try {
    for await (const step of trainEstimator({ estimator, state, samples, image, engine, seed })) onStep(step);
  } catch (error) {
    state.dispose();
    throw error;
  }
  const { network } = state;
  const { batchSize } = estimator.recipe;
  const answer: AnswerPictures = async (pictures, signal) => {
    const outputs: Float32Array[] = [];
    for await (const { output } of estimatorOutputs({ network, pictures, image, engine, batchSize })) {
      signal?.throwIfAborted();
      outputs.push(output);
    }
    return answersFrom(estimator.answer, outputs);
  };
  return { answer, network, dispose: () => state.dispose() };
}

/** Trains an estimator from scratch and lends it to `use`. */
export async function withTrained<Annotation, Result>(
  options: AnsweringOptions<Annotation>,
  use: (answer: AnswerPictures, network: Network) => Promise<Result>,
): Promise<Result> {
  const trained = await trainAnswering(options);
  try {
    return await use(trained.answer, trained.network);
  } finally {
    trained.dispose();
  }
}
