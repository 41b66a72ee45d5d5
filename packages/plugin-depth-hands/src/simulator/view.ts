import type { Rng } from '@simgan/core';
import { type Frame, flex, frameAlong, IDENTITY, swing, twist } from './geometry.ts';

/**
 * `facing`: raised before the camera, as people do in front of a sensor. `frontal`: likewise, upright and turned to it,
 * as people show signs. `any`: every orientation alike.
 */
export type HandView = 'facing' | 'frontal' | 'any';

/**
 * A random orientation: the axes of a hand as seen from a camera with x right, y up and z towards the
 * camera. `facing` and `frontal` show palm or back, half and half, the fingers mostly up; `any` is uniform over rotations.
 */
export function randomOrientation(rng: Rng, view: HandView): Frame {
  if (view === 'any') return frameAlong(randomDirection(rng), randomDirection(rng));
  const palmOrBack = rng.next() < 0.5 ? 0 : 180;
  // Degrees about the line of sight, about the line across, and about the forearm.
  const [roll, tilt, turn] = view === 'facing' ? [30, 28, 35] : [15, 10, 15];
  const rolled = swing(IDENTITY, roll * rng.normal());
  const tilted = flex(rolled, 8 + tilt * rng.normal());
  return twist(tilted, palmOrBack + turn * rng.normal());
}

function randomDirection(rng: Rng): readonly [number, number, number] {
  return [rng.normal(), rng.normal(), rng.normal()];
}
