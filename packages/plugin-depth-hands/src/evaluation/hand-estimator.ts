import type { Estimator, SizedForm } from '@simgan/core';
import type { EstimatorAnswer, EstimatorRecipe } from '@simgan/core/evaluation';
import { mean } from '@simgan/core/measures';
import * as tf from '@tensorflow/tfjs-core';
import { EVALUATED_JOINTS, type HandAnnotation } from '../annotation.ts';
import { toFrame, unproject } from '../camera.ts';
import { cubeOf } from '../hand-image.ts';
import type { Vec3 } from '../simulator/geometry.ts';
import { type HourglassOptions, mapGrid, stackedHourglass } from './hourglass.ts';

/** An estimator of the 14 evaluated joints. */
export interface HandEstimator extends Estimator<HandAnnotation> {
  /**
   * The estimated places of the joints of `EVALUATED_JOINTS`: pixels of the picture, and mm behind the near face of the
   * cube.
   *
   * @param output - of `outputShape`, row-major.
   */
  joints(output: Float32Array): Vec3[];
}

/** Options for {@link handEstimator}. */
export interface HandEstimatorOptions extends Omit<HourglassOptions, 'answers'> {
  readonly recipe: EstimatorRecipe;
  /** Standard deviation of a joint's peak in its heat map, in cells. */
  readonly spread: number;
}

/** The paper's estimator: two hourglasses, maps of 64x64. 1.6 million parameters; for a GPU. */
export const hourglassNumbers: HandEstimatorOptions = {
  stacks: 2,
  width: 128,
  side: 64,
  depth: 4,
  spread: 1.5,
  recipe: { steps: 20_000, batchSize: 16, optimizer: { kind: 'adam' }, learningRate: 2.5e-4 },
};

/** One small hourglass, maps of 32x32: minutes on two CPU cores. */
export const smallNumbers: HandEstimatorOptions = {
  stacks: 1,
  width: 32,
  side: 32,
  depth: 3,
  spread: 1,
  recipe: { steps: 600, batchSize: 8, optimizer: { kind: 'adam' }, learningRate: 2e-3 },
};

const JOINTS = EVALUATED_JOINTS.length;
/** The size of the paper's pictures, in whose pixels errors are reported, so that they mean the same at every size. */
const PAPER_SIZE = 224;
/** The weight of depth relative to heat in the loss. */
const DEPTH_WEIGHT = 10;

/**
 * Estimates the 14 joints on which results on the NYU dataset are reported, as in section 3.2 of the paper: a heat map
 * per joint and, beyond the paper, a map of the joint's depth, which counts where the heat is.
 *
 * Errors are in pixels of the paper's pictures of 224x224, one per joint, correct within 5; a pixel is
 * 300 / 224 = 1.34 mm wide at the palm. {@link scoreHandPoses} reports errors in mm.
 *
 * @param form - as `handImage` returns it.
 * @throws SimganError INVALID_ARGUMENT for any other form.
 */
export function handEstimator(
  form: SizedForm,
  { recipe, spread, ...network }: HandEstimatorOptions = smallNumbers,
): HandEstimator {
  const cube = cubeOf(form);
  const { side, stacks } = network;
  const { stride, border } = mapGrid(form.width, side);
  const [answers, cells] = [2 * JOINTS, side * side];
  const cellOf = (pixel: number) => (pixel + border - (stride - 1) / 2) / stride;
  const pixelOf = (cell: number) => cell * stride + (stride - 1) / 2 - border;

  const joints = (output: Float32Array): Vec3[] =>
    EVALUATED_JOINTS.map((_, joint) => {
      const channels = stacks * answers;
      const first = (stacks - 1) * answers;
      const heat = (cell: number) => output[cell * channels + first + joint]!;
      let hottest = 0;
      for (let cell = 1; cell < cells; cell++) if (heat(cell) > heat(hottest)) hottest = cell;
      const [row, column] = [Math.floor(hottest / side), hottest % side];
      let [sum, sumU, sumV, sumD] = [0, 0, 0, 0];
      for (let v = Math.max(0, row - 2); v <= Math.min(side - 1, row + 2); v++) {
        for (let u = Math.max(0, column - 2); u <= Math.min(side - 1, column + 2); u++) {
          const cell = v * side + u;
          const weight = cell === hottest ? Math.max(1e-6, heat(cell)) : Math.max(0, heat(cell));
          sum += weight;
          sumU += weight * u;
          sumV += weight * v;
          sumD += weight * output[cell * channels + first + JOINTS + joint]!;
        }
      }
      return [pixelOf(sumU / sum), pixelOf(sumV / sum), ((sumD / sum + 1) / 2) * cube];
    });

  return {
    name: 'hand joints',
    unit: 'px',
    within: 5,
    recipe,
    network: stackedHourglass({ ...network, answers }),
    outputShape: [side, side, stacks * answers],
    target(annotation) {
      const known = knownJoints(annotation);
      if (!known) return undefined;
      const target = new Float32Array(cells * stacks * answers);
      for (const [joint, [u, v, depth]] of known.entries()) {
        const [column, row] = [cellOf(u), cellOf(v)];
        for (let cell = 0; cell < cells; cell++) {
          const away = ((cell % side) - column) ** 2 + (Math.floor(cell / side) - row) ** 2;
          for (let stack = 0; stack < stacks; stack++) {
            const at = (cell * stacks + stack) * answers + joint;
            target[at] = Math.exp(-away / (2 * spread ** 2));
            target[at + JOINTS] = (2 * depth) / cube - 1;
          }
        }
      }
      return target;
    },
    loss: (output, target) => {
      const terms = Array.from({ length: stacks }, (_, stack) => {
        const part = (tensor: tf.Tensor4D, first: number) =>
          tf.slice(tensor, [0, 0, 0, stack * answers + first], [-1, -1, -1, JOINTS]) as tf.Tensor4D;
        const heat = part(target, 0);
        const heatError = tf.square(tf.sub(part(output, 0), heat));
        const depthError = tf.mul(heat, tf.square(tf.sub(part(output, JOINTS), part(target, JOINTS))));
        return tf.add(tf.mean(heatError), tf.mul(DEPTH_WEIGHT, tf.mean(depthError)));
      });
      // As if summed over the maps, so that the learning rate means the same for maps of any size.
      return tf.mul(cells, tf.addN(terms)) as tf.Scalar;
    },
    joints,
    errors: (output, annotation) => pixelErrors(joints(output), annotation, form),
    answer: jointAnswer(joints, form),
  };
}

