import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import '../../test/cpu-backend.ts';
import { createVariable } from '../networks/variables.ts';
import { createOptimizer, createOptimizerState, minimize, type OptimizerSpec } from './optimizer.ts';

const specs: [OptimizerSpec, (rate: number) => tf.Optimizer][] = [
  [{ kind: 'sgd' }, (rate) => tf.train.sgd(rate)],
  [{ kind: 'momentum', momentum: 0.9 }, (rate) => tf.train.momentum(rate, 0.9)],
  [{ kind: 'adam', beta1: 0.5 }, (rate) => tf.train.adam(rate, 0.5)],
];

/** A loss with slopes of very different size, which tells the rules apart. */
const bowl = (x: tf.Tensor) =>
  tf.sum(tf.mul(tf.square(tf.sub(x, 1)), tf.tensor1d([1, 10, 0.01]))) as tf.Scalar;

test.each(specs)('$kind takes the same steps as the one of tfjs', (spec, reference) => {
  const start = Float32Array.of(3, -2, 0.5);
  const ours = createVariable('x', start, [3]);
  const optimizer = createOptimizer(spec);
  const state = createOptimizerState(optimizer, 'x', [ours]);
  const theirs = createVariable('x', start, [3]);
  const theirRule = reference(0.03);
  for (let step = 0; step < 20; step++) {
    tf.tidy(() => {
      const learningRate = tf.scalar(0.03);
      minimize(() => ({ loss: bowl(ours) }), { optimizer, parameters: [ours], state, learningRate });
    });
    theirRule.minimize(() => bowl(theirs), false, [theirs]);
  }
  const expected = [...theirs.dataSync()];
  for (const [i, value] of ours.dataSync().entries()) expect(value).toBeCloseTo(expected[i]!, 4);
  expect(ours.dataSync()[0]).not.toBeCloseTo(3, 1);
  theirRule.dispose();
  // tfjs's momentum leaves its rate behind when it is disposed.
  if (spec.kind === 'momentum') (theirRule as unknown as { c: tf.Scalar }).c.dispose();
  tf.dispose([ours, theirs, ...state]);
});

test('update is pure: it returns new tensors and writes nothing', () => {
  const optimizer = createOptimizer({ kind: 'adam' });
  const parameter = tf.tensor1d([1, 2]);
  const state = optimizer.initialState([[2]]).map(({ shape, values }) => tf.tensor(values, shape));
  const before = [parameter, ...state].map((tensor) => [...tensor.dataSync()]);
  tf.tidy(() => {
    const step = {
      parameters: [parameter],
      gradients: [tf.tensor1d([1, -1])],
      state,
      learningRate: tf.scalar(0.1),
    };
    expect([...optimizer.update(step).parameters[0]!.dataSync()]).not.toEqual(before[0]);
  });
  expect([parameter, ...state].map((tensor) => [...tensor.dataSync()])).toEqual(before);
  tf.dispose([parameter, ...state]);
});

test('only the parameters named move', () => {
  const moving = createVariable('moving', Float32Array.of(1), [1]);
  const fixed = createVariable('fixed', Float32Array.of(1), [1]);
  const optimizer = createOptimizer({ kind: 'sgd' });
  const loss = () => ({ loss: tf.sum(tf.mul(moving, fixed)) as tf.Scalar });
  tf.tidy(() => {
    minimize(loss, { optimizer, parameters: [moving], state: [], learningRate: tf.scalar(0.5) });
  });
  expect([moving, fixed].map((variable) => variable.dataSync()[0])).toEqual([0.5, 1]);
  tf.dispose([moving, fixed]);
});
