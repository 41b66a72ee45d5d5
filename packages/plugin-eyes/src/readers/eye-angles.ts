/** @file Gaze and head pose, converted from the conventions of other formats. */
import type { CompleteEyeAnnotation } from '../annotation.ts';
import {
  anglesOf,
  apply,
  directionOf,
  headRotation,
  type Matrix,
  multiply,
  normalize,
  transpose,
  type Vector,
} from '../simulator/vector.ts';

type Gaze = CompleteEyeAnnotation['gaze'];
type HeadPose = CompleteEyeAnnotation['headPose'];

/** A gaze from its direction in our frame, of any length above 0. */
export function gazeOf(direction: Vector): Gaze {
  const unit = normalize(direction);
  const { pitch, yaw } = anglesOf(unit);
  return noNegativeZero(unit, pitch, yaw);
}

/** A gaze from pitch (up) and yaw (towards the picture's left), radians. */
export function gazeOfAngles(pitch: number, yaw: number): Gaze {
  return noNegativeZero(directionOf(pitch, yaw), pitch, yaw);
}

/** -0 would not survive JSON. */
function noNegativeZero([x, y, z]: Vector, pitch: number, yaw: number): Gaze {
  return { direction: [x + 0, y + 0, z + 0], pitch: pitch + 0, yaw: yaw + 0 };
}

/** A head's pose from its rotation to the camera's frame. */
export function headPoseOf(rotation: Matrix): HeadPose {
  const { pitch, yaw } = anglesOf(apply(rotation, [0, 0, -1]));
  const rolled = multiply(transpose(headRotation({ pitch, yaw, roll: 0 })), rotation);
  return { pitch, yaw, roll: Math.atan2(rolled[1][0], rolled[0][0]) };
}

/** The rotation of a rotation vector: about its direction by its length, radians (Rodrigues' formula). */
export function rotationOf([x, y, z]: Vector): Matrix {
  const angle = Math.hypot(x, y, z);
  // sin(a) / a and (1 - cos(a)) / a^2, at their limits for no rotation.
  const s = angle < 1e-9 ? 1 : Math.sin(angle) / angle;
  const c = angle < 1e-9 ? 0.5 : (1 - Math.cos(angle)) / angle ** 2;
  return [
    [1 - c * (y * y + z * z), c * x * y - s * z, c * x * z + s * y],
    [c * x * y + s * z, 1 - c * (x * x + z * z), c * y * z - s * x],
    [c * x * z - s * y, c * y * z + s * x, 1 - c * (x * x + y * y)],
  ];
}

/** A gaze from Unity's camera frame: x to the right, y upwards, z into the scene. */
export function gazeOfUnity([x, y, z]: Vector): Gaze {
  return gazeOf([x, -y, z]);
}

/**
 * A head's pose from the Euler angles of Unity's camera, degrees, 0 to 360: about z, then x, then y, with the head at
 * rest and looking along the world's z. A camera straight in front of the face is at (0, 180, 0).
 */
export function headPoseOfUnity([pitch, yaw, roll]: Vector): HeadPose {
  const radians = Math.PI / 180;
  // Ry(yaw) Rx(pitch) Rz(roll): the same algebra in Unity's left-handed frame.
  const camera = headRotation({ pitch: -pitch * radians, yaw: yaw * radians, roll: roll * radians });
  const [right, up, ahead] = transpose(camera);
  // From the head, whose axes are opposite to the world's, into the camera, whose y points downwards here.
  const negated = ([x, y, z]: Vector): Vector => [0 - x, 0 - y, 0 - z];
  return headPoseOf([negated(right), up, negated(ahead)]);
}
