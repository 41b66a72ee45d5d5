import { type Estimator, estimatorNetwork } from '@simgan/core';
import { directionLoss } from '@simgan/core/evaluation';
import type { EyeAnnotation } from '../annotation.ts';

/** Shared by all gaze estimators: the target is a unit vector, errors are angles in degrees, correct within 7. */
const gaze = {
  name: 'gaze',
  unit: 'degrees',
  within: 7,
  outputShape: [1, 1, 3],
  target: (annotation: EyeAnnotation) =>
    annotation.gaze ? Float32Array.from(annotation.gaze.direction) : undefined,
  loss: directionLoss,
  errors: (output: Float32Array, annotation: EyeAnnotation) =>
    annotation.gaze ? [angleBetween(output, annotation.gaze.direction)] : [],
  answer: {
    kind: 'values',
    names: ['pitch', 'yaw'],
    values: (output: Float32Array) => anglesOf(output),
    truth: ({ gaze }: EyeAnnotation) => gaze && anglesOf(gaze.direction),
  },
} as const;

/**
 * The gaze estimator of the paper, section 3.1: unpadded 3x3 convolutions of 32, 32, 64, 80 and 192 filters with two
 * poolings, which leave 5x10x192 = 9,600 values of a 55x35 image, then 1,000 units and the direction. 9,816,659
 * parameters on one channel. (The "FC9600" of its list is the output of the convolutions; a layer of 9,600 units after
 * padded convolutions is a misreading with 28 times the parameters.) The paper states neither the number of steps nor
 * the optimizer; this uses Adam.
 */
export const paperGazeEstimator: Estimator<EyeAnnotation> = {
  ...gaze,
  network: estimatorNetwork([
    { convolution: 3, filters: 32 },
    { convolution: 3, filters: 32 },
    { convolution: 3, filters: 64 },
    { maxPool: 3, stride: 2 },
    { convolution: 3, filters: 80 },
    { convolution: 3, filters: 192 },
    { maxPool: 2, stride: 2 },
    { dense: 1000 },
    { dense: 3 },
  ]),
  recipe: { steps: 10_000, batchSize: 512, optimizer: { kind: 'adam' }, learningRate: 0.001 },
};

/** A gaze estimator that trains in a minute on two CPU cores: strides in place of pooling, a fiftieth of the work. */
export const smallGazeEstimator: Estimator<EyeAnnotation> = {
  ...gaze,
  network: estimatorNetwork([
    { convolution: 3, stride: 2, filters: 16 },
    { convolution: 3, stride: 2, filters: 32 },
    { convolution: 3, stride: 1, filters: 48 },
    { dense: 96 },
    { dense: 3 },
  ]),
  recipe: { steps: 1500, batchSize: 64, optimizer: { kind: 'adam' }, learningRate: 0.001 },
};

/** Pitch and yaw of a direction of any length, as `eyeAnnotation` defines them, radians. */
function anglesOf([x = 0, y = 0, z = 0]: Iterable<number> & ArrayLike<number>): [pitch: number, yaw: number] {
  return [Math.atan2(-y, Math.hypot(x, z)), Math.atan2(-x, -z)];
}

/** The angle between two directions of any length, degrees. */
export function angleBetween(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [ax, ay, az] = [a[0]!, a[1]!, a[2]!];
  const [bx, by, bz] = [b[0]!, b[1]!, b[2]!];
  const across = Math.hypot(ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx);
  // The arc cosine of a dot product loses small angles to rounding; this does not.
  return (Math.atan2(across, ax * bx + ay * by + az * bz) * 180) / Math.PI;
}
