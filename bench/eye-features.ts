/**
 * @file Makes the weights of `eyeFeatures` in @simgan/plugin-eyes: trains a network on simulated eyes to tell gaze and
 * landmarks, and keeps its first layers. `node --conditions=@simgan/source --import tsx bench/eye-features.ts`; the same
 * seed gives the same file on the same machine.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Convolution, convolution } from '@simgan/core/networks';
import { createDataset, createRng, type Dataset, type Estimator, encodeImages, type Image, mapDataset, type NetworkBuilder, cacheItems, type Sample, type Simulator, simulate } from '@simgan/core';
import { createEstimatorState, squaredDistanceLoss, testEstimator, trainEstimator } from '@simgan/core/evaluation';
import { createEngine, saveWeights } from '@simgan/node';
import { type CompleteEyeAnnotation, eyes } from '@simgan/plugin-eyes';
import * as tf from '@tensorflow/tfjs-core';

const SEED = 1;
/** Of each of the two renderers, so that the features know both a clean picture and a sensor's. */
const PICTURES = 4000;
/** Steps in all at the end of each part of the training, and the learning rate in it. */
const SCHEDULE = [
  { steps: 1100, learningRate: 0.001 },
  { steps: 1500, learningRate: 0.0002 },
];

/** The layers that are kept. */
const layers = [
  { kernel: 3, stride: 1, inputs: 1, filters: 16 },
  { kernel: 3, stride: 2, inputs: 16, filters: 24 },
  { kernel: 3, stride: 1, inputs: 24, filters: 32 },
];

const { image, simulator, standIn } = eyes();
type Annotation = CompleteEyeAnnotation;

/** What is learned, each about within [-1, 1]: gaze, pupil, iris, 8 points of the iris, the lids' margin, openness. */
function targetOf({ gaze, pupilCenter, irisCenter, iris, lidMargin, openness }: Annotation): Float32Array {
  const points = [pupilCenter, irisCenter, ...iris.filter((_, i) => i % 4 === 0), ...lidMargin];
  return Float32Array.of(
    ...[gaze.pitch / 0.6, gaze.yaw / 0.8, 2 * openness - 1],
    ...points.flatMap(([x, y]) => [(2 * x) / image.width - 1, ((2 * y) / image.height - 1) * 0.64]),
  );
}
const OUTPUTS = 3 + 2 * (2 + 8 + 16);

/** The layers that are kept, and on top of them those that turn features into answers. */
const network: NetworkBuilder = (_, seed) => {
  const rng = createRng(seed).fork('eye features');
  const kept = layers.map((shape, i) => convolution(`layer${i}`, shape, rng.fork(i)));
  const top = {
    narrow: convolution('narrow', { kernel: 3, stride: 2, inputs: 32, filters: 48 }, rng.fork('narrow')),
    narrower: convolution(
      'narrower',
      { kernel: 3, stride: 2, inputs: 48, filters: 64 },
      rng.fork('narrower'),
    ),
    whole: convolution('whole', { kernel: 5, inputs: 64, filters: 64 }, rng.fork('whole'), {
      padding: 'none',
    }),
    mixed: convolution('mixed', { kernel: 1, inputs: 3 * 64, filters: 128 }, rng.fork('mixed')),
  };
  const answers = convolution('answers', { kernel: 1, inputs: 128, filters: OUTPUTS }, rng.fork('answers'));
  const hidden = (batch: tf.Tensor4D, layer: Convolution) => tf.relu(layer.apply(batch));
  const variables = [...kept, ...Object.values(top), answers].flatMap((layer) => layer.variables);
  return {
    variables,
    receptiveField: image.width,
    apply(batch) {
      const features = kept.reduce(hidden, batch);
      const seen = hidden(hidden(hidden(features, top.narrow), top.narrower), top.whole);
      return answers.apply(hidden(tf.reshape(seen, [batch.shape[0], 1, 1, 3 * 64]), top.mixed));
    },
    dispose: () => tf.dispose(variables),
  };
};

const learner: Estimator<Annotation> = {
  name: 'eye features',
  unit: 'degrees',
  within: 7,
  outputShape: [1, 1, OUTPUTS],
  network,
  recipe: { ...SCHEDULE[0]!, batchSize: 64, optimizer: { kind: 'adam' } },
  target: targetOf,
  loss: squaredDistanceLoss,
  errors: ([pitch = 0, yaw = 0], { gaze }) => [
    degreesBetween(direction(pitch * 0.6, yaw * 0.8), gaze.direction),
  ],
};

/** Of the pupil's centre, in pixels. */
const pupilError: Estimator<Annotation> = {
  ...learner,
  unit: 'px',
  within: 1,
  errors: (answer, { pupilCenter: [x, y] }) => [
    Math.hypot(((answer[3]! + 1) / 2) * image.width - x, ((answer[4]! / 0.64 + 1) / 2) * image.height - y),
  ],
};

