import type { Rng } from '@simgan/core';
import { around, between } from './draw.ts';
import { cross, normalize, type Vector } from './vector.ts';

/**
 * One eyeball, millimeters: a sphere for the white, a smaller sphere for the cornea, and where they meet the
 * disc of the iris. The disc is where the iris appears through the cornea, not where it is: this models the
 * cornea's refraction as an entrance pupil, 1.13 times larger and nearer than the true one, which is exact on the
 * axis only.
 */
export interface Eyeball {
  readonly radius: number;
  /** Radius of the iris' outer edge, the limbus. */
  readonly irisRadius: number;
  /** From the eyeball's center to the disc of the iris. */
  readonly irisDepth: number;
  readonly pupilRadius: number;
  readonly corneaRadius: number;
  /** From the eyeball's center to that of the cornea's sphere. */
  readonly corneaDepth: number;
}

export function drawEyeball(rng: Rng): Eyeball {
  const radius = around(rng, 12, 0.15);
  const irisRadius = around(rng, 5.85, 0.16);
  const irisDepth = Math.sqrt(radius * radius - irisRadius * irisRadius);
  const corneaRadius = around(rng, 7.8, 0.12);
  return {
    radius,
    irisRadius,
    irisDepth,
    pupilRadius: between(rng, 1.6, 3.6),
    corneaRadius,
    corneaDepth: irisDepth - Math.sqrt(corneaRadius * corneaRadius - irisRadius * irisRadius),
  };
}

/** Two directions across the gaze, to the right and downwards when the gaze is level: a frame for the iris. */
export function irisAxes(gaze: Vector): readonly [right: Vector, down: Vector] {
  const right = normalize(cross(gaze, [0, 1, 0]));
  return [right, cross(right, gaze)];
}
