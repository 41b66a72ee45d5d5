import type { Ellipse } from './ellipse.ts';
import { candidates } from './iris-candidates.ts';
import { applyIrisNetwork, type IrisAnswer, type LayerWeights } from './iris-network.ts';
import { irisWeights } from './iris-weights.ts';
import type { Plane } from './plane.ts';
import { upright, viewAt } from './view.ts';
import { decodeWeights } from './weights-text.ts';

/** The width at which an eye is measured, pixels: that of the paper. All lengths below are at this width. */
export const MEASURED_WIDTH = 55;

/** An iris that was found, and how plain it is. */
export interface FoundIris {
  readonly ellipse: Ellipse;
  /** The probability that it is one. */
  readonly presence: number;
  /** How wrong the network believes each coordinate of the centre to be in the mean, pixels. */
  readonly doubt: number;
  /** How far the centres are apart, in the mean, that are found from either side of it; pixels. */
  readonly unsteadiness: number;
}

/** Candidates that are looked at once, and those of them that are followed. */
const LOOKED_AT = 5;
const FOLLOWED = 2;

/** Places that are nearer than this lead to the same iris, pixels. */
const SAME = 3;

/** Views from which a centre is led to itself. */
const ROUNDS = 2;

/** Where the last views lie around the centre that was found, pixels; mirrored ones, so that no side is preferred. */
const around = [
  { dx: -0.8, dy: -0.6, isMirrored: false },
  { dx: 0.8, dy: -0.6, isMirrored: true },
  { dx: -0.8, dy: 0.6, isMirrored: true },
  { dx: 0.8, dy: 0.6, isMirrored: false },
] as const;

interface Place extends IrisAnswer {
  readonly x: number;
  readonly y: number;
}

/**
 * Looks for the iris: everywhere with a few coarse outlines, then from the best places on with a small network
 * that sees 24 pixels around a place and says where the iris lies from there. It is asked again from where it
 * points to, until it points to the middle, as supervised descent does (Xiong and De la Torre, "Supervised descent
 * method and its applications to face alignment", 2013). What it says depends on these surroundings alone, not on where in the
 * picture they are: an iris that moves is found where it went.
 */
export function fitIris(plane: Plane): FoundIris | undefined {
  const places = candidates(plane, LOOKED_AT)
    .map(([x, y]) => lookFrom(plane, x, y))
    .sort((a, b) => b.presence - a.presence);
  const [best] = apart(places)
    .slice(0, FOLLOWED)
    .map((place) => follow(plane, place))
    .sort((a, b) => worth(b) - worth(a));
  return best && settle(plane, best);
}

/** Places without those that an earlier one has come to as well. */
function apart(places: readonly Place[]): Place[] {
  const kept: Place[] = [];
  for (const place of places) {
    if (kept.every(({ x, y }) => Math.hypot(place.x - x, place.y - y) > SAME)) kept.push(place);
  }
  return kept;
}

function worth({ presence, doubt }: Place): number {
  return presence / (0.3 + doubt);
}

/** What the network sees from a place, and where that is. */
function lookFrom(plane: Plane, x: number, y: number, isMirrored = false): Place {
  const answer = applyIrisNetwork(weights(), viewAt(plane, x, y, { ...upright, isMirrored }));
  const side = isMirrored ? -1 : 1;
  const dx = side * answer.dx;
  return { ...answer, dx, ey: side * answer.ey, x: x + dx, y: y + answer.dy };
}

function follow(plane: Plane, start: Place): Place {
  let place = start;
  for (let round = 0; round < ROUNDS; round++) place = lookFrom(plane, place.x, place.y);
  return place;
}

/** The mean of what is seen from all sides. */
function settle(plane: Plane, { x, y }: Place): FoundIris {
  const places = around.map(({ dx, dy, isMirrored }) => lookFrom(plane, x + dx, y + dy, isMirrored));
  const mean = (of: (place: Place) => number) =>
    places.reduce((sum, place) => sum + of(place) / places.length, 0);
  const centre = { x: mean((place) => place.x), y: mean((place) => place.y) };
  return {
    ellipse: {
      ...centre,
      ...shapeOf(
        mean((place) => place.radius),
        mean((place) => place.ex),
        mean((place) => place.ey),
      ),
    },
    presence: mean((place) => place.presence),
    doubt: mean((place) => place.doubt),
    unsteadiness: mean((place) => Math.hypot(place.x - centre.x, place.y - centre.y)),
  };
}

function shapeOf(radius: number, ex: number, ey: number): Pick<Ellipse, 'major' | 'minor' | 'angle'> {
  return {
    major: radius,
    minor: radius * Math.max(0.3, 1 - Math.hypot(ex, ey)),
    // Of the longer axis, at right angles to the shorter one.
    angle: Math.atan2(-ey, -ex) / 2,
  };
}

let decoded: readonly LayerWeights[] | undefined;

function weights(): readonly LayerWeights[] {
  decoded ??= decodeWeights(irisWeights);
  return decoded;
}
