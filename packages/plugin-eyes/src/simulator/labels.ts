import { type CompleteEyeAnnotation, landmarkCounts } from '../annotation.ts';
import { project } from './camera.ts';
import { irisAxes } from './eyeball.ts';
import { marginsAt } from './lids.ts';
import { type EyeScene, gazeInCamera, onFace } from './scene.ts';
import { add, anglesOf, scale, type Vector } from './vector.ts';

type Point = [x: number, y: number];

/** The labels of a scene: its 3-D points projected, its directions in the camera's frame. */
export function labelsOf(scene: EyeScene): CompleteEyeAnnotation {
  const { camera, eyeball, gaze } = scene;
  const see = (point: Vector): Point => {
    const [x, y] = project(camera, point);
    return [round(x), round(y)];
  };
  const direction = gazeInCamera(scene);
  const center = see(scale(gaze, eyeball.irisDepth));
  return {
    gaze: { direction: [direction[0], direction[1], direction[2]], ...anglesOf(direction) },
    headPose: { ...scene.head },
    pupilCenter: center,
    irisCenter: center,
    iris: irisOutline(scene).map(see),
    lidMargin: lidMargin(scene).map(see),
    caruncle: caruncleOutline(scene).map(see),
    openness: opennessOf(scene),
    side: scene.side,
  };
}

/** The limbus, clockwise from the picture's right for a level gaze. */
export function irisOutline({ eyeball, gaze, side }: EyeScene): Vector[] {
  const center = scale(gaze, eyeball.irisDepth);
  const [right, down] = irisAxes(gaze);
  // The frame of a right eye is mirrored, so its axis to the temple points to the picture's left.
  const mirror = side === 'left' ? 1 : -1;
  return Array.from({ length: landmarkCounts.iris }, (_, k) => {
    const angle = (2 * Math.PI * k) / landmarkCounts.iris;
    const across = scale(right, mirror * eyeball.irisRadius * Math.cos(angle));
    return add(center, add(across, scale(down, eyeball.irisRadius * Math.sin(angle))));
  });
}

/** Where the lids meet the eyeball: out along the upper lid, back along the lower. */
export function lidMargin({ face, lids }: EyeScene): Vector[] {
  const half = landmarkCounts.lidMargin / 2;
  return Array.from({ length: landmarkCounts.lidMargin }, (_, k) => {
    const s = k <= half ? k / half : (landmarkCounts.lidMargin - k) / half;
    const { x, upper, lower } = marginsAt(lids, s);
    return onFace(face, x, k < half ? upper : lower);
  });
}

/** How far the caruncle reaches from the inner corner, as a fraction of the eye's width. */
export const caruncleReach = 0.11;

/** The caruncle's outline from the upper lid around the inner corner to the lower lid. */
export function caruncleOutline({ face, lids }: EyeScene): Vector[] {
  return [1, 2 / 3, 1 / 3, 0, 1 / 3, 2 / 3, 1].map((share, k) => {
    const { x, upper, lower } = marginsAt(lids, share * caruncleReach);
    return onFace(face, x, k <= 3 ? upper : lower);
  });
}

/** The widest gap between the lids over 0.36 of the eye's width, at most 1. */
export function opennessOf({ lids }: EyeScene): number {
  let gap = 0;
  for (let s = 0.1; s < 0.9; s += 0.02) {
    const { upper, lower } = marginsAt(lids, s);
    gap = Math.max(gap, lower - upper);
  }
  const [left, right] = [lids.shape.inner, lids.shape.outer];
  return Math.min(1, gap / (0.36 * Math.hypot(right[0] - left[0], right[1] - left[1])));
}

/** To a ten-thousandth of a pixel, which keeps files small. */
function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
