import { createDataset, type Dataset, spreadItems } from '../../dataset.ts';
import type { Engine } from '../../engine/engine.ts';
import { SimganError } from '../../errors.ts';
import type { SizedForm } from '../../image.ts';
import { createRng, type Rng } from '../../rng.ts';
import type { RealImage, Sample } from '../../sample.ts';
import { mean } from '../../statistics.ts';
import { correctness } from './agreement.ts';
import type { Answers } from './answers.ts';
import { consistency, scoreNoise } from './consistency.ts';
import { holdOut, remembered, variedCopies, without, withTruths } from './judged-pictures.ts';
import { type AnsweringEstimator, trainAnswering, withTrained } from './train-and-answer.ts';
import { broadVariation, mildVariation, varyPictures } from './variation.ts';
import { divergedVerdict, type UseScore, type UseVerdict, useVerdict } from './verdict.ts';

/** Options for {@link openUseJudge}. */
export interface UseJudgeOptions<Annotation> {
  readonly estimator: AnsweringEstimator<Annotation>;
  readonly image: SizedForm;
  readonly engine: Engine;
  readonly seed: number;
  /** The pictures as they were simulated, at least 20. A fifth of them is kept from all networks. */
  readonly raw: Dataset<Sample<Annotation>>;
  /** Pictures without labels, at least 20. */
  readonly real: Dataset<RealImage>;
  /** Networks of each set, at least 2; raw gets one more, because its spread is what a gain is measured by. */
  readonly repeats: number;
  /** Training steps of a network. */
  readonly steps: number;
}

/** Judges sets that are made of one raw set, whenever they come: what is the same for all of them is done once. */
export interface UseJudge<Annotation = unknown> {
  readonly raw: UseScore;
  /** How far a score differs with the seeds alone: a standard deviation. */
  readonly noise: number;
  /** Judges what was made of the raw pictures, whose ids it has. */
  judge(treated: Dataset<Sample<Annotation>>): Promise<UseVerdict>;
  dispose(): void;
}

const MOST_READ = 500;
const VIEWS = 2;
const COPIES = 4;
const PATIENCE = 2;

/**
 * Opens a judge of use for sets that come one after the other, as the refiner of a training makes them; `judgeUse` judges
 * sets that are all there. Cost: `repeats` + 3 trainings at once, and `repeats` for each set.
 *
 * @throws SimganError TRAINING_DIVERGED if networks diverge on raw pictures.
 */
export async function openUseJudge<Annotation>(
  options: UseJudgeOptions<Annotation>,
): Promise<UseJudge<Annotation>> {
  const { image, engine, repeats } = options;
  const { answer: meaning, recipe } = options.estimator;
  const rng = createRng(options.seed).fork('judge use');
  const [learned, heldOut] = holdOut(remembered(options.raw), MOST_READ);
  const unseen = await withTruths(heldOut, meaning);
  const vary = varyPictures(image, meaning.kind, mildVariation);
  const real = remembered(options.real);
  const views = remembered(
    createDataset((1 + VIEWS) * real.length, async (index) => {
      const picture = await real.at(index % real.length);
      return index < real.length ? picture : vary(picture, rng.fork('view').fork(index));
    }),
  );
  const network = (samples: Dataset<Sample<Annotation>>, repeat: number, steps = options.steps) => ({
    ...{ samples, image, engine, seed: seedOf(rng, repeat), onStep: () => {} },
    estimator: { ...options.estimator, recipe: { ...recipe, steps } },
  });
  const broad = varyPictures(image, meaning.kind, broadVariation);
  const copies = remembered(variedCopies(learned, COPIES, broad, rng.fork('raw, varied')));
  const reading = await trainAnswering(network(copies, 0, PATIENCE * options.steps));

  const scoreOf = async (samples: Dataset<Sample<Annotation>>, count: number) => {
    const read = await withTruths(spreadItems(samples, MOST_READ), meaning);
    const readable = correctness(await reading.answer(read.pictures), read.truths);
    const answers: Answers[] = [];
    const right: number[] = [];
    for (let repeat = 0; repeat < count; repeat++) {
      await withTrained(network(samples, repeat), async (answer) => {
        answers.push(await answer(views));
        right.push(correctness(await answer(unseen.pictures), unseen.truths));
      });
    }
    const score: UseScore = {
      ...consistency(answers, real.length, read.truths),
      readsRaw: mean(right),
      readable,
    };
    return { score, noise: scoreNoise(answers, real.length, read.truths, repeats) };
  };

  try {
    const { score: raw, noise } = await scoreOf(learned, repeats + 1);
    return {
      raw,
      noise,
      async judge(treated) {
        try {
          const { score } = await scoreOf(without(remembered(treated), heldOut), repeats);
          return useVerdict(score, raw, { kind: meaning.kind, noise });
        } catch (error) {
          if (error instanceof SimganError && error.code === 'TRAINING_DIVERGED') {
            return divergedVerdict(error.message);
          }
          throw error;
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
