import type { Ellipse } from './ellipse.ts';
import { candidates } from './iris-candidates.ts';
import { applyIrisNetwork, type IrisAnswer, type LayerWeights } from './iris-network.ts';
import { irisWeights } from './iris-weights.ts';
import type { Plane } from './plane.ts';
import { upright, viewAt } from './view.ts';
import { decodeWeights } from './weights-text.ts';

/** The width at which an eye is measured, pixels: that of the paper. All lengths below are at this width. */
export const MEASURED_WIDTH = 55;

/** An iris that was found, and how certain it is. */
export interface FoundIris {
  readonly ellipse: Ellipse;
  /** The probability that it is one. */
  readonly presence: number;
  /** The mean absolute error of each coordinate of the center that the network predicts, pixels. */
  readonly doubt: number;
  /** The mean distance of the centers that are found from several sides from their mean, pixels. */
  readonly unsteadiness: number;
}

/** How many candidates are looked at once, and how many of them are followed. */
const LOOKED_AT = 5;
const FOLLOWED = 2;

/** Places closer than this lead to the same iris, pixels. */
const SAME = 3;

/** Further steps of the descent. */
const ROUNDS = 2;

/** Offsets of the last views from the center that was found, pixels; half are mirrored, so that no side is preferred. */
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
 * Finds the iris: everywhere with a few coarse outlines, then from the best places with a small network that sees the
 * 24x24 pixels around a place and predicts the offset of the iris. The network is applied again at the predicted
 * place, as in supervised descent (Xiong and De la Torre, "Supervised descent method and its applications to face
 * alignment", 2013). Its answer depends on these surroundings alone, not on where in the picture they are: an iris
 * that moves is found at its new place. `undefined` if there are no candidates.
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

/** Places without those that are the same as an earlier one. */
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

/** The network's answer at a place, and the place that it points to. */
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

/** The mean of the answers from several sides. */
function settle(plane: Plane, { x, y }: Place): FoundIris {
  const places = around.map(({ dx, dy, isMirrored }) => lookFrom(plane, x + dx, y + dy, isMirrored));
  const mean = (of: (place: Place) => number) =>
    places.reduce((sum, place) => sum + of(place) / places.length, 0);
  const center = { x: mean((place) => place.x), y: mean((place) => place.y) };
  return {
    ellipse: {
      ...center,
      ...shapeOf(
        mean((place) => place.radius),
        mean((place) => place.ex),
        mean((place) => place.ey),
      ),
    },
    presence: mean((place) => place.presence),
    doubt: mean((place) => place.doubt),
    unsteadiness: mean((place) => Math.hypot(place.x - center.x, place.y - center.y)),
  };
}

function shapeOf(radius: number, ex: number, ey: number): Pick<Ellipse, 'major' | 'minor' | 'angle'> {
  return {
    major: radius,
    minor: radius * Math.max(0.3, 1 - Math.hypot(ex, ey)),
    // Of the major axis, perpendicular to the minor one.
    angle: Math.atan2(-ey, -ex) / 2,
  };
}

let decoded: readonly LayerWeights[] | undefined;

function weights(): readonly LayerWeights[] {
  decoded ??= decodeWeights(irisWeights);
  return decoded;
}
