import { type Dataset, datasetOf, spreadItems } from '../dataset.ts';
import type { Estimator } from '../evaluation/estimator.ts';
import { openUseJudge } from '../evaluation/use/use-judge.ts';
import { hasSize } from '../image.ts';
import type { RealImage, Sample } from '../sample.ts';
import type { UseLooks } from '../training/steering.ts';
import type { Training } from '../training/training.ts';
import { followPictures } from './followed.ts';
import type { UseSignal } from './signals.ts';

/** Judges what a training's refiner is worth to a task. */
export interface UseWatch {
  /** Judges the refiner as it is now, against the synthetic pictures as they were. Changes nothing of the training. */
  judge(): Promise<UseSignal>;
  dispose(): Promise<void>;
}

/** Options for {@link watchUse}. */
export interface UseWatchOptions<Annotation> {
  readonly training: Training;
  /** Pictures with the annotations of the task, before matching; the first ones are used. */
  readonly synthetic: Dataset<Sample<Annotation>>;
  /** Real pictures to answer, best of all such as are not trained on. */
  readonly real: Dataset<RealImage>;
  /** Without an `answer` nothing can be judged. */
  readonly estimator: Estimator<Annotation> | undefined;
}

/** Two networks of each set are the fewest that can agree. */
const REPEATS = 2;
const FEWEST = 20;

/** The numbers of a quick judgment: a fraction of the time of the training between two of them. */
export const useLooks: Required<UseLooks> = { every: 4, pictures: 400, steps: 60 };

/**
 * Prepares judging the use of a training's refiner by the consistency of small networks (see `judgeUse`), in a form that is
 * quick enough to be repeated. `undefined` where nothing can be judged: the recipe says no, the task has no `answer`, the
 * networks see crops, in which labels are elsewhere, the refiner moves things, or there are fewer than 20 pictures.
 */
export async function watchUse<Annotation>(
  options: UseWatchOptions<Annotation>,
): Promise<UseWatch | undefined> {
  const { training, estimator, real } = options;
  const { form, image, engine, seed, averagedRefiner } = training;
  const wanted = training.recipe.steering?.use;
  const answer = estimator?.answer;
  if (wanted === false || !estimator || !answer || averagedRefiner.warping) return undefined;
  if (!hasSize(image) || image.width !== form.width || image.height !== form.height) return undefined;
  const { pictures, steps } = { ...useLooks, ...wanted };
  const { recipe } = estimator;
  const synthetic = spreadItems(options.synthetic, pictures);
  const answered = spreadItems(real, Math.ceil(pictures / 2));
  if (Math.min(synthetic.length, answered.length) < FEWEST) return undefined;
  const followed = followPictures({ training, synthetic, pictures });
  const { drawn } = await followed.pictures();
  const judge = await openUseJudge({
    ...{ image: form, engine, seed, repeats: REPEATS, rawNetworks: REPEATS + 1 },
    estimator: { ...estimator, answer, recipe: { ...recipe, steps: Math.min(steps, recipe.steps) } },
    ...{ raw: datasetOf(drawn), real: answered },
  });
  return {
    async judge() {
      const { refined } = await followed.refine();
      const treated = datasetOf(drawn.map((sample, n) => ({ ...sample, image: refined[n]! })));
      const { verdict, score, reason } = await judge.judge(treated, 'refined');
      return { verdict, score, raw: judge.raw.score, noise: judge.noise.score, reason };
    },
    async dispose() {
      judge.dispose();
      await followed.dispose();
    },
  };
}