function degreesBetween(a: readonly number[], b: readonly number[]): number {
  const cosine = a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  return (Math.acos(Math.min(1, cosine)) * 180) / Math.PI;
}

function direction(pitch: number, yaw: number): [number, number, number] {
  return [-Math.cos(pitch) * Math.sin(yaw), -Math.sin(pitch), -Math.cos(pitch) * Math.cos(yaw)];
}

/** Other exposures, contrasts and noise: the features should not depend on them. */
function inOtherLight(samples: Dataset<Sample<Annotation>>, seed: number): Dataset<Sample<Annotation>> {
  return mapDataset(samples, (sample, index) => {
    const rng = createRng(seed).fork('light').fork(index);
    const [gamma, gain] = [2 ** (2 * rng.next() - 1), 0.5 + 0.8 * rng.next()];
    const [offset, noise] = [80 * (rng.next() - 0.5), 8 * rng.next() ** 2];
    const pixels = sample.image.map((value) =>
      Math.min(255, Math.max(0, 255 * gain * (value / 255) ** gamma + offset + noise * rng.normal())),
    );
    return { ...sample, image: pixels };
  });
}

/** Eyes of both renderers by turns. */
function picturesOf(seed: number, length: number): Dataset<Sample<Annotation>> {
  const cameras = [simulator, standIn!].map((camera, i) =>
    inOtherLight(simulate(camera as Simulator<Annotation>, { seed: seed + i, length }), seed + i),
  );
  const both = createDataset(2 * length, (index) => cameras[index % 2]!.at(Math.floor(index / 2)));
  return cacheItems(both, { budget: both.length, sizeOf: () => 1 });
}

const { engine } = await createEngine('onnx', { threads: 1, device: 'cpu' });
const say = (text: string) => process.stderr.write(`${text}\n`);
const state = createEstimatorState(learner, image, SEED);
const samples = picturesOf(100, PICTURES);
const unseen = picturesOf(900, 1000);
for (const part of SCHEDULE) {
  const estimator = { ...learner, recipe: { ...learner.recipe, ...part } };
  for await (const { step, loss } of trainEstimator({
    ...{ estimator, state, samples, image, engine, seed: SEED },
  })) {
    if (step % 100 === 0) say(`step ${step}: loss ${loss.toFixed(4)}`);
  }
}
for (const estimator of [learner, pupilError]) {
  const { median, mean, unit } = await testEstimator({
    ...{ estimator, network: state.network, samples: unseen, image, engine },
  });
  say(
    `${unit === 'px' ? 'pupil' : 'gaze'} on unseen eyes: median ${median.toFixed(2)}, mean ${mean.toFixed(2)} ${unit}`,
  );
}

const kept = state.network.variables.slice(0, 2 * layers.length);
await evenOut();
await write();
state.dispose();
await engine.dispose();

/** Scales each of the last maps to a mean of 1 on simulated eyes, which changes nothing else of them: they pass a ReLU. */
async function evenOut(): Promise<void> {
  const pictures: Image[] = [];
  for (let i = 0; i < 256; i++) pictures.push((await unseen.at(i)).image);
  tf.tidy(() => {
    const { data, shape } = encodeImages(pictures, image);
    const maps = layers.reduce(
      (maps, { stride }, i) => {
        const mapped = tf.conv2d(maps, kept[2 * i] as tf.Tensor as tf.Tensor4D, stride, 'same');
        return tf.relu(tf.add(mapped, kept[2 * i + 1]!)) as tf.Tensor4D;
      },
      tf.tensor4d(data, shape as [number, number, number, number]),
    );
    const means = tf.mean(maps, [0, 1, 2]);
    // A map that is almost never on says nothing, and would be all noise.
    const factors = tf.where(tf.greater(means, 0.02), tf.div(1, means), tf.zerosLike(means));
    say(`${tf.sum(tf.cast(tf.greater(factors, 0), 'int32')).dataSync()[0]} of ${means.size} maps are in use`);
    for (const variable of kept.slice(-2)) variable.assign(tf.mul(variable, factors));
  });
}

/** Writes the file of weights as a module, because plugins read no files. */
async function write(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'simgan-'));
  const file = join(folder, 'features.safetensors');
  const strides = layers.map(({ stride }) => stride).join();
  await saveWeights(file, { ...state.network, variables: kept }, { strides });
  const text = (await readFile(file)).toString('base64');
  await rm(folder, { recursive: true });
  const module = new URL('../packages/plugin-eyes/src/features/eye-features-weights.ts', import.meta.url);
  await writeFile(
    module,
    `// Written by bench/eye-features.ts.\n\n/** A safetensors file in base64. */\nexport const eyeFeaturesWeights: string =\n  '${text}';\n`,
  );
  say(`written: ${module.pathname}`);
}
