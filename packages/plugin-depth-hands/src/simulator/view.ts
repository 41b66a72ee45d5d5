import type { Rng } from '@simgan/core';
import { type Frame, flex, frameAlong, IDENTITY, swing, twist } from './geometry.ts';

/** The choices of {@link HandView}. */
export const HAND_VIEWS = ['facing', 'frontal', 'any'] as const;

/**
 * `facing`: raised, as people do in front of a sensor. `frontal`: likewise, upright and turned to the camera,
 * as people show signs. `any`: uniform over all rotations.
 */
export type HandView = (typeof HAND_VIEWS)[number];

/**
 * A random orientation: the axes of a hand as seen from a camera with x right, y up and z toward the
 * camera. `facing` and `frontal` show palm or back equally often, with the fingers mostly up; `any` is uniform over rotations.
 */
export function randomOrientation(rng: Rng, view: HandView): Frame {
  if (view === 'any') return frameAlong(randomDirection(rng), randomDirection(rng));
  const palmOrBack = rng.next() < 0.5 ? 0 : 180;
  // Standard deviations in degrees about the line of sight, the horizontal, and the forearm.
  const [roll, tilt, turn] = view === 'facing' ? [30, 28, 35] : [15, 10, 15];
  const rolled = swing(IDENTITY, roll * rng.normal());
  const tilted = flex(rolled, 8 + tilt * rng.normal());
  return twist(tilted, palmOrBack + turn * rng.normal());
}

function randomDirection(rng: Rng): readonly [number, number, number] {
  return [rng.normal(), rng.normal(), rng.normal()];
}
