import {
  createDataset,
  type Dataset,
  joinDatasets,
  mapDataset,
  selectItems,
  spreadItems,
} from '../dataset.ts';
import type { Engine } from '../engine/engine.ts';
import { SimganError } from '../errors.ts';
import type { SizedForm } from '../image.ts';
import { createRng, type Rng } from '../rng.ts';
import type { RealImage, Sample } from '../sample.ts';
import type { Estimator } from './estimator.ts';
import type { EstimatorStep } from './train-estimator.ts';
import type { ClassAnswers } from './use/answers.ts';
import { remembered } from './use/judged-pictures.ts';
import { type AnsweringEstimator, withTrained } from './use/train-and-answer.ts';

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
  /** How often pictures are labeled: from the second time on, networks learn from those labeled before as well. Default: 5. */
  readonly rounds?: number;
  /**
   * Changes a sample at random, its annotation with it: networks learn from copies so changed in the place of the samples,
   * so that they read more than what they have seen. Default: they learn from the samples as they are.
   */
  readonly vary?: (sample: Sample<Annotation>, rng: Rng) => Sample<Annotation>;
  readonly signal?: AbortSignal | undefined;
  /** Called after each training step of each network of all rounds, counted from 0. */
  readonly onStep?: (step: EstimatorStep, network: number) => void;
}

/** Real pictures with labels that networks gave them. */
export interface PseudoLabeled<Annotation> {
  /** In the order of the real pictures, with their ids. */
  readonly samples: Dataset<Sample<Annotation>>;
  /** The mean probability of its class, by the id of a picture. */
  readonly confidence: ReadonlyMap<string, number>;
}

/** Copies of each sample that are varied. */
const COPIES = 4;
/** Labeled pictures that the networks of the next round learn from, at most: more of them cost time and are hardly drawn. */
const LEARNED_FROM = 4000;

/**
 * Gives real pictures the labels that networks read from them: self-training (Lee, "Pseudo-label", 2013), by the mean
 * probabilities of several networks, for the half of each class that they are most certain of, so that no class takes
 * all places. Networks that learned from such pictures too, each varied at random, read others better (Xie et al.,
 * "Self-training with Noisy Student", CVPR 2020), so that all are labeled anew in every round. Such labels are guesses:
 * whoever uses them should judge what they are worth (see `judgeUse`) and know them apart from exact ones.
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
  const { estimator, share = 0.5, rounds = 5, networks = 2, onStep } = options;
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
  if (!(Number.isInteger(rounds) && rounds >= 1)) {
    throw new SimganError('INVALID_ARGUMENT', `\`rounds\` is ${rounds}; use a whole number of at least 1.`);
  }
  const rng = createRng(options.seed).fork('pseudo-labels');
  const annotate = answer.annotation.bind(answer);
  // Every network of every round reads them all.
  const real = remembered(options.real);
  const drawn = variedCopies(options.samples, options, rng.fork('drawn'));
  let learnedFrom = drawn;
  let labeled: PseudoLabeled<Annotation> | undefined;
  for (let round = 0; round < rounds; round++) {
    const guesses = await guess(learnedFrom, {
      ...{ ...options, estimator: { ...estimator, answer }, real, networks },
      rng: rng.fork(round),
      onStep: (step, network) => onStep?.(step, round * networks + network),
    });
    const kept = mostCertain(guesses, share, answer.classes.length);
    const pictures = selectItems(
      real,
      kept.map(({ index }) => index),
    );
    labeled = {
      samples: labeledDataset(pictures, (position) => annotate(kept[position]!.answer)),
      confidence: new Map(kept.map(({ index, confidence }) => [real.id(index), confidence])),
    };
    if (round + 1 < rounds) {
      const some = spreadItems(labeled.samples, LEARNED_FROM);
      const copies = variedCopies(some, options, rng.fork('real').fork(round));
      learnedFrom = joinDatasets(drawn, copies, (id) => `real-${id}`);
    }
  }
  return labeled!;
}

/** What a picture shows, in the opinion of some networks. */
interface Guess {
  readonly index: number;
  /** The mean probability of that answer. */
  readonly confidence: number;
  /** The index of a class. */
  readonly answer: number;
}

/** Trains networks from scratch and asks them about all real pictures. */
async function guess<Annotation>(
  samples: Dataset<Sample<Annotation>>,
  options: Pick<PseudoLabelOptions<Annotation>, 'image' | 'engine' | 'real' | 'signal'> & {
    readonly estimator: AnsweringEstimator<Annotation>;
    readonly networks: number;
    readonly rng: Rng;
    readonly onStep: (step: EstimatorStep, network: number) => void;
  },
): Promise<Guess[]> {
  const { real, signal, networks, rng, onStep, ...learning } = options;
  const sums: Float64Array[] = [];
  for (let network = 0; network < networks; network++) {
    const onNetworkStep = (step: EstimatorStep) => {
      signal?.throwIfAborted();
      onStep(step, network);
    };
    const seed = rng.fork(network).int(2 ** 31);
    await withTrained({ ...learning, samples, seed, onStep: onNetworkStep }, async (answerPictures) => {
      const { probabilities } = (await answerPictures(real, signal)) as ClassAnswers;
      for (const [index, row] of probabilities.entries()) {
        sums[index] ??= new Float64Array(row.length);
        for (let one = 0; one < row.length; one++) sums[index][one]! += row[one]! / networks;
      }
    });
  }
  return sums.map((probabilities, index) => {
    const confidence = Math.max(...probabilities);
    return { index, confidence, answer: probabilities.indexOf(confidence) };
  });
}

/** The most certain share of each answered class, in the order of the pictures. */
function mostCertain(guesses: readonly Guess[], share: number, classes: number): Guess[] {
  return Array.from({ length: classes }, (_, one) => {
    const ofClass = guesses.filter(({ answer }) => answer === one);
    // Equally certain ones keep their order, which makes the choice the same everywhere.
    ofClass.sort((a, b) => b.confidence - a.confidence || a.index - b.index);
    return ofClass.slice(0, Math.ceil(share * ofClass.length));
  })
    .flat()
    .sort((a, b) => a.index - b.index);
}

/** Copies of samples, each changed at random; the samples themselves where nothing varies them. */
function variedCopies<Annotation>(
  samples: Dataset<Sample<Annotation>>,
  { vary }: Pick<PseudoLabelOptions<Annotation>, 'vary'>,
  rng: Rng,
): Dataset<Sample<Annotation>> {
  if (!vary) return samples;
  const { length } = samples;
  const idOf = (index: number) => `${Math.floor(index / length)}-${samples.id(index % length)}`;
  const copies = createDataset(
    COPIES * length,
    async (index) => {
      const id = idOf(index);
      return { ...vary(await samples.at(index % length), rng.fork(id)), id };
    },
    idOf,
  );
  return remembered(copies);
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
