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
 * pictures, after all corrections, are as noisy, as sharp, as unevenly lit and as blocky as the real ones. `auto`
 * considers what a camera does to any picture (blur, noise, JPEG), `light` every correction (equalization if the real
 * pictures are equalized); both keep those that bring the sets closer in the kernel distance of
 * {@link measureKernelDistances}. Up to 96 pictures of each set are used, spread over it, so that
 * the same sets and seed give the same plan.
 *
 * @throws SimganError INVALID_ARGUMENT if the setting cannot be applied to pictures of this form.
 */
export async function planCorrections(setting: MatchSetting, options: PlanOptions): Promise<MatchPlan> {
  const { image } = options;
  checkMatch(setting, image);
  const wanted = wantedCorrections(setting);
  if (typeof wanted !== 'string' && wanted.every(({ strength }) => strength !== undefined)) {
    const given = wanted.map(({ correction, strength }) => ({ correction, strength: strength! }));
    return { corrections: given.map((one) => ({ ...one, reason: 'as given' })), omitted: [] };
  }
  // Such pictures hold measurements, not light: see checkMatch.
  if (image.bits !== 8) return { corrections: [], omitted: [] };
  const trial = await openTrial(options);
  if (typeof wanted !== 'string') return measureStrengths(wanted, trial);
  if (wanted === 'light') return keepUseful(await lightCorrections(trial), trial);
  return matchCamera(trial);
}

/** A histogram whose unevenness is below this was equalized. */
const EVEN = 0.04;

/** How much closer a correction must bring the sets to be kept: a share of their distance, plus a minimum. */
const WORTH = { share: 0.05, least: 0.03 } as const;

/** What a camera does to any picture, whatever it shows. */
const cameraCorrections: readonly CorrectionSpec[] = [
  { correction: 'blur' },
  { correction: 'noise' },
  { correction: 'jpeg' },
];

/**
 * What the camera does, measured as the pictures are and under the real pictures' tones: whichever comes closer. A
 * difference in light would otherwise pass for one in blur and noise.
 */
async function matchCamera(trial: Trial): Promise<MatchPlan> {
  const tones = [{ correction: 'histogram', strength: 1 }] as const;
  const plain = await keepUseful(cameraCorrections, trial);
  const toned = await keepUseful(cameraCorrections, trial, tones);
  const distance = await trial.distanceAfter(plain.corrections);
  const distanceToned = await trial.distanceAfter([...toned.corrections, ...tones]);
  return isWorth(distance, distanceToned) ? toned : plain;
}

/** Whether something that brings the sets from one distance to another is worth having. */
function isWorth(distanceWithout: number, distance: number): boolean {
  return distanceWithout - distance > WORTH.share * Math.abs(distance) + WORTH.least;
}

/** All corrections that could help. */
async function lightCorrections(trial: Trial): Promise<readonly CorrectionSpec[]> {
  const tone: CorrectionName = trial.goal.unevenness < EVEN ? 'equalize' : 'histogram';
  const sharpness = await trial.figureAfter('sharpness', [{ correction: tone, strength: 1 }]);
  return [
    { correction: 'shading' },
    { correction: sharpness > trial.goal.sharpness ? 'blur' : 'sharpen' },
    { correction: tone },
    { correction: 'noise' },
    { correction: 'jpeg' },
  ];
}

/**
 * Corrections with their measured strengths, without those that do not bring the sets closer.
 *
 * @param beside - applied to every synthetic set that is measured, and not part of the plan.
 */
async function keepUseful(
  wanted: readonly CorrectionSpec[],
  trial: Trial,
  beside: readonly Correction[] = [],
): Promise<MatchPlan> {
  const plan = await measureStrengths(wanted, trial, beside);
  let kept = plan.corrections;
  const omitted = [...plan.omitted];
  // Backward elimination: one may help only together with another, as histograms do once grain is blurred.
  let distance = await trial.distanceAfter([...kept, ...beside]);
  for (const one of kept.toReversed()) {
    const others = kept.filter((other) => other !== one);
    const distanceWithout = await trial.distanceAfter([...others, ...beside]);
    const evidence = `distance to real ${distance.toFixed(2)} with it, ${distanceWithout.toFixed(2)} without`;
    if (isWorth(distanceWithout, distance)) {
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
async function measureStrengths(
  wanted: readonly CorrectionSpec[],
  trial: Trial,
  beside: readonly Correction[] = [],
): Promise<MatchPlan> {
  const strengths = new Map<CorrectionName, number>();
  const open: Searched[] = [];
  for (const { correction, strength } of wanted) {
    if (strength !== undefined) strengths.set(correction, strength);
    else if (isSearched(correction)) open.push(correction);
    else strengths.set(correction, 1);
  }
  const othersThan = (name: CorrectionName): Correction[] => [
    ...beside,
    ...[...strengths].flatMap(([correction, strength]) =>
      correction === name || strength === 0 ? [] : [{ correction, strength }],
    ),
  ];
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
  jpeg: 'blockiness',
} as const satisfies Readonly<Record<CorrectionName, keyof LightFigures>>;
