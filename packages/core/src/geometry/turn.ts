/** @file How a map turns the scene that a picture shows: what labels of directions and angles follow. */
import { SimganError } from '../errors.ts';
import { applyMatrix, determinant, type Matrix2, nearestTurn } from './matrix.ts';
import { middleOf, type PictureMap, transformOf } from './picture-map.ts';
import {
  type Direction,
  type ImageTransform,
  turnAngles,
  turnDirection,
  turnInPicture,
} from './transform.ts';

/**
 * The rotation of a map in the picture plane, about the viewing axis, after a reflection if it has one. Scaling and
 * shear are no part of it: stretching a picture does not turn what it shows.
 */
export interface Turn {
  /** Of (x, y): a rotation, or a reflection. */
  readonly matrix: Matrix2;
  /** Whether the map swaps left and right hands. If so, it mirrors x first and then rotates. */
  readonly isMirrored: boolean;
  /** Radians, clockwise in the picture, from -pi to pi. */
  readonly angle: number;
}

/** The largest rotation under which a single pitch or yaw, whose other angle is unknown, may stay as it is, radians. */
export const SINGLE_ANGLE_LIMIT = (2 * Math.PI) / 180;

/** A map's turn at the middle of the old picture. */
export function turnOf(map: PictureMap): Turn {
  const matrix = nearestTurn(derivativeAtMiddle(map));
  const isMirrored = determinant(matrix) < 0;
  const [a, , c] = matrix;
  return { matrix, isMirrored, angle: isMirrored ? Math.atan2(-c, -a) : Math.atan2(c, a) };
}

/** Turns a 3-D direction in the camera's frame with a map's {@link turnOf}. */
export function turnDirectionBy(map: PictureMap, [x, y, z]: Direction): [number, number, number] {
  const transform = transformOf(map);
  if (transform) return turnDirection(transform, [x, y, z]);
  return [...applyMatrix(turnOf(map).matrix, [x, y]), z];
}

/** The angle of a line in the picture plane, by the map's derivative at the middle of the picture. */
export function turnInPictureBy(map: PictureMap, angle: number): number {
  const transform = transformOf(map);
  if (transform) return turnInPicture(transform, angle);
  const [x, y] = applyMatrix(derivativeAtMiddle(map), [Math.cos(angle), Math.sin(angle)]);
  return Math.atan2(y, x);
}

/** A rotation about the viewing axis, radians, clockwise in the picture, from -pi to pi if it was turned. */
export function turnRollBy(map: PictureMap, roll: number): number {
  const transform = transformOf(map);
  if (transform) return turnAngles(transform, { roll }).roll;
  const { isMirrored, angle } = turnOf(map);
  return wrapped((isMirrored ? -roll : roll) + angle);
}

/**
 * A pitch or yaw without the other.
 *
 * @throws SimganError INVALID_ARGUMENT if the map rotates by more than {@link SINGLE_ANGLE_LIMIT}: each angle would then
 * depend on the other.
 */
export function turnSingleAngleBy(map: PictureMap, name: 'pitch' | 'yaw', value: number): number {
  const angles = { [name]: value };
  const transform = transformOf(map);
  if (transform) return turnAngles(transform, angles)[name]!;
  const { isMirrored, angle } = turnOf(map);
  if (Math.abs(angle) > SINGLE_ANGLE_LIMIT) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `A single ${name} cannot follow a rotation of ${degrees(angle)} degrees (at most ${degrees(SINGLE_ANGLE_LIMIT)}), as it depends on the other angle too. Declare a function that carries ${name === 'pitch' ? 'pitch and yaw' : 'yaw and pitch'} together, or use a map that rotates less.`,
    );
  }
  const mirror: ImageTransform = { ...map, scale: [isMirrored ? -1 : 1, 1], shift: [0, 0] };
  return turnAngles(mirror, angles)[name]!;
}

function derivativeAtMiddle(map: PictureMap): Matrix2 {
  return map.affine?.matrix ?? map.derivative(middleOf(map.from));
}

function wrapped(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}

function degrees(angle: number): string {
  return ((angle * 180) / Math.PI).toFixed(1);
}
