import { expect, test } from 'vitest';
import { type BarAnnotation, barImage, bars } from '../../test/bars.ts';
import { wasmEngine as engine } from '../../test/wasm-engine.ts';
import { classEstimator } from './class-estimator.ts';
import { createEstimatorState, testEstimator, trainEstimator } from './train-estimator.ts';

const ways = ['lying', 'standing'];
const classOf = ({ way }: BarAnnotation) => ways[way];

test('a class estimator learns classes in seconds and says which class an annotation is of', async () => {
  const estimator = classEstimator<BarAnnotation>({
    classes: ways,
    size: barImage,
    classOf,
    recipe: { steps: 60, learningRate: 0.005 },
  });
  const { answer } = estimator;
  expect(answer).toMatchObject({ kind: 'class', classes: ways });
  expect(estimator.target({ way: 1, at: [5, 5] })).toEqual(Float32Array.of(0, 1));
  const state = createEstimatorState(estimator, barImage, 1);
  const means = { estimator, image: barImage, engine };
  for await (const _ of trainEstimator({ ...means, state, samples: bars(1, 200), seed: 1 }));
  const { mean } = await testEstimator({ ...means, network: state.network, samples: bars(2, 100) });
  state.dispose();
  expect(mean).toBeLessThan(0.1);
});

test('pictures of every size from 9 to 64 pixels can be learned from, and an annotation without a class has no target', () => {
  for (const side of [9, 10, 28, 40, 64]) {
    const size = { width: side, height: side, channels: 1, bits: 8 } as const;
    const estimator = classEstimator<{ name?: string }>({
      classes: ['a', 'b', 'c'],
      size,
      classOf: ({ name }) => name,
    });
    const network = estimator.network(size, 1);
    expect(network.variables.length).toBeGreaterThan(6);
    network.dispose();
    expect(estimator.target({})).toBeUndefined();
    expect(estimator.target({ name: 'd' })).toBeUndefined();
    expect(estimator.errors(Float32Array.of(0, 3, 1), { name: 'b' })).toEqual([0]);
    expect(estimator.errors(Float32Array.of(0, 3, 1), { name: 'a' })).toEqual([1]);
  }
});

test('everything that is wrong is said at once', () => {
  const make = () => classEstimator({ classes: ['a'], size: { width: 8, height: 40 }, classOf: () => 'a' });
  expect(make).toThrow(/There are 1 classes.*8x40 are too small/);
  const twice = () => classEstimator({ classes: ['a', 'a'], size: barImage, classOf: () => 'a' });
  expect(twice).toThrow('more than once');
});
