import { createDataset, type Dataset, mapDataset, spreadItems } from '../../dataset.ts';
import type { Engine } from '../../engine/engine.ts';
import { SimganError } from '../../errors.ts';
import type { SizedForm } from '../../image.ts';
import type { Network } from '../../networks/network.ts';
import { createRng, type Rng } from '../../rng.ts';
import type { RealImage, Sample } from '../../sample.ts';
import { mean } from '../../statistics.ts';
import type { EstimatorStep } from '../train-estimator.ts';
import { correctness } from './agreement.ts';
import type { Answers } from './answers.ts';
import { consistency, noiseOf } from './consistency.ts';
import { holdOut, remembered, variedCopies, without, withTruths } from './judged-pictures.ts';
import { type AnsweringEstimator, trainAnswering, withTrained } from './train-and-answer.ts';
import { broadVariation, mildVariation, type Variation, varyPictures } from './variation.ts';
import {
  divergedVerdict,
  type LabelOrigin,
  type UseNoise,
  type UseScore,
  type UseVerdict,
  useVerdict,
} from './verdict.ts';

/**
 * What was made of the raw pictures. A sample that was made of a raw one has its id. A function makes a set of its own
 * for each network, counted from 0: where labels are guesses of earlier networks, networks that learn from the same
 * guesses agree whether they are right or not.
 */
export type TreatedSet<Annotation> =
  | Dataset<Sample<Annotation>>
  | ((repeat: number) => Promise<Dataset<Sample<Annotation>>>);

/** Moves of a raw sample, its annotation with it, by the names of treatments. */
export type Placements<Annotation> = Readonly<
  Record<string, (sample: Sample<Annotation>) => Sample<Annotation>>
>;

/** A network that was trained on a set. */
export interface TrainedJudge {
  /** `raw` or the treatment's name. */
  readonly set: string;
  /** Counted from 0. */
  readonly repeat: number;
  readonly network: Network;
}

/** Options for {@link openUseJudge}. */
export interface UseJudgeOptions<Annotation> {
  readonly estimator: AnsweringEstimator<Annotation>;
  readonly image: SizedForm;
  readonly engine: Engine;
  /** Seeds the networks, the order of batches, and the variations. */
  readonly seed: number;
  /** The pictures as they were simulated. A fifth of them, at most 500, is kept from all networks. */
  readonly raw: Dataset<Sample<Annotation>>;
  /** Pictures without labels. */
  readonly real: Dataset<RealImage>;
  /** See `JudgeUseOptions`. */
  readonly placements?: Placements<Annotation>;
  readonly labels?: Readonly<Record<string, LabelOrigin>>;
  readonly augment?: Variation;
  readonly randomize?: Variation;
  /** Networks of each set, at least 2. */
  readonly repeats: number;
  /** Networks of the raw set, better more: all others are measured by it. */
  readonly rawNetworks: number;
  /** Called after each step of a network with its set, and the number of those before it: to stop, throw. */
  readonly onStep?: (set: string, network: number, step: EstimatorStep) => void;
  /** Called with every network that judges a set, before it is disposed of. */
  readonly onTrained?: (trained: TrainedJudge) => void | Promise<void>;
}

/** Judges sets that are made of one raw set, whenever they come: what is the same for all of them is done once. */
export interface UseJudge<Annotation = unknown> {
  readonly raw: UseScore;
  /** How far figures differ with the seeds alone. */
  readonly noise: UseNoise;
  /** Judges what was made of the raw pictures, by which name it is told of. */
  judge(treated: TreatedSet<Annotation>, name: string): Promise<UseVerdict>;
  dispose(): void;
}

/** Most labeled pictures of a set that are read. */
const MOST_READ = 500;
/** Variations of each real picture, whose answers are compared with that to the picture itself. */
const VIEWS = 2;
/** Variations of each raw picture that the network which reads all sets learns from. */
const COPIES = 4;
/** How much longer that network learns than the others. */
const PATIENCE = 2;
const VARIED = 'raw, varied';

/**
 * Opens a judge of use for sets that come one after the other, as the refiner of a training makes them; `judgeUse` judges
 * sets that are all there. Cost: a training of twice the length and `rawNetworks` others at once, and `repeats` for each
 * set.
 *
 * @throws SimganError TRAINING_DIVERGED if networks diverge on raw pictures; what `onStep` throws.
 */
