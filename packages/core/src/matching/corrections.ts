/** @file The corrections of light that can be applied to synthetic pictures before training, by name and strength. */
import { SimganError } from '../errors.ts';
import type { ImageForm } from '../image.ts';

/** The properties of a correction. */
interface CorrectionKind {
  /** The unit of its strength. */
  readonly unit: string;
  /** The maximum strength. Strengths are above 0 and at most this. */
  readonly most: number;
  /** What it does, as text for people. */
  readonly effect: string;
}

/**
 * The corrections in the order of their application, which is that of a camera: light falls on the scene, the lens
 * blurs it, the electronics map it to gray levels, and the file compresses it. Noise comes after the tone step, which
 * sorts pixels by brightness and would amplify it.
 *
 * None moves anything: symmetric shapes stay in place. As in a camera, a steep tone curve after a blur makes dark
 * shapes look larger by a part of the blur, so that a shape half covered by an eyelid is measured slightly closer to
 * the lid. Blurring after the tone step would avoid that, but doubles the distance to real eyes.
 */
export const correctionKinds = {
  shading: {
    unit: 'of the brightness',
    most: 1,
    effect: 'smooth shading that differs from picture to picture',
  },
  blur: { unit: 'px', most: 10, effect: 'a Gaussian blur of this std' },
  sharpen: { unit: 'times the detail', most: 4, effect: 'an unsharp mask: amplifies detail below 1 px' },
  histogram: {
    unit: 'of the way',
    most: 1,
    effect: 'the histogram of a random real picture; pixels keep their order of brightness',
  },
  equalize: { unit: 'of the way', most: 1, effect: 'a uniform histogram' },
  noise: { unit: 'of the range', most: 0.5, effect: 'gray sensor noise of this std' },
  jpeg: { unit: 'of the tables', most: 10, effect: "JPEG's loss; 0.2 is quality 90, 1 is 50, 5 is 10" },
} as const satisfies Readonly<Record<string, CorrectionKind>>;

/** The name of a correction. */
export type CorrectionName = keyof typeof correctionKinds;

/** The names in the order of their application. */
export const correctionNames = Object.keys(correctionKinds) as readonly CorrectionName[];

/** A requested correction, with its strength or with one that will be measured. */
export interface CorrectionSpec {
  readonly correction: CorrectionName;
  /** In the correction's unit, see {@link correctionKinds}. Default: measured from the two sets. */
  readonly strength?: number;
}

/**
 * `none`; `auto`: what a camera does to any picture (blur, noise, JPEG), where it brings the two sets closer; `light`:
 * shading, sharpness and tone as well; `histogram` alone at full strength. The last two change what pictures show where
 * the light of a scene is part of its content: have them judged.
 */
export type MatchKind = 'none' | 'histogram' | 'auto' | 'light';

/** How a recipe closes the photometric gap before training. */
export type MatchSetting = MatchKind | readonly CorrectionSpec[];

/** A correction with its strength, ready to be applied. */
export interface Correction {
  readonly correction: CorrectionName;
  readonly strength: number;
}

/** Mutually exclusive corrections: they do the same thing, or undo each other. */
const alternatives: readonly (readonly [CorrectionName, CorrectionName])[] = [
  ['histogram', 'equalize'],
  ['blur', 'sharpen'],
];

/** The corrections that a setting requests, in the order of application; those that are searched for as they are. */
export function wantedCorrections(setting: MatchSetting): readonly CorrectionSpec[] | 'auto' | 'light' {
  if (setting === 'auto' || setting === 'light') return setting;
  if (setting === 'none') return [];
  if (setting === 'histogram') return [{ correction: 'histogram', strength: 1 }];
  return setting.toSorted((a, b) => placeOf(a) - placeOf(b));
}

function placeOf({ correction }: CorrectionSpec): number {
  return correctionNames.indexOf(correction);
}

/** Everything that is wrong with a setting, one clause each. */
export function matchProblems(setting: MatchSetting): string[] {
  if (typeof setting === 'string') return [];
  const names = setting.map(({ correction }) => correction);
  const problems: string[] = [];
  for (const { correction, strength } of setting) {
    const kind: CorrectionKind | undefined = correctionKinds[correction];
    if (!kind) {
      problems.push(`${JSON.stringify(correction)} is not a correction: use ${correctionNames.join(', ')}`);
    } else if (strength !== undefined && !(strength > 0 && strength <= kind.most)) {
      problems.push(
        `the strength of ${correction} must be above 0 and at most ${kind.most} (${kind.unit}), not ${strength}`,
      );
    }
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) problems.push(`${twice} is given more than once`);
  for (const [one, other] of alternatives) {
    if (names.includes(one) && names.includes(other)) problems.push(`${one} and ${other} exclude each other`);
  }
  return problems;
}

/**
 * Checks that a setting can be applied to pictures of a form. 16-bit and float pictures hold measurements that annotations
 * refer to, such as depth in millimeters: none of their values may change.
 *
 * @throws SimganError INVALID_ARGUMENT if the setting cannot be applied.
 */
export function checkMatch(setting: MatchSetting, image: Pick<ImageForm, 'bits'>): void {
  const problems = matchProblems(setting);
  if (problems.length > 0) {
    throw new SimganError('INVALID_ARGUMENT', `The pictures cannot be matched: ${problems.join('; ')}.`);
  }
  if (image.bits !== 8 && !isHarmless(setting)) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      "Pictures of 16 bits or floats hold measurements such as depth, and a correction of light would make their annotations wrong. Leave them unchanged: match 'none'.",
    );
  }
}

/** Whether a setting leaves pictures of measurements as they are. */
function isHarmless(setting: MatchSetting): boolean {
  return setting === 'none' || setting === 'auto' || setting === 'light' || setting.length === 0;
}
