import { type Dataset, mapDataset, selectItems } from '../dataset.ts';
import type { Engine } from '../engine/engine.ts';
import { SimganError } from '../errors.ts';
import type { SizedForm } from '../image.ts';
import { createRng } from '../rng.ts';
import type { RealImage, Sample } from '../sample.ts';
import type { Estimator } from './estimator.ts';
import type { EstimatorStep } from './train-estimator.ts';
import type { ClassAnswers } from './use/answers.ts';
import { withTrained } from './use/train-and-answer.ts';

/** Options for {@link pseudoLabel}. */
export interface PseudoLabelOptions<Annotation> {
  /** A task of classes whose answer has an `annotation`. */
  readonly estimator: Estimator<Annotation>;
  readonly image: SizedForm;
  readonly engine: Engine;
  /** Seeds the networks that label and the order in which they learn. */
  readonly seed: number;
  /** What they learn from. */
  readonly samples: Dataset<Sample<Annotation>>;
  /** The pictures to label. */
  readonly real: Dataset<RealImage>;
  /** The share of pictures of each answered class that is labeled, the most certain ones, above 0 up to 1. Default: 0.5. */
  readonly share?: number;
  /** Networks whose probabilities are averaged. Default: 2. */
  readonly networks?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each training step of each network, counted from 0. */
  readonly onStep?: (step: EstimatorStep, network: number) => void;
}

/** Real pictures with labels that networks gave them. */
export interface PseudoLabeled<Annotation> {
  /** In the order of the real pictures, with their ids. */
  readonly samples: Dataset<Sample<Annotation>>;
  /** The mean probability of its class, by the id of a picture. */
  readonly confidence: ReadonlyMap<string, number>;
}

/**
 * Gives real pictures the labels that networks read from them: self-training (Lee, "Pseudo-label", 2013), by the mean
 * probabilities of several networks, for the half of each class that they are most certain of, so that no class takes
 * all places. Such labels are guesses: whoever uses them should judge what they are worth (see `judgeUse`) and know
 * them apart from exact ones.
 *
 * @throws SimganError INVALID_ARGUMENT if the estimator cannot label; NOT_ENOUGH_DATA, TRAINING_DIVERGED as
 * `trainEstimator`; the signal's reason if it aborts.
 * @example
 * ```ts no-run
 * import { classEstimator, pseudoLabel } from '@simgan/core/evaluation';
 * import { createEngine, readDataset, readImages } from '@simgan/node';
 * import { images } from '@simgan/plugin-images';
 *
 * const size = { width: 28, height: 28, channels: 1, bits: 8 } as const;
 * const { engine } = await createEngine('auto');
 * const estimator = classEstimator<{ class: string }>({
 *   classes: ['cat', 'dog'],
 *   size,
 *   classOf: (annotation) => annotation.class,
 *   annotationOf: (name) => ({ class: name }),
 * });
 * const { samples } = await readDataset('pets', { ...images({ channels: 1 }), image: size });
 * const { images: real } = await readImages('photographs', size);
 * const drawn = samples as Dataset<Sample<{ class: string }>>;
 * const guessed = await pseudoLabel({ estimator, image: size, engine, seed: 1, samples: drawn, real });
 * console.log(guessed.samples.length, guessed.confidence);
 * ```
 */
export async function pseudoLabel<Annotation>(
  options: PseudoLabelOptions<Annotation>,
): Promise<PseudoLabeled<Annotation>> {
  const { estimator, image, engine, samples, real, share = 0.5, networks = 2, signal, onStep } = options;
  const { answer } = estimator;
  if (answer?.kind !== 'class' || !answer.annotation) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `The estimator ${estimator.name} cannot label pictures: it needs an answer of classes with an annotation.`,
    );
  }
  if (!(share > 0 && share <= 1)) {
    throw new SimganError('INVALID_ARGUMENT', `\`share\` is ${share}; use a number above 0, at most 1.`);
  }
  const rng = createRng(options.seed).fork('pseudo-labels');
  const sums = Array.from({ length: real.length }, () => new Float64Array(answer.classes.length));
  for (let n = 0; n < networks; n++) {
    const learning = { estimator: { ...estimator, answer }, samples, image, engine };
    const onNetworkStep = (step: EstimatorStep) => {
      signal?.throwIfAborted();
      onStep?.(step, n);
    };
    const seed = rng.fork(n).int(2 ** 31);
    await withTrained({ ...learning, seed, onStep: onNetworkStep }, async (answerPictures) => {
      const answers = (await answerPictures(real, signal)) as ClassAnswers;
      for (const [index, probabilities] of answers.probabilities.entries()) {
        for (const one of answer.classes.keys()) sums[index]![one]! += probabilities[one]! / networks;
      }
    });
  }
  const guesses = sums.map((probabilities, index) => {
    const confidence = Math.max(...probabilities);
    return { index, confidence, guess: probabilities.indexOf(confidence) };
  });
  const kept = answer.classes
    .flatMap((_, one) => {
      const ofClass = guesses.filter(({ guess }) => guess === one);
      // Equally certain ones keep their order, which makes the choice the same everywhere.
      ofClass.sort((a, b) => b.confidence - a.confidence || a.index - b.index);
      return ofClass.slice(0, Math.ceil(share * ofClass.length));
    })
    .sort((a, b) => a.index - b.index);
  const pictures = selectItems(
    real,
    kept.map(({ index }) => index),
  );
  const annotate = answer.annotation.bind(answer);
  return {
    samples: labeledDataset(pictures, (position) => annotate(kept[position]!.guess)),
    confidence: new Map(kept.map(({ index, confidence }) => [real.id(index), confidence])),
  };
}

function labeledDataset<Annotation>(
  pictures: Dataset<RealImage>,
  annotationOf: (position: number) => Annotation,
): Dataset<Sample<Annotation>> {
  return mapDataset(pictures, ({ id, image, source }, position) => ({
    ...{ id, image, annotation: annotationOf(position) },
    ...(source && { source }),
  }));
}