export async function openUseJudge<Annotation>(
  options: UseJudgeOptions<Annotation>,
): Promise<UseJudge<Annotation>> {
  const { image, engine, repeats, rawNetworks, onTrained } = options;
  const { answer: meaning, recipe } = options.estimator;
  const rng = createRng(options.seed).fork('judge use');
  const augment = options.augment ?? varyPictures(image, meaning.kind, mildVariation);
  const randomize = options.randomize ?? varyPictures(image, meaning.kind, broadVariation);
  const [learned, heldOut] = holdOut(remembered(options.raw), MOST_READ);
  const unseen = await withTruths(heldOut, meaning);
  const real = remembered(options.real);
  const views = remembered(
    createDataset((1 + VIEWS) * real.length, async (index) => {
      const picture = await real.at(index % real.length);
      return index < real.length ? picture : augment(picture, rng.fork('view').fork(index));
    }),
  );
  let networks = 0;
  const learning = (set: string, repeat: number, samples: Dataset<Sample<Annotation>>, patience = 1) => {
    const network = networks;
    networks += 1;
    return {
      ...{ samples, image, engine, seed: seedOf(rng, repeat) },
      estimator: { ...options.estimator, recipe: { ...recipe, steps: patience * recipe.steps } },
      onStep: (step: EstimatorStep) => options.onStep?.(set, network, step),
    };
  };
  const copies = remembered(variedCopies(learned, COPIES, randomize, rng.fork(VARIED)));
  const reading = await trainAnswering(learning(VARIED, 0, copies, PATIENCE));

  const scoreOf = async (
    name: string,
    count: number,
    setOf: (repeat: number) => Promise<Dataset<Sample<Annotation>>>,
  ): Promise<{ score: UseScore; noise: UseNoise }> => {
    const place = options.placements?.[name];
    const asked = place ? await withTruths(mapDataset(heldOut, place), meaning) : unseen;
    const answers: Answers[] = [];
    const right: number[] = [];
    const { pictures, truths } = await withTruths(spreadItems(await setOf(0), MOST_READ), meaning);
    const readable = correctness(await reading.answer(pictures), truths);
    for (let repeat = 0; repeat < count; repeat++) {
      await withTrained(learning(name, repeat, await setOf(repeat)), async (answer, network) => {
        answers.push(await answer(views));
        right.push(correctness(await answer(asked.pictures), asked.truths));
        await onTrained?.({ set: name, repeat, network });
      });
    }
    const consistent = consistency(answers, real.length, truths);
    return {
      score: { ...consistent, readsRaw: mean(right), readable },
      noise: noiseOf(answers, real.length, truths, repeats),
    };
  };
  /** The set that each network learns from, made once. */
  const learnedFrom = (set: TreatedSet<Annotation>) => {
    const made: Promise<Dataset<Sample<Annotation>>>[] = [];
    const isShared = typeof set !== 'function';
    const make = async (repeat: number) => without(remembered(isShared ? set : await set(repeat)), heldOut);
    return (repeat: number) => {
      const place = isShared ? 0 : repeat;
      made[place] ??= make(place);
      return made[place];
    };
  };

  try {
    const { score: raw, noise } = await scoreOf('raw', rawNetworks, async () => learned);
    return {
      raw,
      noise,
      async judge(treated, name) {
        try {
          const { score } = await scoreOf(name, repeats, learnedFrom(treated));
          return useVerdict(score, raw, {
            kind: meaning.kind,
            noise,
            labels: options.labels?.[name],
          });
        } catch (error) {
          if (!(error instanceof SimganError && error.code === 'TRAINING_DIVERGED')) throw error;
          return divergedVerdict(error.message);
        }
      },
      dispose: () => reading.dispose(),
    };
  } catch (error) {
    reading.dispose();
    throw error;
  }
}

/** The networks of a repeat start from the same weights for every set. */
function seedOf(rng: Rng, repeat: number): number {
  return rng
    .fork('network')
    .fork(repeat)
    .int(2 ** 31);
}
