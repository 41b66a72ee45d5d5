import { SimganError } from '../errors.ts';
import { suggestion } from '../suggestion.ts';

/**
 * How far classic augmentation may change a picture. 0 leaves something out. Lengths are shares of the picture's shorter
 * side unless stated otherwise, intensities shares of the range.
 */
export interface RandomizationOptions {
  /** The largest rotation to either side, radians. */
  readonly rotation?: number;
  /** The largest shear to either side: x grows by this times y. */
  readonly shear?: number;
  /** The largest change of scale, apart along both axes: 0.1 is from 1/1.1 to 1.1. */
  readonly scale?: number;
  /** The largest shift along each axis. */
  readonly shift?: number;
  /** Std of a smooth displacement. */
  readonly elastic?: number;
  /** The largest std of a Gaussian blur, pixels; every second picture has one. */
  readonly blur?: number;
  /** The largest std of noise. */
  readonly noise?: number;
  /** The largest strength of JPEG, times the standard's tables; every second picture is compressed. */
  readonly jpeg?: number;
  /** The largest sides of a patch of noise that hides a part of the picture; every second picture has one. */
  readonly cutout?: number;
  /** Std of the logarithm of gamma. */
  readonly gamma?: number;
  /** Std of the logarithm of the contrast. */
  readonly contrast?: number;
  /** The largest change of brightness. */
  readonly offset?: number;
  /** Std of smooth shading, a share of the brightness. */
  readonly shading?: number;
}

/** How far pictures are changed where nothing else is said. Nothing is hidden: what is hidden is still labeled. */
export const classicRandomization: Required<RandomizationOptions> = {
  rotation: 0.26,
  shear: 0.2,
  scale: 0.12,
  shift: 0.07,
  elastic: 0.025,
  blur: 1,
  noise: 0.03,
  jpeg: 0.6,
  cutout: 0,
  gamma: 0.2,
  contrast: 0.2,
  offset: 0.08,
  shading: 0.1,
};

/** The largest values that make sense. */
const most: Required<RandomizationOptions> = {
  rotation: Math.PI,
  shear: 1,
  scale: 1,
  shift: 0.5,
  elastic: 0.1,
  blur: 10,
  noise: 0.5,
  jpeg: 10,
  cutout: 1,
  gamma: 1,
  contrast: 1,
  offset: 0.5,
  shading: 0.5,
};

/**
 * Fills in what is left out.
 *
 * @throws SimganError INVALID_ARGUMENT naming everything that is unknown or out of range.
 */
export function completeRandomization(options: RandomizationOptions): Required<RandomizationOptions> {
  const problems = randomizationProblems(options);
  if (problems.length > 0) {
    throw new SimganError('INVALID_ARGUMENT', `Pictures cannot be randomized: ${problems.join('; ')}.`, {
      problems,
    });
  }
  return { ...classicRandomization, ...options };
}

/** Everything that is wrong with the options, one clause each. */
export function randomizationProblems(options: RandomizationOptions): string[] {
  const names = Object.keys(most);
  return Object.entries(options).flatMap(([name, value]) => {
    if (!Object.hasOwn(most, name)) {
      return [
        `${JSON.stringify(name)} is not one of its options, ${names.join(', ')}${suggestion(name, names)}`,
      ];
    }
    const limit = most[name as keyof RandomizationOptions];
    return typeof value === 'number' && value >= 0 && value <= limit
      ? []
      : [`${name} must be from 0 to ${Number(limit.toPrecision(3))}, not ${JSON.stringify(value)}`];
  });
}