/** The answer of an estimator of joints: their places in mm within the cube. */
export function jointAnswer(
  joints: HandEstimator['joints'],
  form: SizedForm,
): EstimatorAnswer<HandAnnotation> {
  const scale = cubeOf(form) / form.width;
  const inCube = (places: readonly Vec3[]) =>
    places.flatMap(([u, v, depth]) => [scale * u, scale * v, depth]);
  return {
    kind: 'points',
    count: JOINTS,
    dimensions: 3,
    points: (output) => inCube(joints(output)),
    truth(annotation) {
      const known = knownJoints(annotation);
      return known && inCube(known);
    },
  };
}

/** The error of each joint in pixels of the paper's pictures; none if the joints are not all annotated. */
export function pixelErrors(
  estimated: readonly Vec3[],
  annotation: HandAnnotation,
  { width }: SizedForm,
): readonly number[] {
  const known = knownJoints(annotation);
  if (!known) return [];
  return estimated.map(([u, v], joint) => {
    const [trueU, trueV] = known[joint]!;
    return (Math.hypot(u - trueU, v - trueV) * PAPER_SIZE) / width;
  });
}

/** The 14 joints in pixels and mm behind the near face; `undefined` if one is unknown. */
export function knownJoints({ joints, crop }: HandAnnotation): Vec3[] | undefined {
  if (!joints || !crop) return undefined;
  const known = EVALUATED_JOINTS.flatMap((index) => {
    const joint = joints.uvd[index];
    return joint ? [[joint[0], joint[1], joint[2] - crop.near] as Vec3] : [];
  });
  return known.length === JOINTS ? known : undefined;
}

/** An estimator's output and the truth. */
export interface HandAnswer {
  readonly output: Float32Array;
  readonly annotation: HandAnnotation;
}

/** The accuracy of estimated hands. */
export interface HandPoseScore {
  /** The number of hands of which all 14 joints, the camera and the crop are known; others are not scored. */
  readonly hands: number;
  /** The mean distance between an estimated joint and the true one in space, mm. */
  readonly meanError: number;
  /** The share of joints within 5 pixels of the paper's pictures: the paper's measure. */
  readonly jointsWithin: number;
  /** The share of hands none of whose joints is more than 40 mm away (Taylor et al., CVPR 2012). */
  readonly handsWithin: number;
}

/** Scores an estimator's outputs in space. */
export function scoreHandPoses(estimator: HandEstimator, answers: Iterable<HandAnswer>): HandPoseScore {
  const distances: number[] = [];
  const pixels: number[] = [];
  let [hands, correct] = [0, 0];
  for (const { output, annotation } of answers) {
    const { joints, camera, crop } = annotation;
    if (!joints || !camera || !crop || !knownJoints(annotation)) continue;
    const errors = estimator.joints(output).map(([u, v, depth], joint) => {
      const estimated = unproject(toFrame([u, v, depth + crop.near], crop), camera);
      const truth = joints.xyz[EVALUATED_JOINTS[joint]!]!;
      return Math.hypot(estimated[0] - truth[0], estimated[1] - truth[1], estimated[2] - truth[2]);
    });
    hands++;
    if (Math.max(...errors) <= 40) correct++;
    distances.push(...errors);
    pixels.push(...estimator.errors(output, annotation));
  }
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return {
    hands,
    meanError: mean(distances),
    jointsWithin: share(pixels.filter((error) => error <= estimator.within).length, pixels.length),
    handsWithin: share(correct, hands),
  };
}
