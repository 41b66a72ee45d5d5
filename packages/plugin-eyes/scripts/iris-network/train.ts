/**
 * @file Trains the eye probe's network on simulated eyes and writes its weights:
 *
 *     node --conditions=@simgan/source --import tsx packages/plugin-eyes/scripts/iris-network/train.ts
 *
 * It takes some minutes on one core and needs nothing but the simulator; the same seed gives the same weights on the
 * same machine. Run it again only when the simulator, the views or the layers change.
 */
import { writeFileSync } from 'node:fs';
import { type Estimator, estimatorNetwork } from '@simgan/core';
import { createEstimatorState, trainEstimator } from '@simgan/core/evaluation';
import { createEngine } from '@simgan/node';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { irisLayers } from '../../src/probe/iris-network.ts';
import { encodeWeights } from './encode-weights.ts';
import { simulatedViews, type ViewLabel, viewForm } from './views.ts';

const seed = 1;
/** Steps at each learning rate. */
const stages = [
  { steps: 20_000, learningRate: 2e-3 },
  { steps: 10_000, learningRate: 7e-4 },
  { steps: 10_000, learningRate: 2e-4 },
];
const batchSize = 64;

const irisEstimator: Estimator<ViewLabel> = {
  name: 'iris',
  unit: 'px',
  within: 1,
  network: estimatorNetwork(irisLayers),
  outputShape: [1, 1, 7],
  recipe: { steps: 0, batchSize, optimizer: { kind: 'adam' }, learningRate: 1e-3 },
  target: ({ isPresent, values }) => Float32Array.of(...values, 0, isPresent ? 1 : 0),
  loss: irisLoss,
  errors: () => [],
};

/**
 * The negative log-likelihood of the center under a Laplace distribution whose scale the network predicts as well (so
 * that it knows what it cannot see), the L1 distance of the shape, and the logistic loss of presence; only the last
 * where there is no iris.
 */
function irisLoss(output: tf.Tensor4D, target: tf.Tensor4D): tf.Scalar {
  const part = (from: tf.Tensor4D, start: number, length: number) =>
    tf.slice(from, [0, 0, 0, start], [-1, -1, -1, length]);
  const distance = (start: number, length: number) =>
    tf.sum(tf.abs(tf.sub(part(output, start, length), part(target, start, length))), 3, true);
  const isPresent = part(target, 6, 1);
  const logDoubt = part(output, 5, 1);
  const center = tf.add(tf.mul(distance(0, 2), tf.exp(tf.neg(logDoubt))), tf.mul(2, logDoubt));
  // The plain distance keeps the gradient alive where the doubt is large.
  const shape = tf.add(tf.mul(2, distance(0, 2)), distance(2, 3));
  const logit = part(output, 6, 1);
  const presence = tf.sub(tf.softplus(logit), tf.mul(logit, isPresent));
  return tf.mean(tf.add(tf.mul(isPresent, tf.add(center, shape)), presence)) as tf.Scalar;
}

const samples = await simulatedViews(seed, { eyes: 30_000, looks: 160_000 });
const { engine } = await createEngine('onnx', { threads: 1, device: 'cpu' });
const state = createEstimatorState(irisEstimator, viewForm, seed);
let until = 0;
for (const { steps, learningRate } of stages) {
  until += steps;
  const estimator = { ...irisEstimator, recipe: { ...irisEstimator.recipe, steps: until, learningRate } };
  let mean = 0;
  for await (const { step, loss } of trainEstimator({
    estimator,
    state,
    samples,
    image: viewForm,
    engine,
    seed,
  })) {
    mean += (loss - mean) / Math.min(200, step);
    if (step % 500 === 0) process.stderr.write(`step ${step} of ${until}, loss ${mean.toFixed(4)}\n`);
  }
}
const variables = state.network.variables.map((variable) => variable.dataSync<'float32'>());
const text = encodeWeights(variables);
writeFileSync(
  new URL('../../src/probe/iris-weights.ts', import.meta.url),
  `// Written by scripts/iris-network/train.ts.\n\n/** The weights of the eye probe's network; see weights-text.ts. */\nexport const irisWeights: string =\n  '${text}';\n`,
);
state.dispose();
await engine.dispose();
