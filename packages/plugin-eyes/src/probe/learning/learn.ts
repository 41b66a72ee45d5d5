/**
 * Learns the eye probe's network from simulated eyes and writes its weights:
 *
 *     node --conditions=@simgan/source --import tsx packages/plugin-eyes/src/probe/learning/learn.ts
 *
 * takes some minutes on one core and nothing but the simulator; the same seed gives the same weights on the same
 * machine. Needed again only where the simulator, the views or the layers change.
 */
// biome-ignore lint/style/noRestrictedImports: run by hand, and no part of the plugin.
import { writeFileSync } from 'node:fs';
import { createEstimatorState, type Estimator, estimatorNetwork, trainEstimator } from '@simgan/core';
// biome-ignore lint/style/noRestrictedImports: run by hand, and no part of the plugin.
import { createEngine } from '@simgan/core/node';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { irisLayers } from '../iris-network.ts';
import { encodeWeights } from '../weights-text.ts';
import { simulatedViews, type ViewLabel, viewImage } from './views.ts';

const seed = 1;
/** Steps at each learning rate, from large to small. */
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
 * The centre's distance under Laplace's law, whose width the network tells as well (so that it knows what it
 * cannot see), the shape's, and the logistic loss of whether there is an iris; only the last where there is none.
 */
function irisLoss(output: tf.Tensor4D, target: tf.Tensor4D): tf.Scalar {
  const part = (from: tf.Tensor4D, start: number, length: number) =>
    tf.slice(from, [0, 0, 0, start], [-1, -1, -1, length]);
  const distance = (start: number, length: number) =>
    tf.sum(tf.abs(tf.sub(part(output, start, length), part(target, start, length))), 3, true);
  const isPresent = part(target, 6, 1);
  const logDoubt = part(output, 5, 1);
  const centre = tf.add(tf.mul(distance(0, 2), tf.exp(tf.neg(logDoubt))), tf.mul(2, logDoubt));
  // Distances of their own keep the gradient alive where the doubt is large.
  const shape = tf.add(tf.mul(2, distance(0, 2)), distance(2, 3));
  const logit = part(output, 6, 1);
  const presence = tf.sub(tf.softplus(logit), tf.mul(logit, isPresent));
  return tf.mean(tf.add(tf.mul(isPresent, tf.add(centre, shape)), presence)) as tf.Scalar;
}

const samples = await simulatedViews(seed, { eyes: 30_000, looks: 160_000 });
const { engine } = await createEngine('onnx', { threads: 1, device: 'cpu' });
const state = createEstimatorState(irisEstimator, viewImage, seed);
let until = 0;
for (const { steps, learningRate } of stages) {
  until += steps;
  const estimator = { ...irisEstimator, recipe: { ...irisEstimator.recipe, steps: until, learningRate } };
  let mean = 0;
  for await (const { step, loss } of trainEstimator({
    estimator,
    state,
    samples,
    image: viewImage,
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
  new URL('../iris-weights.ts', import.meta.url),
  `// Written by learning/learn.ts.\n\n/** The weights of the eye probe's network; see weights-text.ts. */\nexport const irisWeights: string =\n  '${text}';\n`,
);
state.dispose();
await engine.dispose();
