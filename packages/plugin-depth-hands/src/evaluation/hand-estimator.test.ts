import { simulate } from '@simgan/core';
import { compareDownstream } from '@simgan/core/evaluation';
import { createEngine } from '@simgan/node';
import { expect, test } from 'vitest';
import { EVALUATED_JOINTS, type HandAnnotation } from '../annotation.ts';
import { handImage } from '../hand-image.ts';
import { handSimulator } from '../simulator/hand-simulator.ts';
import { handEstimator, hourglassNumbers, scoreHandPoses, smallNumbers } from './hand-estimator.ts';
import { jointRegressor, regressorRecipe } from './joint-regressor.ts';

const hands = (size: number, length: number) => simulate(handSimulator({ size }), { seed: 8, length });

const estimators = [
  ['small', handEstimator(handImage(64), smallNumbers), 64],
  ['hourglasses', handEstimator(handImage(224), hourglassNumbers), 224],
  ['hourglasses', handEstimator(handImage(100), hourglassNumbers), 100],
  ['regressor', jointRegressor(handImage(64)), 64],
] as const;

/** Whether all joints are within the picture: others have no heat. */
function isShown({ joints }: HandAnnotation, size: number): boolean {
  return EVALUATED_JOINTS.every((index) => {
    const [u, v, d] = joints!.uvd[index]!;
    return Math.min(u, v) > 2 && Math.max(u, v) < size - 3 && d > 0;
  });
}

test.each(estimators)(
  'the joints of a target are the true ones: %s at $2 pixels',
  async (_, estimator, size) => {
    const answers = [];
    for await (const { annotation } of hands(size, 12)) {
      if (!isShown(annotation, size)) continue;
      const output = estimator.target(annotation)!;
      expect(output.length).toBe(estimator.outputShape.reduce((a, b) => a * b));
      for (const error of estimator.errors(output, annotation)) expect(error).toBeLessThan(1.2);
      answers.push({ output, annotation });
    }
    expect(answers.length).toBeGreaterThan(5);
    const score = scoreHandPoses(estimator, answers);
    expect(score.meanError).toBeLessThan(1);
    expect(score).toMatchObject({ hands: answers.length, jointsWithin: 1, handsWithin: 1 });
  },
);

test.each(estimators)(
  'the answer has the joints in mm, as the truth has: %s at $2 pixels',
  async (_, { answer, target }, size) => {
    if (answer?.kind !== 'points') throw new Error('joints are points');
    const { annotation } = await hands(size, 1).at(0);
    const [points, truth] = [answer.points(target(annotation)!), answer.truth(annotation)!];
    expect([points.length, truth.length]).toEqual([42, 42]);
    for (let i = 0; i < 42; i++) expect(Math.abs(points[i]! - truth[i]!)).toBeLessThan(2);
    const [u] = annotation.joints!.uvd[EVALUATED_JOINTS[0]!]!;
    // The cube is 300 mm wide.
    expect(truth[0]).toBeCloseTo((300 * u) / size, 3);
    expect(answer.truth({ ...annotation, joints: undefined })).toBeUndefined();
  },
);

test('errors of 20 pixels of 224 and of 45 mm of depth are measured as such', async () => {
  const estimator = handEstimator(handImage(64), smallNumbers);
  const { annotation } = await hands(64, 1).at(0);
  const moved = structuredClone(annotation) as HandAnnotation;
  const [u, v, d] = moved.joints!.uvd[EVALUATED_JOINTS[2]!]!;
  moved.joints!.uvd[EVALUATED_JOINTS[2]!] = [u + (20 * 64) / 224, v, d];
  const [u2, v2, d2] = moved.joints!.uvd[EVALUATED_JOINTS[5]!]!;
  moved.joints!.uvd[EVALUATED_JOINTS[5]!] = [u2, v2, d2 + 45];
  const output = estimator.target(moved)!;
  const errors = estimator.errors(output, annotation);
  expect(errors[2]).toBeCloseTo(20, -0.5);
  expect(errors[5]).toBeLessThan(1.5);
  const score = scoreHandPoses(estimator, [
    { output, annotation },
    { output: estimator.target(annotation)!, annotation },
  ]);
  expect(score.handsWithin).toBe(0.5);
  expect(score.jointsWithin).toBeCloseTo(27 / 28, 9);
  // 20 pixels are 27 mm at the palm.
  expect(score.meanError).toBeGreaterThan((26 + 45) / 28 - 0.5);
  expect(score.meanError).toBeLessThan((26 + 45) / 28 + 1.5);
});

test('hands with unknown joints are not scored', async () => {
  const estimator = handEstimator(handImage(64));
  const { annotation } = await hands(64, 1).at(0);
  const partial = structuredClone(annotation) as HandAnnotation;
  partial.joints!.uvd[EVALUATED_JOINTS[0]!] = null;
  expect(estimator.target(partial)).toBeUndefined();
  expect(estimator.target({})).toBeUndefined();
  const output = estimator.target(annotation)!;
  expect(estimator.errors(output, partial)).toEqual([]);
  expect(scoreHandPoses(estimator, [{ output, annotation: partial }]).hands).toBe(0);
});

const learners = [
  ['small', 32, 90, (steps: number) => small(steps)],
  [
    'regressor',
    40,
    50,
    (steps: number) => jointRegressor(handImage(40), { ...regressorRecipe, steps, batchSize: 16 }),
  ],
] as const;

function small(steps: number) {
  const numbers = { ...smallNumbers, side: 16, depth: 2 };
  return handEstimator(handImage(32), { ...numbers, recipe: { ...numbers.recipe, steps } });
}

test.each(learners)(
  'the %s estimator learns the hands of its training set',
  async (_, size, steps, estimatorOf) => {
    const image = handImage(size);
    const { engine } = await createEngine('onnx', { threads: 1 });
    const samples = hands(size, 24);
    const errorAfter = async (count: number) => {
      const estimator = estimatorOf(count);
      const options = { estimator, sets: { hands: samples }, test: samples, image, engine, seed: 1 };
      const { hands: result } = await compareDownstream<HandAnnotation>(options);
      return result!.mean;
    };
    const [before, after] = [await errorAfter(1), await errorAfter(steps)];
    await engine.dispose();
    expect(after).toBeLessThan(before / 2);
  },
  60_000,
);
