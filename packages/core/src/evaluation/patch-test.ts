import * as tf from '@tensorflow/tfjs-core';
import { type Dataset, halve } from '../dataset.ts';
import type { Engine } from '../engine/engine.ts';
import { SimganError } from '../errors.ts';
import { type HostTensor, hostScalar } from '../host-tensor.ts';
import { cropImage, encodeImages, type Image, type SizedForm } from '../image.ts';
import { patchDiscriminator } from '../networks/discriminator.ts';
import { buildNetwork } from '../networks/variables.ts';
import { createRng, type Rng } from '../rng.ts';
import type { RealImage } from '../sample.ts';
import { discriminatorLoss } from '../training/losses.ts';
import { createOptimizer, createOptimizerState, minimize } from '../training/optimizer.ts';
import { clusteredAuc } from './clustered-auc.ts';

/** Options for {@link patchTest}. */
export interface PatchTestOptions {
  readonly image: SizedForm;
  readonly engine: Engine;
  readonly seed: number;
  /** Training steps of the classifier. Default: 300. */
  readonly steps?: number;
  /** Maximum number of pictures of each set that are used. Default: 1000. */
  readonly limit?: number;
  /** Stops the test between two steps with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How well a classifier distinguishes two sets on held-out crops. */
export interface PatchTestResult {
  /** The mean of the accuracies on both sets: 0.5 is guessing, 1 is certain. */
  readonly balancedAccuracy: number;
  /**
   * The area under the ROC curve, which depends on no threshold: the probability that a crop of the first set scores
   * higher than one of the second. 0.5 is guessing, 1 is certain.
   */
  readonly auc: number;
  /**
   * Where the area lies with 95 % confidence for this classifier and other pictures: crops of one picture count as one
   * observation. What another classifier would find is not in it.
   */
  readonly interval: { readonly low: number; readonly high: number };
  /** Held-out pictures of the first and the second set that were told apart. */
  readonly pictures: readonly [first: number, second: number];
}

const CROP = 15;
const BATCH = 32;
/** Crops of each held-out picture that are classified. */
const VIEWS = 6;
const LEARNING_RATE = 1e-3;

/** Its receptive field is 15x15 pixels. */
const classifier = patchDiscriminator([
  { convolution: 3, stride: 2, filters: 16 },
  { convolution: 3, stride: 2, filters: 32 },
  { convolution: 3, filters: 32 },
]);

/**
 * A classifier two-sample test (C2ST; Lopez-Paz and Oquab, 2017) on crops of 15x15 pixels, about the scale of what a
 * refiner may change: a whole picture is recognizable by its composition, which refinement preserves. A small network
 * is trained on crops of half of the pictures and tested on crops of the held-out half.
 *
 * Run it on two halves of the real pictures too: that result is what a perfect refiner would get.
 *
 * @throws SimganError NOT_ENOUGH_DATA if there are fewer than four pictures in either set; the signal's reason.
 */
export async function patchTest(
  first: Dataset<RealImage>,
  second: Dataset<RealImage>,
  { image, engine, seed, steps = 300, limit = 1000, signal }: PatchTestOptions,
): Promise<PatchTestResult> {
  const side = Math.min(CROP, image.width, image.height);
  const form: SizedForm = { ...image, width: side, height: side };
  const rng = createRng(seed).fork('patch test');
  const [a, b] = [await splitPictures(first, limit, seed), await splitPictures(second, limit, seed)];
  const network = buildNetwork(classifier, form, seed);
  const optimizer = createOptimizer({ kind: 'adam' });
  const state = createOptimizerState(optimizer, 'patch-test', network.variables);
  const learn = engine.compile(({ second, first, learningRate }) =>
    minimize(
      () => ({
        loss: discriminatorLoss(network.apply(second as tf.Tensor4D), network.apply(first as tf.Tensor4D)),
      }),
      { optimizer, parameters: network.variables, state, learningRate: learningRate as tf.Scalar },
    ),
  );
  // The first set is the discriminator's class "real": the margin is its mean logit over a crop's patches, less that
  // of the other class.
  const judge = engine.compile(({ crops }) => {
    const mean = tf.mean(network.apply(crops as tf.Tensor4D), [1, 2]);
    const column = (index: number) => tf.slice(mean, [0, index], [-1, 1]);
    return { margin: tf.sub(column(0), column(1)) };
  });
  try {
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      const draw = rng.fork('learn').fork(step);
      await learn.run({
        first: randomCrops(a.learned, draw.fork('first'), form),
        second: randomCrops(b.learned, draw.fork('second'), form),
        learningRate: hostScalar(LEARNING_RATE),
      });
    }
    const margins = async (pictures: readonly Image[], draw: Rng): Promise<number[][]> => {
      const found: number[][] = pictures.map(() => []);
      const crop = (view: number) => {
        const picture = pictures[view % pictures.length]!;
        return randomCrop(picture, draw.fork(view), form);
      };
      for (let view = 0; view < VIEWS * pictures.length; view += BATCH) {
        signal?.throwIfAborted();
        const crops = Array.from({ length: BATCH }, (_, i) => crop(view + i));
        const { margin } = await judge.run({ crops: encodeImages(crops, form) });
        // The last batch is filled up with crops that are not counted.
        const count = Math.min(BATCH, VIEWS * pictures.length - view);
        for (let i = 0; i < count; i++) found[(view + i) % pictures.length]!.push(margin!.data[i]!);
      }
      return found;
    };
    return compareMargins(
      await margins(a.heldOut, rng.fork('judge first')),
      await margins(b.heldOut, rng.fork('judge second')),
    );
  } finally {
    await learn.dispose();
    await judge.dispose();
    network.dispose();
    tf.dispose(state);
  }
}

async function splitPictures(dataset: Dataset<RealImage>, limit: number, seed: number) {
  if (dataset.length < 4) {
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `A set of ${dataset.length} pictures is too small for the patch test, which needs at least four of each. Add pictures.`,
    );
  }
  const [learned, heldOut] = await Promise.all(
    halve(dataset, seed).map((half) => {
      const count = Math.min(Math.ceil(limit / 2), half.length);
      return Promise.all(Array.from({ length: count }, async (_, index) => (await half.at(index)).image));
    }),
  );
  return { learned: learned!, heldOut: heldOut! };
}

function randomCrops(pictures: readonly Image[], rng: Rng, form: SizedForm): HostTensor {
  const crops = Array.from({ length: BATCH }, (_, i) => {
    const draw = rng.fork(i);
    return randomCrop(pictures[draw.int(pictures.length)]!, draw, form);
  });
  return encodeImages(crops, form);
}

function randomCrop(picture: Image, rng: Rng, form: SizedForm): Image {
  const left = rng.int(picture.width - form.width + 1);
  const top = rng.int(picture.height - form.height + 1);
  return cropImage(picture, { left, top, width: form.width, height: form.height });
}

/** The result for the margins of each picture's crops, which should be positive, or negative. */
function compareMargins(
  positive: readonly (readonly number[])[],
  negative: readonly (readonly number[])[],
): PatchTestResult {
  const right = (margins: readonly number[], sign: 1 | -1) =>
    margins.filter((margin) => sign * margin > 0).length / margins.length;
  const balancedAccuracy = (right(positive.flat(), 1) + right(negative.flat(), -1)) / 2;
  return {
    balancedAccuracy,
    ...clusteredAuc(positive, negative),
    pictures: [positive.length, negative.length],
  };
}
