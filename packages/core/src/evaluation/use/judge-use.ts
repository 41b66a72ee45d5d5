import { type Dataset, spreadItems } from '../../dataset.ts';
import type { Engine } from '../../engine/engine.ts';
import { SimganError } from '../../errors.ts';
import type { SizedForm } from '../../image.ts';
import type { RealImage, Sample } from '../../sample.ts';
import type { Estimator } from '../estimator.ts';
import type { AnsweringEstimator } from './train-and-answer.ts';
import { openUseJudge, type Placements, type TrainedJudge, type TreatedSet } from './use-judge.ts';
import type { Variation } from './variation.ts';
import {
  type LabelOrigin,
  recommendedSet,
  type UseNoise,
  type UseScore,
  type UseVerdict,
} from './verdict.ts';

/** Options for {@link judgeUse}. */
export interface JudgeUseOptions<Annotation> {
  /** The task; it must have an `answer`. */
  readonly estimator: Estimator<Annotation>;
  readonly image: SizedForm;
  readonly engine: Engine;
  /** Seeds the networks, the order of batches, and the variations. */
  readonly seed: number;
  /** The pictures as they were simulated, at least 20. A fifth of them, at most 500, is kept from all networks. */
  readonly raw: Dataset<Sample<Annotation>>;
  /** What was made of the raw pictures, by name. */
  readonly treatments: Readonly<Record<string, TreatedSet<Annotation>>>;
  /** Pictures without labels, at least 20. At most 1,000 are used; with 100, differences are hard to see. */
  readonly real: Dataset<RealImage>;
  /**
   * For treatments that move what a picture shows by a map that is known, such as framing: the same move of one raw
   * sample, its annotation with it. Networks that learned from such a treatment are asked to read raw pictures so moved.
   */
  readonly placements?: Placements<Annotation>;
  /** Where the labels of treatments come from, by their names; see {@link LabelOrigin}. Default: `given`. */
  readonly labels?: Readonly<Record<string, LabelOrigin>>;
  /**
   * Varies a picture a little, such that its right answer stays the same: networks should not mind. Default: contrast,
   * brightness, shading, noise, and for classes small affine maps.
   */
  readonly augment?: Variation;
  /**
   * Varies a sample a lot, its annotation with it: what has learned from it should read any treatment that is true to
   * its labels. Default: more of the same.
   */
  readonly randomize?: Variation;
  /** Networks for each treatment, at least 2; raw gets twice as many. Default: 2. */
  readonly repeats?: number;
  /** Training steps of a network, the same for every set. Default: those of the estimator's recipe. */
  readonly steps?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: UseProgress) => void;
  /** Called with every network that judges a set, before it is disposed of: to test it where labels are known. */
  readonly onTrained?: (trained: TrainedJudge) => void | Promise<void>;
}

/** How far judging is. */
export interface UseProgress {
  /** The set that a network learns from: `raw`, a treatment's name, or `raw, varied` for the network that reads all sets. */
  readonly set: string;
  /** Networks that are done, of `networks` in all. */
  readonly network: number;
  readonly networks: number;
  /** Steps of the current network that are done, of `steps` in all. */
  readonly step: number;
  readonly steps: number;
}

/** What sets of pictures are worth to a task. */
export interface UseReport {
  readonly raw: UseScore;
  /** How far figures differ with the seeds alone, measured on raw. */
  readonly noise: UseNoise;
  readonly treatments: Readonly<Record<string, UseVerdict>>;
  /** The treatment that is better than raw by most, or `raw` if none is. */
  readonly recommended: string;
}

const FEWEST = 20;
const MOST_REAL = 1000;
/** How many more networks learn from raw than from a treatment: all are measured by it. */
const RAW_TIMES = 2;

