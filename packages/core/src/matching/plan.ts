import type { Dataset } from '../dataset.ts';
import type { SizedForm } from '../image.ts';
import type { RealImage } from '../sample.ts';
import {
  type Correction,
  type CorrectionName,
  type CorrectionSpec,
  checkMatch,
  type MatchSetting,
  wantedCorrections,
} from './corrections.ts';
import { isSearched, type Searched, searchStrength } from './search.ts';
import { type LightFigures, openTrial, type Trial } from './trial.ts';

/** A correction and the reason for its strength. */
export interface PlannedCorrection extends Correction {
  /** A clause such as `noise 0.003 without it, 0.021 in the real pictures`. */
  readonly reason: string;
}

/** The corrections of synthetic pictures, chosen once and stored with the results. */
export interface MatchPlan {
  /** In the order of application. Empty if nothing is to be done. */
  readonly corrections: readonly PlannedCorrection[];
  /** Corrections that were considered and rejected, with the reason; the strength is the one that was tried. */
  readonly omitted: readonly PlannedCorrection[];
}

/** Options for {@link planCorrections}. */
export interface PlanOptions {
  readonly synthetic: Dataset<RealImage>;
  readonly real: Dataset<RealImage>;
  readonly image: SizedForm;
  readonly seed: number;
}

/**
 * Chooses corrections. Strengths that the setting leaves open are measured: each is raised until the synthetic
 * pictures, after all corrections, are as noisy, as sharp and as unevenly lit as the real ones. `auto` considers every
 * correction (equalization if the real pictures are equalized) and keeps those that bring the sets closer in the
 * kernel distance of {@link measureKernelDistances}. Up to 96 pictures of each set are used, evenly spaced, so that
 * the same sets and seed give the same plan.
 *
 * @throws SimganError INVALID_ARGUMENT if the setting cannot be applied to pictures of this form.
 */
export async function planCorrections(setting: MatchSetting, options: PlanOptions): Promise<MatchPlan> {
  const { image } = options;
  checkMatch(setting, image);
  const wanted = wantedCorrections(setting);
  if (wanted !== 'auto' && wanted.every(({ strength }) => strength !== undefined)) {
    const given = wanted.map(({ correction, strength }) => ({ correction, strength: strength! }));
    return { corrections: given.map((one) => ({ ...one, reason: 'as given' })), omitted: [] };
  }
  // Such pictures hold measurements, not light: see checkMatch.
  if (image.bits === 16) return { corrections: [], omitted: [] };
  const trial = await openTrial(options);
  return wanted === 'auto' ? suggest(trial) : measureStrengths(wanted, trial);
}

/** A histogram whose unevenness is below this was equalized. */
const EVEN = 0.04;

/** How much closer a correction must bring the sets to be kept: a share of their distance, plus a minimum. */
const WORTH = { share: 0.05, least: 0.03 } as const;

/** All corrections that could help, without those that turn out not to. */
async function suggest(trial: Trial): Promise<MatchPlan> {
  const tone: CorrectionName = trial.goal.unevenness < EVEN ? 'equalize' : 'histogram';
  const sharpness = await trial.figureAfter('sharpness', [{ correction: tone, strength: 1 }]);
  const everything: CorrectionSpec[] = [
    { correction: 'shading' },
    { correction: sharpness > trial.goal.sharpness ? 'blur' : 'sharpen' },
    { correction: tone },
    { correction: 'noise' },
  ];
  const plan = await measureStrengths(everything, trial);
  let kept = plan.corrections;
  const omitted = [...plan.omitted];
  // Backward elimination: one may help only together with another, as histograms do once grain is blurred.
  let distance = await trial.distanceAfter(kept);
  for (const one of kept.toReversed()) {
    const others = kept.filter((other) => other !== one);
    const distanceWithout = await trial.distanceAfter(others);
    const evidence = `distance to real ${distance.toFixed(2)} with it, ${distanceWithout.toFixed(2)} without`;
    if (distanceWithout - distance > WORTH.share * Math.abs(distance) + WORTH.least) {
      kept = kept.map((other) => (other === one ? { ...one, reason: `${one.reason}; ${evidence}` } : other));
    } else {
      omitted.push({ ...one, reason: `${one.reason}, but it does not bring the sets closer: ${evidence}` });
      kept = others;
      distance = distanceWithout;
    }
  }
  return { corrections: kept, omitted };
}

/** Rounds of the search over all open strengths: each strength changes what the others have to do. */
const ROUNDS = 2;

/** Fills in the strengths that were left open; a correction that would do nothing is omitted. */
async function measureStrengths(wanted: readonly CorrectionSpec[], trial: Trial): Promise<MatchPlan> {
  const strengths = new Map<CorrectionName, number>();
  const open: Searched[] = [];
  for (const { correction, strength } of wanted) {
    if (strength !== undefined) strengths.set(correction, strength);
    else if (isSearched(correction)) open.push(correction);
    else strengths.set(correction, 1);
  }
  const othersThan = (name: CorrectionName): Correction[] =>
    [...strengths].flatMap(([correction, strength]) =>
      correction === name || strength === 0 ? [] : [{ correction, strength }],
    );
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of open) {
      strengths.set(name, await searchStrength(name, othersThan(name), trial, strengths.get(name)));
    }
  }
  const corrections: PlannedCorrection[] = [];
  const omitted: PlannedCorrection[] = [];
  for (const { correction, strength: given } of wanted) {
    const strength = strengths.get(correction)!;
    const reason =
      given === undefined ? await reasonFor(correction, othersThan(correction), trial) : 'as given';
    (strength > 0 ? corrections : omitted).push({ correction, strength, reason });
  }
  return { corrections, omitted };
}

/** The figure that a correction responds to, without it and in the real pictures. */
async function reasonFor(name: CorrectionName, others: readonly Correction[], trial: Trial): Promise<string> {
  const figure = figureOf[name];
  const without = await trial.figureAfter(figure, others);
  return `${figure} ${without.toFixed(3)} without it, ${trial.goal[figure].toFixed(3)} in the real pictures`;
}

const figureOf = {
  shading: 'shading',
  blur: 'sharpness',
  sharpen: 'sharpness',
  histogram: 'unevenness',
  equalize: 'unevenness',
  noise: 'noise',
} as const satisfies Readonly<Record<CorrectionName, keyof LightFigures>>;
