import '@tensorflow/tfjs-backend-cpu';
import { cacheItems, type Estimator, simulate } from '@simgan/core';
import { compareDownstream } from '@simgan/core/evaluation';
import { parameterCount } from '@simgan/core/networks';
import { createEngine } from '@simgan/node';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import type { EyeAnnotation } from '../annotation.ts';
import { eyes } from '../eyes.ts';
import { eyeSimulator } from '../simulator/eye-simulator.ts';
import { angleBetween, paperGazeEstimator, smallGazeEstimator } from './gaze-estimator.ts';
import { opennessClassifier } from './openness-classifier.ts';

tf.enableProdMode();

const { image } = eyes();

test('the gaze estimator has the parameters of that of the paper, with 9,600 inputs of its dense layers', async () => {
  const network = paperGazeEstimator.network(image, 1);
  expect(parameterCount(network)).toBe(9_816_659);
  expect(network.variables.map(({ shape }) => shape.join('x'))).toContain('9600x1000');
  const answers = tf.tidy(() => network.apply(tf.zeros([2, 35, 55, 1])));
  expect(answers.shape).toEqual([2, ...paperGazeEstimator.outputShape]);
  answers.dispose();
  network.dispose();
});

test('angles are correct, even small ones, and independent of lengths', () => {
  expect(angleBetween([0, 0, -1], [0, 0, -3])).toBe(0);
  expect(angleBetween([2, 0, 0], [0, 5, 0])).toBeCloseTo(90, 9);
  expect(angleBetween([0, 0, -1], [0, 0, 1])).toBeCloseTo(180, 9);
  expect(angleBetween([Math.sin(1e-5), 0, -Math.cos(1e-5)], [0, 0, -1])).toBeCloseTo(
    1e-5 * (180 / Math.PI),
    9,
  );
  const { errors } = smallGazeEstimator;
  expect(
    errors(Float32Array.of(0, 1, -1), { gaze: { direction: [0, 0, -1], pitch: 0, yaw: 0 } })[0],
  ).toBeCloseTo(45, 4);
});

test('the small estimators learn gaze and openness from simulated eyes', async () => {
  const { engine } = await createEngine('onnx', { threads: 1, device: 'cpu' });
  // Equal crops, which a hundred steps are enough for.
  const tight = { eyeWidth: [0.75, 0.75], eyeHeight: [0.5, 0.5] } as const;
  const eyesOf = (closedRate: number, seed: number, length: number) =>
    cacheItems(simulate(eyeSimulator({ ...tight, closedRate }), { seed, length }), {
      budget: length,
      sizeOf: () => 1,
    });
  const learn = (what: Estimator<EyeAnnotation>, steps: number, closedRate: number) =>
    compareDownstream({
      estimator: { ...what, recipe: { ...what.recipe, steps, batchSize: 32 } },
      sets: { simulated: eyesOf(closedRate, 1, 400) },
      test: eyesOf(closedRate, 2, 100),
      image,
      engine,
      seed: 1,
    });
  const gaze = (await learn(smallGazeEstimator, 120, 0)).simulated!;
  const untrained = (await learn(smallGazeEstimator, 1, 0)).simulated!;
  expect(gaze.mean).toBeLessThan(17);
  expect(gaze.mean).toBeLessThan(0.6 * untrained.mean);
  const openness = (await learn(opennessClassifier, 80, 0.3)).simulated!;
  expect(openness.mean).toBeLessThan(0.15);
  await engine.dispose();
});

test('the network of the paper trains: in a few steps it overfits a few eyes', async () => {
  const { engine } = await createEngine('onnx', { threads: 1, device: 'cpu' });
  const simulator = eyeSimulator({ closedRate: 0, blinkRate: 0 });
  const few = cacheItems(simulate(simulator, { seed: 5, length: 4 }), { budget: 4, sizeOf: () => 1 });
  const recipe = { steps: 16, batchSize: 4, optimizer: { kind: 'adam' as const }, learningRate: 4e-4 };
  const estimator = { ...paperGazeEstimator, recipe };
  const { few: learned } = await compareDownstream({
    estimator,
    sets: { few },
    test: few,
    image,
    engine,
    seed: 1,
  });
  await engine.dispose();
  const gazes = await Promise.all([...Array(4).keys()].map(async (i) => (await few.at(i)).annotation.gaze));
  const middle = [0, 1, 2].map((axis) => gazes.reduce((sum, gaze) => sum + gaze.direction[axis]!, 0));
  const chance = gazes.reduce((sum, gaze) => sum + angleBetween(middle, gaze.direction) / 4, 0);
  expect(chance).toBeGreaterThan(10);
  expect(learned!.mean).toBeLessThan(0.5 * chance);
});

test('annotations without a gaze or an openness have no target', () => {
  expect(smallGazeEstimator.target({ openness: 1 })).toBeUndefined();
  expect(opennessClassifier.target({})).toBeUndefined();
  expect(opennessClassifier.target({ openness: 0.1 })).toEqual(Float32Array.of(0));
});

test('answers are angles and probabilities, with the truth in the same form', () => {
  const { answer: gaze } = smallGazeEstimator;
  const direction: [number, number, number] = [-0.3, 0.5, -0.8];
  const [pitch, yaw] = [-Math.asin(0.5 / Math.hypot(...direction)), Math.atan2(0.3, 0.8)];
  if (gaze?.kind !== 'values') throw new Error('the gaze has values');
  for (const angles of [
    gaze.values(Float32Array.from(direction, (value) => 3 * value)),
    gaze.truth({ gaze: { direction, pitch, yaw } })!,
  ]) {
    expect(Array.from(angles)).toEqual([expect.closeTo(pitch, 6), expect.closeTo(yaw, 6)]);
  }
  expect(gaze.truth({})).toBeUndefined();

  const { answer: openness } = opennessClassifier;
  if (openness?.kind !== 'class') throw new Error('the openness is a class');
  expect(openness.probabilities(Float32Array.of(Math.log(3)))[1]).toBeCloseTo(0.75, 6);
  expect(openness.classes[openness.truth({ openness: 0.9 })!]).toBe('open');
  expect(openness.classes[openness.truth({ openness: 0.1 })!]).toBe('closed');
  expect(openness.truth({})).toBeUndefined();
});
