/**
 * @file Trains the weights of `eyeFeatures` in @simgan/plugin-eyes: a network that estimates gaze and landmarks of
 * simulated eyes, of which the first layers are kept.
 *
 *     node --conditions=@simgan/source --import tsx scripts/eye-features.ts
 *     node --conditions=@simgan/source --import tsx scripts/eye-features.ts --quick      # a smoke test, writes nothing
 *
 * Options: `--out FILE` (default: packages/plugin-eyes/src/features/eye-features-weights.ts), `--quick`.
 *
 * Needs nothing but the simulators, and takes some minutes on one core; the same seed gives the same file on the same
 * machine. Rerun it only when the simulators or the layers change.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  cacheItems,
  createDataset,
  createRng,
  type Dataset,
  type Estimator,
  encodeImages,
  type Image,
  mapDataset,
  type NetworkBuilder,
  type Sample,
  simulate,
} from '@simgan/core';
import {
  createEstimatorState,
  squaredDistanceLoss,
  testEstimator,
  trainEstimator,
} from '@simgan/core/evaluation';
import { type Convolution, convolution } from '@simgan/core/networks';
import { createEngine, saveWeights } from '@simgan/node';
import { type CompleteEyeAnnotation, eyes } from '@simgan/plugin-eyes';
import * as tf from '@tensorflow/tfjs-core';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, out: { type: 'string' } },
});
const { quick } = options;
const SEED = 1;
/** Images of each of the two renderers, so that the features know both a clean image and a sensor's. */
const IMAGES = quick ? 200 : 4000;
const UNSEEN = quick ? 150 : 1000;
/** The number of steps in total at the end of each stage, and the stage's learning rate. */
const SCHEDULE = [
  { steps: quick ? 20 : 1100, learningRate: 0.001 },
  { steps: quick ? 30 : 1500, learningRate: 0.0002 },
];

/** The layers that are kept. */
const layers = [
  { kernel: 3, stride: 1, inputs: 1, filters: 16 },
  { kernel: 3, stride: 2, inputs: 16, filters: 24 },
  { kernel: 3, stride: 1, inputs: 24, filters: 32 },
];

const { image, simulator, standIn } = eyes();
type Annotation = CompleteEyeAnnotation;

/** The target, each value roughly in [-1, 1]: gaze, openness, pupil, iris, 8 points on the iris, lid margins. */
function targetOf({ gaze, pupilCenter, irisCenter, iris, lidMargin, openness }: Annotation): Float32Array {
  const points = [pupilCenter, irisCenter, ...iris.filter((_, i) => i % 4 === 0), ...lidMargin];
  return Float32Array.of(
    ...[gaze.pitch / 0.6, gaze.yaw / 0.8, 2 * openness - 1],
    ...points.flatMap(([x, y]) => [(2 * x) / image.width - 1, ((2 * y) / image.height - 1) * 0.64]),
  );
}
const OUTPUTS = 3 + 2 * (2 + 8 + 16);

/** The layers that are kept, and above them those that turn features into estimates. */
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

/** The error of the pupil's center, pixels. */
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

/** Random exposure, contrast and noise, on which the features should not depend. */
function inOtherLight(samples: Dataset<Sample<Annotation>>, seed: number): Dataset<Sample<Annotation>> {
  return mapDataset(samples, (sample, index) => {
    const rng = createRng(seed).fork('light').fork(index);
    const [gamma, gain] = [2 ** (2 * rng.next() - 1), 0.5 + 0.8 * rng.next()];
    const [offset, noise] = [80 * (rng.next() - 0.5), 8 * rng.next() ** 2];
    const data = sample.image.data.map((value) =>
      Math.min(255, Math.max(0, 255 * gain * (value / 255) ** gamma + offset + noise * rng.normal())),
    );
    return { ...sample, image: { ...sample.image, data } };
  });
}

/** Eyes of both renderers in turn. */
function imagesOf(seed: number, length: number): Dataset<Sample<Annotation>> {
  const cameras = [simulator, standIn].map((camera, i) =>
    inOtherLight(simulate<Annotation>(camera, { seed: seed + i, length }), seed + i),
  );
  const both = createDataset(2 * length, (index) => cameras[index % 2]!.at(Math.floor(index / 2)));
  return cacheItems(both, { budget: both.length, sizeOf: () => 1 });
}

const { engine } = await createEngine('onnx', { threads: 1, device: 'cpu' });
const say = (text: string) => process.stderr.write(`${text}\n`);
const state = createEstimatorState(learner, image, SEED);
const samples = imagesOf(100, IMAGES);
const unseen = imagesOf(900, UNSEEN);
for (const stage of SCHEDULE) {
  const estimator = { ...learner, recipe: { ...learner.recipe, ...stage } };
  for await (const { step, loss } of trainEstimator({
    ...{ estimator, state, samples, image, engine, seed: SEED },
  })) {
    if (step % 100 === 0 || step === stage.steps) say(`step ${step}: loss ${loss.toFixed(4)}`);
  }
}
for (const estimator of [learner, pupilError]) {
  const { median, mean, unit } = await testEstimator({
    ...{ estimator, network: state.network, samples: unseen, image, engine },
  });
  say(
    `${unit === 'px' ? 'pupil' : 'gaze'} of unseen eyes: median ${median.toFixed(2)}, mean ${mean.toFixed(2)} ${unit}`,
  );
}

const kept = state.network.variables.slice(0, 2 * layers.length);
await normalizeMaps();
if (!quick || options.out !== undefined) await write();
state.dispose();
await engine.dispose();

/** Scales each map of the last layer to a mean of 1 over simulated eyes, which commutes with its ReLU. */
async function normalizeMaps(): Promise<void> {
  const images: Image[] = [];
  for (let i = 0; i < 256; i++) images.push((await unseen.at(i)).image);
  tf.tidy(() => {
    const { data, shape } = encodeImages(images, image);
    const maps = layers.reduce(
      (maps, { stride }, i) => {
        const mapped = tf.conv2d(maps, kept[2 * i] as tf.Tensor as tf.Tensor4D, stride, 'same');
        return tf.relu(tf.add(mapped, kept[2 * i + 1]!)) as tf.Tensor4D;
      },
      tf.tensor4d(data, shape as [number, number, number, number]),
    );
    const means = tf.mean(maps, [0, 1, 2]);
    // A map that is almost never active would be scaled up to noise; it is set to zero.
    const factors = tf.where(tf.greater(means, 0.02), tf.div(1, means), tf.zerosLike(means));
    say(`${tf.sum(tf.cast(tf.greater(factors, 0), 'int32')).dataSync()[0]} of ${means.size} maps are in use`);
    for (const variable of kept.slice(-2)) variable.assign(tf.mul(variable, factors));
  });
}

/** Writes the weights as a module, because plugins read no files. */
async function write(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'simgan-'));
  const file = join(folder, 'features.safetensors');
  const strides = layers.map(({ stride }) => stride).join();
  await saveWeights(file, { ...state.network, variables: kept }, engine, { strides });
  const text = (await readFile(file)).toString('base64');
  await rm(folder, { recursive: true });
  const shipped = new URL('../packages/plugin-eyes/src/features/eye-features-weights.ts', import.meta.url);
  const module = options.out ?? fileURLToPath(shipped);
  await writeFile(
    module,
    `// Written by scripts/eye-features.ts.\n\n/** A safetensors file in base64. */\nexport const eyeFeaturesWeights: string =\n  '${text}';\n`,
  );
  say(`written: ${module}`);
}
