/**
 * @file Local registration: how far what is seen around a point moved between two pictures of the same scene. Patches are
 * compared up to contrast, brightness and a slope of brightness, by least squares (Lucas and Kanade, "An iterative image
 * registration technique", 1981). The same equations say how certain each direction is, so that a straight edge measures
 * only across itself, and flat ground nothing.
 */
import { type Image, type ImageForm, imageRange } from '../../image.ts';
import { residualNoise } from '../../measures/light-measures.ts';
import { grayPatch, type Patch, REACH, smoothed } from './patch.ts';
import { type Direction, RADIUS, register } from './register.ts';
import { correlationAt, RANGE, searchShift } from './search-shift.ts';

/** How far a place moved, pixels. */
export interface Displacement {
  readonly dx: number;
  readonly dy: number;
  /** The only direction that can be seen here, where it is one: `dx` and `dy` are the part of the motion along it. */
  readonly along?: Direction;
  /** The estimated std of the error, pixels. */
  readonly deviation: number;
  /** From 0, at the limit of what is given, to 1, certain. */
  readonly confidence: number;
}

/**
 * Why there is no displacement: nothing certain can be seen (flat ground, something that repeats, too much noise); or
 * what is seen in the first picture is not found in the second.
 */
export type NoDisplacement = 'unseen' | 'lost';

/** Displacements whose estimated std is above this are not given, pixels. */
const UNCERTAIN = 0.06;
/** Of floats, which are not rounded, a share of the range. */
const LEAST_NOISE = 2 ** -17;
/** Correlations below this are of other content. */
const ALIKE = 0.6;

/**
 * Measures how far what is around a point moved, up to 4 pixels.
 *
 * @param before - the first picture, such as the synthetic one.
 * @param after - the second one, of the same size and form.
 * @param point - in the first picture: pixels from the outer corner of the top left pixel.
 * @param form - the range of the pictures' values, if it is not the full scale.
 * @returns the displacement, or why there is none.
 * @example
 * const refined = await refiner.refine(image);
 * const moved = displacementAt(image, refined, [6.5, 4.5]);
 * if (typeof moved === 'object') console.log(moved.dx, moved.dy, moved.confidence);
 */
export function displacementAt(
  before: Image,
  after: Image,
  [x, y]: readonly [x: number, y: number],
  form: Pick<ImageForm, 'range'> = {},
): Displacement | NoDisplacement {
  const center = [Math.floor(x), Math.floor(y)] as const;
  const isWithin = center[0] >= 0 && center[1] >= 0 && center[0] < before.width && center[1] < before.height;
  if (!isWithin) return 'unseen';
  const raw = grayPatch(before, center, RADIUS + 4 + REACH * (1 + MOST_BLUR), form);
  const from = smoothed(raw);
  const to = smoothed(grayPatch(after, center, RADIUS + RANGE + 6 + REACH * (1 + MOST_BLUR), form));
  const [low, high] = imageRange({ ...form, bits: before.bits });
  const rounding = before.bits === 32 ? LEAST_NOISE : 0.5 / (high - low);
  // Registered with itself, a patch tells what noise alone would make of its position.
  const itself = register(from, from, [0, 0], undefined, Math.max(rounding, noiseOf(raw)));
  if (!itself || itself.deviations[0] > UNCERTAIN) return 'unseen';

  const isCorner = itself.deviations[1] <= UNCERTAIN;
  for (const axis of isCorner ? [undefined, itself.axis] : [itself.axis]) {
    const start = searchShift(from, to, axis);
    if (start.correlation < ALIKE) return 'lost';
    if (start.isAmbiguous) continue;
    const found = register(...equallySharp(from, to, start.shift), start.shift, axis, rounding);
    if (!found) continue;
    const deviation = axis ? found.deviations[0] : found.deviations[1];
    if (deviation > UNCERTAIN) continue;
    const [dx, dy] = found.shift;
    return { dx, dy, deviation, confidence: 1 - deviation / UNCERTAIN, ...(axis && { along: axis }) };
  }
  return 'unseen';
}

/** How often the sharper of two patches may be smoothed to become like the other. */
const MOST_BLUR = 3;

/** Two patches of which the sharper one is smoothed, as often as makes it most like the other. */
function equallySharp(from: Patch, to: Patch, shift: readonly [number, number]): readonly [Patch, Patch] {
  let best: readonly [Patch, Patch] = [from, to];
  let most = correlationAt(from, to, shift);
  for (const side of [0, 1] as const) {
    const pair: [Patch, Patch] = [from, to];
    for (let times = 1; times <= MOST_BLUR; times++) {
      pair[side] = smoothed(pair[side]);
      const correlation = correlationAt(...pair, shift);
      if (correlation <= most) break;
      most = correlation;
      best = [...pair];
    }
  }
  return best;
}

/** The std of a patch's noise, as a share of the range. */
function noiseOf({ radius, values }: Patch): number {
  const side = 2 * radius + 1;
  return residualNoise(values, { width: side, height: side, channels: 1, bits: 8 });
}
