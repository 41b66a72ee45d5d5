import type { EstimatorAnswer } from '../estimator-answer.ts';

/** What networks trained on a set do, without a label of a real picture. */
export interface UseScore {
  /** The figure that ranks sets: agreement x stability, each at least 0. */
  readonly score: number;
  /** How well networks of different seeds agree on real pictures, beyond chance; at most 1. */
  readonly agreement: number;
  /** How well a network agrees with itself on real pictures that were varied, beyond chance; at most 1. */
  readonly stability: number;
  /** How right the networks are about raw pictures (placed as theirs were) that none of them was trained on, 0 to 1. */
  readonly readsRaw: number;
  /** How right a network that was trained on varied raw pictures is about the pictures of this set, 0 to 1. */
  readonly readable: number;
  /**
   * How much the answers to real pictures say. Classes: mutual information, bits. Values and points: their spread,
   * as a share of the spread of the labels.
   */
  readonly information: number;
}

/** The score of a treatment, and what follows from it. */
export interface UseVerdict extends UseScore {
  /** `refused`: a gate did not hold, and its score means nothing. */
  readonly verdict: 'better' | 'no different' | 'worse' | 'refused';
  /** The gates that did not hold, in the order of {@link useGates}. */
  readonly failed: readonly UseGate[];
  /** The verdict as sentences for people. */
  readonly reason: string;
}

/**
 * Where the labels of a treatment come from, which decides what is asked of it.
 *
 * - `given`: with the pictures. All gates are asked, each and together.
 * - `exact`: right by construction, as nothing moves and no label changes. The gates that look for wrong labels are not
 *   asked, since a set that is harder to read would fail them, too.
 * - `carried`: along with moves that depend on the pictures alone, as framing does. Gates are asked one by one: such moves
 *   give no label away, and what was moved is learned later.
 * - `guessed`: in part read from real pictures by networks. Gates are asked one by one: a network that knows no real
 *   picture does not read those as well, which is why they are there.
 */
export type LabelOrigin = 'given' | 'exact' | 'carried' | 'guessed';

/** A condition without which a score means nothing. */
export type UseGate = 'readsRaw' | 'readable' | 'information';

/** The shares of the raw set's figures that a treatment must keep. */
interface KeptShares extends Readonly<Record<UseGate, number>> {
  /** The product of the shares that are kept, each at most 1. */
  readonly together: number;
}

/**
 * Nine tenths of the right classes are about eight tenths of the agreement beyond chance, by which values and points
 * are measured. Their spread shrinks with honest doubt as well, and is too large where networks answer wildly, so that
 * only a collapse says something. Of classes, a lie that costs a little of everything costs too much together.
 */
const kept: Readonly<Record<'class' | 'places', KeptShares>> = {
  class: { readsRaw: 0.9, readable: 0.9, information: 0.9, together: 0.9 },
  places: { readsRaw: 0.8, readable: 0.8, information: 0.5, together: 0.32 },
};

/**
 * By how many standard deviations of its noise a score must differ. One lets a rung pass by chance every fifth time. Of
 * values and points the order of scores says little of what real labels say (docs/judge.md), so that more is asked.
 */
const deviations = { class: 2, places: 3 } as const;

/** What the score is the product of: a gain in one does not make up for a loss in the other. */
const factors = ['agreement', 'stability'] as const;

/** How far the figures of one set differ with the seeds of its networks alone: standard deviations. */
export type UseNoise = Readonly<Record<'score' | (typeof factors)[number], number>>;

/** The least gain or loss of a figure that counts as one. */
const LEAST_MARGIN = 0.02;

/** The gates, and what it means if one does not hold. */
export const useGates: Readonly<Record<UseGate, string>> = {
  readsRaw:
    'networks that learned from it do not read the raw pictures: it may give the labels away, or no longer show what they say',
  readable:
    'a network that learned from raw pictures does not read its pictures: labels and pictures may no longer belong together',
  information: 'answers to real pictures say less: they may have collapsed to a few',
};

const gateNames = Object.keys(useGates) as UseGate[];

/**
 * Networks that agree less than this beyond chance, by more than noise, make most answers up: the kappa from which Landis
 * and Koch ("The measurement of observer agreement", 1977) call agreement substantial.
 */
const LEAST_AGREEMENT = 0.6;

/**
 * Compares the score of a treatment with that of the raw set.
 *
 * @param noise - how far figures of the raw set differ with the seeds alone, and at least .02: a factor falls from there
 * on; a gain or loss of the score counts from twice as much, of values and points from three times as much.
 * @param labels - decides which gates are asked, and whether together. Default: `given`.
 */
