import type { Rng } from '@simgan/core';
import { type Camera, project } from './camera.ts';
import { around, between, chance } from './draw.ts';
import { drawEyeball, type Eyeball } from './eyeball.ts';
import { drawFace, type Face, faceAt, facePoint } from './face.ts';
import { drawLidShape, type Lids, marginsAt, poseLids } from './lids.ts';
import type { EyeOptions } from './options.ts';
import { apply, directionOf, headRotation, type Matrix, type Vector } from './vector.ts';
import { viewpointOf } from './viewpoint.ts';

/** One eye in front of one camera: everything that determines the labels, without color or light. */
export interface EyeScene {
  readonly side: 'left' | 'right';
  /** Against the camera, radians. */
  readonly head: { readonly pitch: number; readonly yaw: number; readonly roll: number };
  readonly camera: Camera;
  /** Unit vector in the eye's frame. */
  readonly gaze: Vector;
  readonly eyeball: Eyeball;
  readonly face: Face;
  readonly lids: Lids;
}

/** Draws a person's eye, its gaze and its camera. */
export function drawScene(rng: Rng, options: EyeOptions): EyeScene {
  const person = rng.fork('person');
  const face = drawFace(person);
  const eyeball = drawEyeball(person);
  const shape = drawLidShape(person);
  const side = chance(person, 0.5) ? 'left' : 'right';

  const pose = rng.fork('pose');
  const view = viewpointOf(options);
  const head = {
    pitch: betweenDegrees(pose, view.headPitch),
    yaw: betweenDegrees(pose, view.headYaw),
    roll: betweenDegrees(pose, view.headRoll),
  };
  const gazePitch = betweenDegrees(pose, view.gazePitch);
  const gazeYaw = betweenDegrees(pose, view.gazeYaw);
  const [x, y, z] = directionOf(gazePitch, gazeYaw);
  const mirror = side === 'left' ? 1 : -1;
  const gaze: Vector = [mirror * x, y, z];
  const lids = poseLids(shape, gazePitch, drawBlink(rng.fork('blink'), options));

  const turn = headRotation(head);
  const rotation: Matrix = [mirrored(turn[0], mirror), mirrored(turn[1], mirror), mirrored(turn[2], mirror)];
  const distance = between(pose, view.distance[0], view.distance[1]);
  const camera = drawCamera(rng.fork('camera'), rotation, distance, face, lids, options);
  return { side, head, camera, gaze, eyeball, face, lids };
}

/** A point of the margin as it lies on the face: where lid and eyeball meet in the picture. */
export function onFace(face: Face, x: number, y: number): Vector {
  const point = facePoint(x, y);
  faceAt(face, point);
  return [x, y, -point.height];
}

function drawBlink(rng: Rng, options: EyeOptions): number {
  const kind = rng.next();
  if (kind < options.closedRate) return 0;
  if (kind < options.closedRate + options.blinkRate) return between(rng, 0.1, 0.7);
  return between(rng, 0.84, 1);
}

/** A camera whose picture is a crop around the eye that follows it, as detectors crop. */
function drawCamera(
  rng: Rng,
  rotation: Matrix,
  distance: number,
  face: Face,
  lids: Lids,
  { width, height, eyeWidth, eyeHeight }: EyeOptions,
): Camera {
  const fissure = lids.shape.outer[0] - lids.shape.inner[0];
  // 0 for the usual flat crops, 1 for square ones, which take in more of the face and its brow.
  const tallness = Math.max(0, Math.min(1, (height / width - 0.68) / 0.32));
  const fill = between(rng, eyeWidth[0], eyeWidth[1]) - 0.14 * tallness;
  // In very wide pictures the height decides, or the lids would be cut off.
  const millimetersPerPixel = Math.max(fissure / fill / width, 26 / height);
  const centered: Camera = {
    rotation,
    distance,
    focalLength: distance / millimetersPerPixel,
    principalPoint: [0, 0],
  };
  // Detectors place some crops by the corners of the eye, which stay, and most by the lids, which move.
  const middle = marginsAt(lids, 0.5);
  const corners = 0.5 * (lids.shape.inner[1] + lids.shape.outer[1]);
  const byLids = between(rng, 0.5, 1.5);
  const anchor = corners + byLids * (0.5 * (middle.upper + middle.lower) - corners);
  const [x, y] = project(centered, onFace(face, middle.x, anchor));
  return {
    ...centered,
    principalPoint: [
      0.5 * width - x + around(rng, 0, 0.03) * width,
      (between(rng, eyeHeight[0], eyeHeight[1]) + 0.05 * tallness) * height - y,
    ],
  };
}

function mirrored([x, y, z]: Vector, mirror: number): Vector {
  return [mirror * x, y, z];
}

function betweenDegrees(rng: Rng, [low, high]: readonly [number, number]): number {
  return (between(rng, low, high) * Math.PI) / 180;
}

/** The gaze in the camera's frame. */
export function gazeInCamera({ camera, gaze }: EyeScene): Vector {
  return apply(camera.rotation, gaze);
}
