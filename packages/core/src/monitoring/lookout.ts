import type * as tf from '@tensorflow/tfjs-core';
import { type Dataset, halve, itemsOf, spreadItems } from '../dataset.ts';
import { encodeImages, type Image } from '../image.ts';
import { imageFeatures } from '../measures/image-features.ts';
import { kernelDistance } from '../measures/kernel-distance.ts';
import type { RealImage } from '../sample.ts';
import { patchAccuracy } from '../training/losses.ts';
import type { TrainStep } from '../training/train.ts';
import { cropsOf, type Training } from '../training/training.ts';
import type { Followed, FollowedMoment } from './followed.ts';
import type { LabelSignal, Signals } from './signals.ts';

/** Options for {@link createLookout}. */
export interface LookoutOptions {
  readonly training: Training;
  /** The pictures to look at. They are the caller's to dispose of. */
  readonly followed: Followed;
  /** Real pictures that are not trained on: the control. Default: one half of those trained on, against the other. */
  readonly heldOut?: Dataset<RealImage> | undefined;
}

/** Looks at a training in progress. */
export interface Lookout {
  /**
   * The signals of the training as it is now. Changes nothing: training goes on with the same numbers as without it.
   *
   * @param step - the report of the latest adversarial step.
   */
  look(step: TrainStep & { phase: 'adversarial' }): Promise<Signals>;
  dispose(): Promise<void>;
}

/**
 * Prepares looks at a training: reads real pictures once, as many as there are followed ones, and measures what does not
 * change.
 *
 * @example
 * const followed = followPictures({ training, synthetic });
 * const lookout = await createLookout({ training, followed });
 * for await (const step of train(training)) {
 *   if (step.phase === 'adversarial' && step.step % 100 === 0) console.log(await lookout.look(step));
 * }
 * await lookout.dispose();
 * await followed.dispose();
 */
export async function createLookout(options: LookoutOptions): Promise<Lookout> {
  const { training, followed } = options;
  const { engine, form, recipe, seed } = training;
  const { matched } = await followed.pictures();
  const known = cropsOf(training.real, form, seed);
  const [reference, control] = options.heldOut
    ? [known, cropsOf(options.heldOut, form, seed)]
    : halve(known, seed);
  const imagesOf = async (dataset: Dataset<RealImage>) =>
    (await itemsOf(spreadItems(dataset, followed.limit))).map(({ image }) => image);
  const featuresOf = (images: readonly Image[]) => images.map((image) => imageFeatures(image, form));
  const real = featuresOf(await imagesOf(reference));
  const heldOut = await imagesOf(control);
  const before = {
    distanceBefore: kernelDistance(featuresOf(matched.map(({ image }) => image)), real),
    distanceControl: kernelDistance(featuresOf(heldOut), real),
  };
  const judge = engine.compile(({ images }) => ({
    accuracy: patchAccuracy(training.discriminator.network.apply(images as tf.Tensor4D), 'real'),
  }));

  async function accuracyOnHeldOut(): Promise<number | undefined> {
    if (!options.heldOut || heldOut.length < recipe.batchSize) return undefined;
    const found: number[] = [];
    for (let start = 0; start + recipe.batchSize <= heldOut.length; start += recipe.batchSize) {
      const images = encodeImages(heldOut.slice(start, start + recipe.batchSize), form);
      found.push((await judge.run({ images })).accuracy!.data[0]!);
    }
    return found.reduce((sum, accuracy) => sum + accuracy, 0) / found.length;
  }

  return {
    async look({ step, refiner, discriminator }) {
      const { refined, changes, labels } = await followed.refine();
      return {
        step,
        ...changes,
        distance: kernelDistance(featuresOf(refined), real),
        ...before,
        lambda: refiner.lambda,
        regularization: refiner.regularization,
        discriminatorLoss: discriminator.loss,
        accuracyOnRefined: discriminator.accuracyOnRefined,
        accuracyOnReal: discriminator.accuracyOnReal,
        accuracyOnHeldOut: await accuracyOnHeldOut(),
        labels: labelSignal(labels),
      };
    },
    dispose: () => judge.dispose(),
  };
}

/** What a look says of labels: the probe's first quantity. */
function labelSignal(labels: FollowedMoment['labels']): LabelSignal | undefined {
  const [first] = Object.values(labels ?? {});
  if (!first) return undefined;
  const { unit, shift, lost } = first;
  const found = shift.count + lost;
  return { unit, median: shift.median, p95: shift.p95, lost: found > 0 ? lost / found : 0, found };
}
