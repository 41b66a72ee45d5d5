import * as tf from '@tensorflow/tfjs-core';
import { classProbabilities, type EstimatorAnswer } from '../src/evaluation/index.ts';
import {
  createImage,
  createRng,
  type Dataset,
  type Estimator,
  estimatorNetwork,
  mapDataset,
  type Rng,
  type Sample,
  type SizedForm,
  simulate,
} from '../src/index.ts';

/** Which way the bar lies, and where its middle is, pixels. */
export interface BarAnnotation {
  readonly way: 0 | 1;
  readonly at: readonly [x: number, y: number];
}

export type Bars = Dataset<Sample<BarAnnotation>>;

export const barImage: SizedForm = { width: 10, height: 10, channels: 1, bits: 8 };

/** Clean pictures of a bright bar that lies or stands. */
export function bars(seed: number, length: number): Bars {
  return simulate(drawBar, { seed, length });
}

/** What a camera makes of pictures: shadows from one side and some noise. */
export function photographed(set: Bars, seed: number): Bars {
  return changed(set, seed, (value, rng, index) => {
    const light = rng.fork('light');
    const [right, down] = [35 * light.normal(), 35 * light.normal()];
    return (
      100 +
      0.6 * (value - 100) +
      right * ((index % 10) / 4.5 - 1) +
      down * (Math.floor(index / 10) / 4.5 - 1) +
      6 * rng.normal()
    );
  });
}

/** Changes every value of every picture. */
export function changed(
  set: Bars,
  seed: number,
  change: (value: number, rng: Rng, index: number) => number,
): Bars {
  return mapDataset(set, (sample, index) => {
    const rng = createRng(seed).fork(index);
    const data = sample.image.data.map((value, i) => Math.min(255, Math.max(0, change(value, rng, i))));
    return { ...sample, image: { ...sample.image, data } };
  });
}

function drawBar(rng: Rng) {
  const way = rng.int(2) as 0 | 1;
  const at = [3 + 4 * rng.next(), 3 + 4 * rng.next()] as const;
  const image = createImage(barImage);
  for (const index of image.data.keys()) {
    const [dx, dy] = [(index % 10) + 0.5 - at[0], Math.floor(index / 10) + 0.5 - at[1]];
    const [along, across] = way === 0 ? [dx, dy] : [dy, dx];
    image.data[index] = 70 + 110 * Math.exp(-((along / 3) ** 2) - across ** 2);
  }
  return { image, annotation: { way, at } };
}

const wayAnswer: EstimatorAnswer<BarAnnotation> = {
  kind: 'class',
  classes: ['lying', 'standing'],
  probabilities: (output) => classProbabilities(output),
  truth: ({ way }) => way,
};

/** Which way the bar lies. */
export const barWay: Estimator<BarAnnotation> = {
  name: 'way of a bar',
  unit: 'error rate',
  within: 0,
  outputShape: [1, 1, 2],
  network: estimatorNetwork([{ convolution: 3, stride: 2, filters: 8 }, { dense: 12 }, { dense: 2 }]),
  recipe: { steps: 160, batchSize: 16, optimizer: { kind: 'adam' }, learningRate: 0.01 },
  target: ({ way }) => Float32Array.of(1 - way, way),
  loss: (output, target) => tf.losses.softmaxCrossEntropy(target, output) as tf.Scalar,
  errors: ([lying = 0, standing = 0], { way }) => [Number(standing > lying) === way ? 0 : 1],
  answer: wayAnswer,
};

/** Where the middle of the bar is. */
export const barPlace: Estimator<BarAnnotation> = {
  ...barWay,
  name: 'place of a bar',
  unit: 'px',
  within: 1,
  target: ({ at: [x, y] }) => Float32Array.of(x / 5 - 1, y / 5 - 1),
  loss: (output, target) => tf.losses.meanSquaredError(target, output) as tf.Scalar,
  errors: ([x = 0, y = 0], { at }) => [Math.hypot(5 * (x + 1) - at[0], 5 * (y + 1) - at[1])],
  answer: {
    kind: 'points',
    count: 1,
    dimensions: 2,
    points: (output) => output,
    truth: ({ at: [x, y] }) => [x / 5 - 1, y / 5 - 1],
  },
};
