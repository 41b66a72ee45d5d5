import '@tensorflow/tfjs-backend-cpu';
import { createRng, estimatorNetwork } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { encodeWeights } from '../../scripts/iris-network/encode-weights.ts';
import { applyIrisNetwork, irisLayers, type LayerWeights, units } from './iris-network.ts';
import { VIEW_SIDE } from './view.ts';
import { decodeWeights } from './weights-text.ts';

tf.enableProdMode();

const form = { width: VIEW_SIDE, height: VIEW_SIDE, channels: 1, bits: 8 } as const;

test('the inference network computes what the trained network computes, and weights survive as text', () => {
  const network = estimatorNetwork(irisLayers)(form, 3);
  const rng = createRng(5);
  const view = Float32Array.from({ length: VIEW_SIDE * VIEW_SIDE }, () => 2 * rng.next() - 1);
  const variables = network.variables.map((variable) => {
    // Biases start at 0, where a mistake with them would not show.
    const values = Float32Array.from(variable.dataSync(), (value) => value + 0.05 * rng.normal());
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
    return values;
  });
  const expected = tf.tidy(() => network.apply(tf.tensor4d(view, [1, VIEW_SIDE, VIEW_SIDE, 1])).dataSync());
  const weights: LayerWeights[] = irisLayers.map((_, layer) => ({
    kernel: variables[2 * layer]!,
    bias: variables[2 * layer + 1]!,
  }));
  const answer = applyIrisNetwork(weights, view.slice());
  expect(answer.dx).toBeCloseTo(units.center * expected[0]!, 3);
  expect(answer.dy).toBeCloseTo(units.center * expected[1]!, 3);
  expect(answer.radius).toBeCloseTo(units.usualRadius + units.radius * expected[2]!, 3);
  expect(answer.ex).toBeCloseTo(units.foreshortening * expected[3]!, 3);
  expect(answer.ey).toBeCloseTo(units.foreshortening * expected[4]!, 3);
  expect(Math.log(answer.doubt / units.center)).toBeCloseTo(expected[5]!, 3);
  expect(answer.presence).toBeCloseTo(1 / (1 + Math.exp(-expected[6]!)), 4);
  expect(Math.abs(expected[0]!)).toBeGreaterThan(0.01);

  const decoded = decodeWeights(encodeWeights(variables));
  for (const [layer, { kernel, bias }] of decoded.entries()) {
    for (const [read, written] of [
      [kernel, weights[layer]!.kernel],
      [bias, weights[layer]!.bias],
    ] as const) {
      expect(read.length).toBe(written.length);
      const step = written.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
      for (const [i, value] of read.entries()) {
        expect(Math.abs(value - written[i]!)).toBeLessThanOrEqual(0.5001 * step);
      }
    }
  }
  network.dispose();
});