export function useVerdict(
  score: UseScore,
  raw: UseScore,
  {
    kind,
    noise,
    labels = 'given',
  }: {
    readonly kind: EstimatorAnswer['kind'];
    readonly noise: UseNoise;
    readonly labels?: LabelOrigin | undefined;
  },
): UseVerdict {
  const of = kind === 'class' ? 'class' : 'places';
  const limits = kept[of];
  const asked = labels === 'exact' ? (['information'] as const) : gateNames;
  const shares = asked.map((gate) => [gate, Math.min(1, score[gate] / raw[gate])] as const);
  const below = shares.filter(([gate, share]) => !(share >= limits[gate])).map(([gate]) => gate);
  const together = shares.reduce((product, [, share]) => product * share, 1);
  // If only the product is too low, all that lost something have failed.
  const lost = shares.filter(([, share]) => share < 1).map(([gate]) => gate);
  const isTogetherLow = labels === 'given' && !(together >= limits.together);
  const failed = below.length === 0 && isTogetherLow ? lost : below;
  if (failed.length > 0) {
    const reasons = failed.map(
      (gate) => `${useGates[gate]} (${score[gate].toFixed(3)}; raw: ${raw[gate].toFixed(3)})`,
    );
    return { ...score, verdict: 'refused', failed, reason: `Refused: ${reasons.join('; ')}.` };
  }
  const scores = `${score.score.toFixed(3)}; raw: ${raw.score.toFixed(3)}`;
  const gain = score.score - raw.score;
  const margin = deviations[of] * marginOf(noise, 'score');
  const isHigher = gain >= margin;
  const doubt = isHigher ? doubtOf(score, raw, { of, noise }) : undefined;
  if (doubt !== undefined) {
    const reason = `Its score is higher (${scores})${doubt}`;
    return { ...score, verdict: 'no different', failed, reason };
  }
  const verdict = isHigher ? 'better' : gain <= -margin ? 'worse' : 'no different';
  const compared = {
    better: 'more consistently than',
    'no different': 'about as consistently as',
    worse: 'less consistently than',
  };
  const reason = `Networks that learned from it answer real pictures ${compared[verdict]} those of the raw set (${scores}; differences below ${margin.toFixed(3)} are noise).`;
  return { ...score, verdict, failed, reason };
}

/** How much a figure must fall or rise to differ. */
function marginOf(noise: UseNoise, figure: keyof UseNoise): number {
  return Math.max(LEAST_MARGIN, noise[figure]);
}

/** Why a higher score is no gain, as the end of a sentence that states it; `undefined` if nothing speaks against it. */
function doubtOf(
  score: UseScore,
  raw: UseScore,
  { of, noise }: { readonly of: 'class' | 'places'; readonly noise: UseNoise },
): string | undefined {
  // A false cue that all networks learn makes them agree, while what they see in a varied picture gets less certain.
  const fallen = factors.filter((factor) => score[factor] < raw[factor] - marginOf(noise, factor));
  if (fallen.length > 0) {
    const figures = fallen.map(
      (name) =>
        `${name} ${score[name].toFixed(3)}; raw: ${raw[name].toFixed(3)}; differences below ${marginOf(noise, name).toFixed(3)} are noise`,
    );
    return ` at the cost of one of its factors (${figures.join('; ')}), which may be a false cue that all networks learn.`;
  }
  // The spread of values and points shrinks with honest doubt as well.
  if (of === 'class' && score.information < raw.information - LEAST_MARGIN) {
    const bits = `${score.information.toFixed(3)} bits; raw: ${raw.information.toFixed(3)}`;
    return `, but answers to real pictures say less (${bits}): networks that take more pictures for one of a few classes agree more, and know less.`;
  }
  const margin = marginOf(noise, 'agreement');
  if (!(score.agreement >= LEAST_AGREEMENT - margin)) {
    const needed = `at least ${LEAST_AGREEMENT} is needed, within noise of ${margin.toFixed(3)}`;
    return `, but even its networks hardly agree with each other on real pictures (${score.agreement.toFixed(3)}; ${needed}): most of their answers are made up, and no order of sets can be told from them.`;
  }
  return undefined;
}

/** The name of the best set: the highest of the treatments that are better, or else `raw`. */
export function recommendedSet(treatments: Readonly<Record<string, UseVerdict>>): string {
  const better = Object.entries(treatments).filter(([, { verdict }]) => verdict === 'better');
  const [best] = better.sort(([, a], [, b]) => b.score - a.score);
  return best?.[0] ?? 'raw';
}

/** The verdict on a treatment on which networks diverge. */
export function divergedVerdict(message: string): UseVerdict {
  const nothing = { score: 0, agreement: 0, stability: 0, readsRaw: 0, readable: 0, information: 0 };
  return { ...nothing, verdict: 'refused', failed: [], reason: `Refused: ${message}` };
}