/**
 * Judges whether treated pictures make networks better at a task on real pictures, without labels of real pictures:
 * networks that have learned what holds for real pictures give the same answers whatever their seed, and however a
 * picture is varied. Labels that are wrong in the same way for all networks would deceive this score, so three gates
 * refuse such sets; see {@link UseScore}.
 *
 * Cost: `repeats` trainings for each treatment, twice as many for raw, by which all are measured, and one of twice the
 * length.
 *
 * @throws SimganError INVALID_ARGUMENT if the estimator does not say how its answers are compared, a treatment is called
 * `raw`, or `repeats` is below 2; NOT_ENOUGH_DATA if there are too few pictures or labels; TRAINING_DIVERGED if networks
 * diverge on raw pictures (a treatment on which they do is refused); the signal's reason if it aborts.
 * @example
 * ```ts no-run
 * import { eyes } from '@simgan/plugin-eyes';
 *
 * const { image, estimator, simulator, standIn } = eyes();
 * const raw = simulate(simulator, { seed: 1, length: 3000 });
 * const photographs = simulate(standIn, { seed: 2, length: 1000 });
 * const matcher = await createMatcher([{ correction: 'blur', strength: 1 }], photographs, { image, seed: 1 });
 * const treatments = { blurred: matcher.match(raw) };
 * const report = await judgeUse({ estimator, image, engine, seed: 1, raw, treatments, real: photographs });
 * console.log(report.recommended, report.treatments.blurred?.reason);
 * ```
 */
export async function judgeUse<Annotation>(options: JudgeUseOptions<Annotation>): Promise<UseReport> {
  const { signal, onProgress, repeats = 2 } = options;
  const estimator = checkedEstimator(options);
  const networks = 1 + repeats * (RAW_TIMES + Object.keys(options.treatments).length);
  const judge = await openUseJudge({
    ...options,
    ...{ estimator, repeats, rawNetworks: RAW_TIMES * repeats },
    real: spreadItems(options.real, MOST_REAL),
    onStep(set, network, { step, steps }) {
      signal?.throwIfAborted();
      onProgress?.({ set, network, networks, step, steps });
    },
  });
  try {
    const treatments: Record<string, UseVerdict> = {};
    for (const [name, set] of Object.entries(options.treatments)) {
      treatments[name] = await judge.judge(set, name);
    }
    const { raw, noise } = judge;
    return { raw, noise, treatments, recommended: recommendedSet(treatments) };
  } finally {
    judge.dispose();
  }
}

/** The estimator with its number of steps, if the options can be used. */
function checkedEstimator<Annotation>(options: JudgeUseOptions<Annotation>): AnsweringEstimator<Annotation> {
  const { estimator, raw, real, treatments, repeats = 2, steps = estimator.recipe.steps } = options;
  const { answer, name } = estimator;
  const problems: string[] = [];
  if (!answer) {
    problems.push(
      `The estimator ${name} does not say how its answers are compared, so pictures cannot be judged by their use to it. Give it an answer: a class, values or points.`,
    );
  }
  if (!Number.isInteger(repeats) || repeats < 2) {
    problems.push(
      `repeats is ${repeats}. Use a whole number of at least 2: networks are compared with each other.`,
    );
  }
  if (!Number.isInteger(steps) || steps < 1)
    problems.push(`steps is ${steps}. Use a whole number of at least 1.`);
  if (Object.hasOwn(treatments, 'raw')) {
    problems.push(
      'A treatment is called raw, which is the name of the untreated pictures. Give it another name.',
    );
  }
  if (problems.length > 0) throw new SimganError('INVALID_ARGUMENT', problems.join(' '), { problems });
  for (const [kind, { length }] of [
    ['raw', raw],
    ['real', real],
  ] as const) {
    if (length < FEWEST) {
      throw new SimganError(
        'NOT_ENOUGH_DATA',
        `There are ${length} ${kind} pictures, too few to judge anything by: at least ${FEWEST} are needed, and 1,000 are better.`,
      );
    }
  }
  return { ...estimator, answer: answer!, recipe: { ...estimator.recipe, steps } };
}
