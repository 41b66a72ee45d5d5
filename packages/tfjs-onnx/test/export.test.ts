import * as ort from '@simgan/onnxruntime';
import { expect, onTestFinished, test } from 'vitest';
import { difference, eagerly, numbers, tf, useOracle, variable } from '../../tfjs-trace/test/oracle.ts';
import { exportOnnx, type StepFunction } from '../src/index.ts';

useOracle();

function network(): StepFunction {
  const filter = variable(tf.tensor(numbers([3, 3, 1, 16], 1).data, [3, 3, 1, 16]));
  const bias = variable(tf.tensor(numbers([16], 2).data, [16]));
  const last = variable(tf.tensor(numbers([1, 1, 16, 1], 3).data, [1, 1, 16, 1]));
  return ({ x }) => {
    const features = tf.relu(tf.add(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'), bias));
    const pooled = tf.avgPool(features as tf.Tensor4D, 2, 2, 'same');
    return { y: tf.tanh(tf.conv2d(pooled, last as tf.Tensor4D, 1, 'same')) };
  };
}

test('an exported file gives the oracle’s numbers in ONNX Runtime for every batch size', async () => {
  const step = network();
  const bytes = exportOnnx(step, {
    inputs: { x: [1, 5, 7, 1] },
    dynamicBatch: true,
    metadata: { range: '[-1, 1]' },
  });
  const session = await ort.InferenceSession.create(bytes);
  onTestFinished(() => session.release());
  expect(session.inputMetadata[0]).toMatchObject({ name: 'x', shape: ['batch', 5, 7, 1] });
  expect(session.outputMetadata[0]).toMatchObject({ name: 'y', shape: ['batch', 3, 4, 1] });
  for (const batch of [1, 2, 5]) {
    const x = numbers([batch, 5, 7, 1], batch);
    const { y } = await session.run({ x: new ort.Tensor('float32', x.data, x.shape) });
    const actual = { data: y!.data as Float32Array, shape: y!.dims };
    expect(difference(actual, eagerly(step, { x }).y!)).toBeLessThan(3e-6);
  }
  expect(Buffer.from(bytes).includes('[-1, 1]')).toBe(true);
  expect(Buffer.from(bytes).includes('com.microsoft')).toBe(false);
});

test('the same step gives the same bytes', () => {
  const step = network();
  const options = { inputs: { x: [1, 5, 7, 1] }, dynamicBatch: true };
  expect(exportOnnx(step, options)).toEqual(exportOnnx(step, options));
});

test('steps that a file cannot express are rejected', () => {
  const state = variable(tf.scalar(1));
  const assigning: StepFunction = ({ x }) => {
    state.assign(tf.mean(x!));
    return { x: x! };
  };
  expect(() => exportOnnx(assigning, { inputs: { x: [1, 2] } })).toThrow('assigns variables');
  const mixing: StepFunction = ({ x }) => ({ y: tf.mul(x!, x!.shape[0]!) });
  expect(() => exportOnnx(mixing, { inputs: { x: [1, 2] }, dynamicBatch: true })).toThrow(
    'depends on the batch size',
  );
  expect(exportOnnx(mixing, { inputs: { x: [4, 2] } }).length).toBeGreaterThan(0);
});
