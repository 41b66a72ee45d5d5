import type { Rng } from '@simgan/core';
import { type Frame, flex, frameAlong, IDENTITY, swing, twist } from './geometry.ts';

/** `facing`: raised before the camera, as people do in front of a sensor. `any`: every orientation alike. */
export type HandView = 'facing' | 'any';

/**
 * A random orientation: the axes of a hand as seen from a camera with x right, y up and z towards the
 * camera. `facing` shows palm or back, half and half, the fingers mostly up; `any` is uniform over rotations.
 */
export function randomOrientation(rng: Rng, view: HandView): Frame {
  if (view === 'any') return frameAlong(randomDirection(rng), randomDirection(rng));
  const palmOrBack = rng.next() < 0.5 ? 0 : 180;
  const rolled = swing(IDENTITY, 30 * rng.normal());
  const tilted = flex(rolled, 8 + 28 * rng.normal());
  return twist(tilted, palmOrBack + 35 * rng.normal());
}

function randomDirection(rng: Rng): readonly [number, number, number] {
  return [rng.normal(), rng.normal(), rng.normal()];
}
