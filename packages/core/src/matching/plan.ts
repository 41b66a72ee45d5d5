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

/** A correction with why it has its strength. */
export interface PlannedCorrection extends Correction {
  /** A clause such as `the synthetic pictures are sharper (0.37 against 0.30)`. */
  readonly reason: string;
}

/** What is to be done to synthetic pictures, decided once and kept with what is made of them. */
export interface MatchPlan {
  /** In the order of application; nothing is done if there are none. */
  readonly corrections: readonly PlannedCorrection[];
  /** What was thought of and is not done, with why; the strength is the one that was tried. */
  readonly omitted: readonly PlannedCorrection[];
}

/** Whose light is to be brought to whose. */
export interface PlanOptions {
  readonly synthetic: Dataset<RealImage>;
  readonly real: Dataset<RealImage>;
  readonly image: SizedForm;
  readonly seed: number;
}

/**
 * Decides on corrections. Strengths that the setting leaves open are measured: each is raised until the synthetic
 * pictures, after all corrections, are as noisy, as sharp, as unevenly lit as the real ones. With `auto` every
 * correction is thought of, equalization where the real pictures are equalized, and those stay that bring the sets
 * closer in the kernel distance of {@link measureKernelDistances}. Both sets are looked at in up to 96 pictures,
 * evenly spread, so that the same sets and seed give the same plan.
 *
 * @throws SimganError INVALID_ARGUMENT if the setting cannot be applied to pictures of this form
 */
export async function planCorrections(setting: MatchSetting, options: PlanOptions): Promise<MatchPlan> {
  const { image } = options;
  checkMatch(setting, image);
  const wanted = wantedCorrections(setting);
  if (wanted !== 'auto' && wanted.every(({ strength }) => strength !== undefined)) {
    const given = wanted.map(({ correction, strength }) => ({ correction, strength: strength! }));
    return { corrections: given.map((one) => ({ ...one, reason: 'as given' })), omitted: [] };
  }
  // What such pictures hold is measured, not lit: see checkMatch.
  if (image.bits === 16) return { corrections: [], omitted: [] };
  const trial = await openTrial(options);
  return wanted === 'auto' ? suggest(trial) : measureStrengths(wanted, trial);
}

/** A histogram whose unevenness is below this was equalized. */
const EVEN = 0.04;

/** What a correction must bring the sets closer by to be done: of their distance, and at least. */
const WORTH = { share: 0.05, least: 0.03 } as const;

/** All corrections that could help, less those that turn out not to. */
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
  // Backwards from all of them: one may help only beside another, as histograms do once grain is blurred.
  let distance = await trial.distanceAfter(kept);
  for (const one of kept.toReversed()) {
    const others = kept.filter((other) => other !== one);
    const distanceWithout = await trial.distanceAfter(others);
    const told = `distance to real ${distance.toFixed(2)} with it, ${distanceWithout.toFixed(2)} without`;
    if (distanceWithout - distance > WORTH.share * Math.abs(distance) + WORTH.least) {
      kept = kept.map((other) => (other === one ? { ...one, reason: `${one.reason}; ${told}` } : other));
    } else {
      omitted.push({ ...one, reason: `${one.reason}, but it brings the sets no closer: ${told}` });
      kept = others;
      distance = distanceWithout;
    }
  }
  return { corrections: kept, omitted };
}

/** How often all open strengths are looked for in turn: each changes what the others have to do. */
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

/** What a correction answers to. */
async function reasonFor(name: CorrectionName, others: readonly Correction[], trial: Trial): Promise<string> {
  const figure = answered[name];
  const without = await trial.figureAfter(figure, others);
  return `${figure} ${without.toFixed(3)} without it, ${trial.goal[figure].toFixed(3)} in the real pictures`;
}

const answered = {
  shading: 'shading',
  blur: 'sharpness',
  sharpen: 'sharpness',
  histogram: 'unevenness',
  equalize: 'unevenness',
  noise: 'noise',
} as const satisfies Readonly<Record<CorrectionName, keyof LightFigures>>;
