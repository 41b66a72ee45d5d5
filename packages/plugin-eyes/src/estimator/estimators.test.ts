import '@tensorflow/tfjs-backend-cpu';
import { compareDownstream, type Estimator, parameterCount, rememberItems, simulate } from '@simgan/core';
import { createEngine } from '@simgan/core/node';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import type { EyeAnnotation } from '../annotation.ts';
import { eyes } from '../eyes.ts';
import { angleBetween, paperGazeEstimator, smallGazeEstimator } from './gaze-estimator.ts';
import { opennessClassifier } from './openness-classifier.ts';

tf.enableProdMode();

const { image, estimator } = eyes();

test('the gaze estimator has the size of that of the paper: 9,600 values reach its dense layers', async () => {
  const network = paperGazeEstimator.network(image, 1);
  expect(parameterCount(network)).toBe(9_816_659);
  expect(network.variables.map(({ shape }) => shape.join('x'))).toContain('9600x1000');
  const answers = tf.tidy(() => network.apply(tf.zeros([2, 35, 55, 1])));
  expect(answers.shape).toEqual([2, ...paperGazeEstimator.outputShape]);
  answers.dispose();
  network.dispose();
});

test('angles are right, small ones too, and do not depend on lengths', () => {
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
  expect(estimator).toBe(smallGazeEstimator);
  const { engine } = await createEngine('onnx', { threads: 1, device: 'cpu' });
  const eyesOf = (closedRate: number, seed: number, length: number) =>
    rememberItems(simulate(eyes({ closedRate }).simulator, { seed, length }), {
      budget: length,
      sizeOf: () => 1,
    });
  const learn = (what: Estimator<EyeAnnotation>, steps: number, closedRate: number) =>
    compareDownstream({
      estimator: { ...what, recipe: { ...what.recipe, steps, batchSize: 32 } },
      sets: { simulated: eyesOf(closedRate, 1, 600) },
      test: eyesOf(closedRate, 2, 150),
      image,
      engine,
      seed: 1,
    });
  const gaze = (await learn(smallGazeEstimator, 200, 0)).simulated!;
  const untrained = (await learn(smallGazeEstimator, 1, 0)).simulated!;
  expect(gaze.mean).toBeLessThan(15);
  expect(gaze.mean).toBeLessThan(0.6 * untrained.mean);
  const openness = (await learn(opennessClassifier, 120, 0.3)).simulated!;
  expect(openness.mean).toBeLessThan(0.15);
  await engine.dispose();
});

test('the network of the paper trains: in a few steps it tells a few eyes apart', async () => {
  const { engine } = await createEngine('onnx', { threads: 1, device: 'cpu' });
  const simulator = eyes({ closedRate: 0, blinkRate: 0 }).simulator;
  const few = rememberItems(simulate(simulator, { seed: 5, length: 8 }), { budget: 8, sizeOf: () => 1 });
  const recipe = { steps: 30, batchSize: 8, optimizer: { kind: 'adam' as const }, learningRate: 2e-4 };
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
  const gazes = await Promise.all([...Array(8).keys()].map(async (i) => (await few.at(i)).annotation.gaze));
  const middle = [0, 1, 2].map((axis) => gazes.reduce((sum, gaze) => sum + gaze!.direction[axis]!, 0));
  const chance = gazes.reduce((sum, gaze) => sum + angleBetween(middle, gaze!.direction) / 8, 0);
  expect(chance).toBeGreaterThan(10);
  expect(learned!.mean).toBeLessThan(0.5 * chance);
});

test('annotations without a gaze or an openness teach nothing', () => {
  expect(smallGazeEstimator.target({ openness: 1 })).toBeUndefined();
  expect(opennessClassifier.target({})).toBeUndefined();
  expect(opennessClassifier.target({ openness: 0.1 })).toEqual(Float32Array.of(0));
});
