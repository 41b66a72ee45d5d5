import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import '../../test/cpu-backend.ts';
import { directionLoss, logisticLoss, squaredDistanceLoss } from './estimator-losses.ts';

type Loss = typeof directionLoss;

const batch = (rows: readonly (readonly number[])[]) =>
  tf.tensor4d(rows.flat(), [rows.length, 1, 1, rows[0]!.length]);

/** The loss' value and its gradient by the outputs. */
function evaluate(
  loss: Loss,
  output: readonly (readonly number[])[],
  target: readonly (readonly number[])[],
) {
  return tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad((x) => loss(x as tf.Tensor4D, batch(target)))(batch(output));
    return { value: value.dataSync()[0]!, gradient: [...grad.dataSync()] };
  });
}

test('the distance is summed over an output and averaged over the batch', () => {
  const { value, gradient } = evaluate(
    squaredDistanceLoss,
    [
      [1, 2],
      [0, 0],
    ],
    [
      [0, 0],
      [0, 1],
    ],
  );
  expect(value).toBeCloseTo((5 + 1) / 2, 6);
  expect(gradient).toEqual([1, 2, 0, -1]);
});

test('directions are compared by angle, whatever the length of the output', () => {
  const angle = 0.3;
  const target = [[0, 0, -1]];
  for (const length of [0.1, 1, 30]) {
    const output = [[length * Math.sin(angle), 0, -length * Math.cos(angle)]];
    const { value, gradient } = evaluate(directionLoss, output, target);
    expect(value).toBeCloseTo(2 - 2 * Math.cos(angle), 5);
    // No gradient along the output itself.
    expect(gradient[0]! * output[0]![0]! + gradient[2]! * output[0]![2]!).toBeCloseTo(0, 4);
  }
  expect(Number.isFinite(evaluate(directionLoss, [[0, 0, 0]], target).value)).toBe(true);
});

test('the logistic loss is -log of the probability of the right answer, and finite', () => {
  const { value, gradient } = evaluate(logisticLoss, [[2], [-1]], [[1], [1]]);
  expect(value).toBeCloseTo((Math.log(1 + Math.exp(-2)) + Math.log(1 + Math.exp(1))) / 2, 6);
  expect(gradient[0]).toBeCloseTo((1 / (1 + Math.exp(-2)) - 1) / 2, 6);
  expect(evaluate(logisticLoss, [[1e4]], [[0]]).value).toBeCloseTo(1e4, 0);
});
