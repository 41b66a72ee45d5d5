/** @file What may be done to synthetic pictures before anything is learned, by name and strength. */
import { SimganError } from '../errors.ts';
import type { ImageForm } from '../image.ts';

/** What is known of a correction before it is applied. */
interface CorrectionKind {
  /** What its strength counts. */
  readonly unit: string;
  /** The strength that a plan may state, exclusive 0 to this. */
  readonly most: number;
  /** What it does, for people. */
  readonly effect: string;
}

/**
 * The corrections in the order in which they are applied, that of a camera. Light falls on the scene, the lens
 * blurs it, the electronics map it to grey levels, and noise stands last: its strength is then what one finds in
 * the result, and the tone step, which sorts pixels by brightness, has no noise to blow up.
 *
 * None moves anything: what is symmetric stays where it is. As in a camera, a steep tone curve after a blur lets dark
 * things look larger by a part of the blur, and what a lid half covers is then found a little nearer to the lid.
 * Blurring after the tone step would avoid that, and leaves real eyes twice as far away.
 */
export const correctionKinds = {
  shading: {
    unit: 'of the brightness',
    most: 1,
    effect: 'a smooth light that differs from picture to picture',
  },
  blur: { unit: 'px', most: 10, effect: 'a Gaussian blur of this standard deviation' },
  sharpen: { unit: 'times the detail', most: 4, effect: 'an unsharp mask: detail below 1 px is added again' },
  histogram: {
    unit: 'of the way',
    most: 1,
    effect: 'the intensities of a random real picture, in their own order',
  },
  equalize: { unit: 'of the way', most: 1, effect: 'an even histogram' },
  noise: { unit: 'of the range', most: 0.5, effect: 'grey sensor noise of this standard deviation' },
} as const satisfies Readonly<Record<string, CorrectionKind>>;

/** A correction by its name. */
export type CorrectionName = keyof typeof correctionKinds;

/** The names in the order of their application. */
export const correctionNames = Object.keys(correctionKinds) as readonly CorrectionName[];

/** A correction that is wanted, with its strength or with one that is to be measured. */
export interface CorrectionSpec {
  readonly correction: CorrectionName;
  /** In the correction's unit, see {@link correctionKinds}; measured from the two sets unless given. */
  readonly strength?: number;
}

/** `none`; `histogram` alone at full strength; `auto`: what the two sets suggest. */
export type MatchKind = 'none' | 'histogram' | 'auto';

/** What a recipe may say of the photometric gap. */
export type MatchSetting = MatchKind | readonly CorrectionSpec[];

/** A correction as it is applied. */
export interface Correction {
  readonly correction: CorrectionName;
  readonly strength: number;
}

/** Corrections of which one at most is applied: they do the same thing, or undo each other. */
const alternatives: readonly (readonly [CorrectionName, CorrectionName])[] = [
  ['histogram', 'equalize'],
  ['blur', 'sharpen'],
];

/** The corrections that a setting asks for, in the order of application; `auto` stands for itself. */
export function wantedCorrections(setting: MatchSetting): readonly CorrectionSpec[] | 'auto' {
  if (setting === 'auto') return 'auto';
  if (setting === 'none') return [];
  if (setting === 'histogram') return [{ correction: 'histogram', strength: 1 }];
  return setting.toSorted((a, b) => placeOf(a) - placeOf(b));
}

function placeOf({ correction }: CorrectionSpec): number {
  return correctionNames.indexOf(correction);
}

/** Everything that is wrong with a setting, each in a clause. */
export function matchProblems(setting: MatchSetting): string[] {
  if (typeof setting === 'string') return [];
  const names = setting.map(({ correction }) => correction);
  const problems: string[] = [];
  for (const { correction, strength } of setting) {
    const kind: CorrectionKind | undefined = correctionKinds[correction];
    if (!kind) {
      problems.push(
        `${JSON.stringify(correction)} is no correction: there are ${correctionNames.join(', ')}`,
      );
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
 * @throws SimganError INVALID_ARGUMENT if the setting cannot be applied to pictures of this form. 16-bit pictures
 * hold measurements such as depth in millimetres, of which annotations speak: none of their values may change.
 */
export function checkMatch(setting: MatchSetting, image: Pick<ImageForm, 'bits'>): void {
  const problems = matchProblems(setting);
  if (problems.length > 0) {
    throw new SimganError('INVALID_ARGUMENT', `The pictures cannot be matched: ${problems.join('; ')}.`);
  }
  if (image.bits === 16 && setting !== 'none' && setting !== 'auto' && setting.length > 0) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      "16-bit pictures hold measurements such as depth, and a correction of light would change what their annotations say. Leave them as they are: match 'none'.",
    );
  }
}
