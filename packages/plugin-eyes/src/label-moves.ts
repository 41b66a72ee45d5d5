/** @file How the labels of an eye follow a map of its picture. */
import { type PictureMap, transformOf, turnAngles, turnDirectionBy, turnOf } from '@simgan/core/geometry';
import {
  anglesOf,
  directionOf,
  headRotation,
  type Matrix,
  multiply,
  type Vector,
} from './simulator/vector.ts';

interface Gaze {
  direction: [number, number, number];
  pitch: number;
  yaw: number;
}

interface HeadPose {
  pitch: number;
  yaw: number;
  roll: number;
}

/** Turns a gaze about the viewing axis: its direction, and pitch and yaw together, each from its own value. */
export function carryGaze(map: PictureMap, gaze: Gaze): Gaze {
  const direction = turnDirectionBy(map, gaze.direction);
  const transform = transformOf(map);
  if (transform) return { ...turnAngles(transform, gaze), direction };
  return { direction, ...anglesOf(turnDirectionBy(map, directionOf(gaze.pitch, gaze.yaw))) };
}

/** Turns a head about the viewing axis: a rotation in the picture changes its pitch, yaw and roll together. */
export function carryHeadPose(map: PictureMap, pose: HeadPose): HeadPose {
  const transform = transformOf(map);
  if (transform) return turnAngles(transform, pose);
  const { isMirrored, angle } = turnOf(map);
  const { pitch, yaw, roll } = isMirrored ? { ...pose, yaw: -pose.yaw, roll: -pose.roll } : pose;
  const turned = multiply(aboutViewingAxis(angle), headRotation({ pitch, yaw, roll }));
  const face: Vector = [-turned[0][2], -turned[1][2], -turned[2][2]];
  const facing = anglesOf(face);
  // What is left when the head has been turned to face the camera is its roll.
  const upright = headRotation({ ...facing, roll: 0 });
  const along = (column: 0 | 1) =>
    upright[0][column] * turned[0][0] + upright[1][column] * turned[1][0] + upright[2][column] * turned[2][0];
  return { ...facing, roll: Math.atan2(along(1), along(0)) };
}

/**
 * The iris in a mirrored or flipped picture still runs clockwise from the eye's right. As its points are evenly spread
 * over a circle, the one at the angle a is then at pi - a, or -a. (A ring from core starts at the rightmost point of the
 * picture, which in a rolled head is another one.)
 */
export function carryIris(map: PictureMap, points: [x: number, y: number][]): [x: number, y: number][] {
  const count = points.length;
  const scale = transformOf(map)?.scale ?? [turnOf(map).isMirrored ? -1 : 1, 1];
  const [isMirrored, isFlipped] = [scale[0] < 0, scale[1] < 0];
  const start = isMirrored ? count / 2 : 0;
  const step = isMirrored === isFlipped ? 1 : count - 1;
  return points.map((_, k) => {
    const [x, y] = map.move(points[(start + k * step) % count]!);
    return [x, y];
  });
}

function aboutViewingAxis(angle: number): Matrix {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [
    [cos, -sin, 0],
    [sin, cos, 0],
    [0, 0, 1],
  ];
}
