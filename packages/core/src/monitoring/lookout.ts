import type * as tf from '@tensorflow/tfjs-core';
import { type Dataset, halve, spreadItems } from '../dataset.ts';
import type { Step } from '../engine/engine.ts';
import { measureLabelPreservation } from '../evaluation/label-preservation.ts';
import type { LabelProbe } from '../evaluation/label-probe.ts';
import type { HostTensor } from '../host-tensor.ts';
import { decodeImages, encodeImages, type Image } from '../image.ts';
import { imageFeatures } from '../measures/image-features.ts';
import { kernelDistance } from '../measures/kernel-distance.ts';
import type { Warping } from '../networks/network.ts';
import { noiseKey, pixelNoise } from '../refining/pixel-noise.ts';
import { refineStep } from '../refining/refine-step.ts';
import { createRng } from '../rng.ts';
import type { RealImage, Sample } from '../sample.ts';
import { patchAccuracy } from '../training/losses.ts';
import type { TrainStep } from '../training/train.ts';
import { cropsOf, type Training } from '../training/training.ts';
import { measureChanges } from './changes.ts';
import type { LabelSignal, Signals } from './signals.ts';

/** Options for {@link createLookout}. */
export interface LookoutOptions<Annotation> {
  readonly training: Training;
  /** Synthetic pictures to look at, before matching; best of all some that are not trained on. */
  readonly synthetic: Dataset<Sample<Annotation>>;
  /** Real pictures that are not trained on: the control. Default: one half of those trained on, against the other. */
  readonly heldOut?: Dataset<RealImage> | undefined;
  /** Measures labels in the pictures. Default: labels are not measured. */
  readonly probe?: LabelProbe<Annotation> | undefined;
  /** Most pictures of each set. Default: the recipe's `steering.pictures`, or 128. */
  readonly pictures?: number;
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

const PICTURES = 128;

/**
 * Prepares looks at a training: renders and reads its held-out pictures once, and measures what does not change.
 *
 * @example
 * const lookout = await createLookout({ training, synthetic });
 * for await (const step of train(training)) {
 *   if (step.phase === 'adversarial' && step.step % 100 === 0) console.log(await lookout.look(step));
 * }
 * await lookout.dispose();
 */
export async function createLookout<Annotation>(options: LookoutOptions<Annotation>): Promise<Lookout> {
  const { training, probe } = options;
  const { engine, form, recipe, seed, averagedRefiner, matcher } = training;
  const { pictures: limit = recipe.steering?.pictures ?? PICTURES } = options;
  const samples = await collect(cropsOf(matcher.match(spreadItems(options.synthetic, limit)), form, seed));
  const synthetic = samples.map(({ image }) => image);
  const known = cropsOf(training.real, form, seed);
  const [reference, control] = options.heldOut
    ? [known, cropsOf(options.heldOut, form, seed)]
    : halve(known, seed);
  const featuresOf = (images: readonly Image[]) => images.map((image) => imageFeatures(image, form));
  const real = featuresOf(await imagesOf(reference, limit));
  const heldOut = await imagesOf(control, limit);
  const before = {
    distanceBefore: kernelDistance(featuresOf(synthetic), real),
    distanceControl: kernelDistance(featuresOf(heldOut), real),
  };
  const rng = createRng(seed).fork('refine');
  // What a refiner that moves things made of a picture is compared with the picture after it was moved.
  const { warping } = averagedRefiner;
  const refine = engine.compile(warping ? movedStep(warping) : refineStep(averagedRefiner));
  const judge = engine.compile(({ images }) => ({
    accuracy: patchAccuracy(training.discriminator.network.apply(images as tf.Tensor4D), 'real'),
  }));
  const { noiseChannels } = averagedRefiner;

  async function refined(): Promise<{ images: Image[]; compared: readonly Image[] }> {
    const images: Image[] = [];
    const moved: Image[] = [];
    for (const batch of batchesOf(samples, recipe.batchSize)) {
      const window = { left: 0, top: 0, width: form.width, height: form.height };
      const noise = batch.map(({ id }) => ({ key: noiseKey(rng.fork(id)), window }));
      const outputs: { refined: HostTensor; moved?: HostTensor } = await refine.run({
        synthetic: encodeImages(
          batch.map(({ image }) => image),
          form,
        ),
        ...(noiseChannels > 0 && { noise: pixelNoise(noise, noiseChannels) }),
      });
      images.push(...decodeImages(outputs.refined, form));
      if (outputs.moved) moved.push(...decodeImages(outputs.moved, form));
    }
    const compared = warping ? moved.slice(0, samples.length) : synthetic;
    return { images: images.slice(0, samples.length), compared };
  }

  async function accuracyOnHeldOut(): Promise<number | undefined> {
    if (!options.heldOut || heldOut.length < recipe.batchSize) return undefined;
    const found: number[] = [];
    for (let start = 0; start + recipe.batchSize <= heldOut.length; start += recipe.batchSize) {
      const images = encodeImages(heldOut.slice(start, start + recipe.batchSize), form);
      found.push((await judge.run({ images })).accuracy!.data[0]!);
    }
    return found.reduce((sum, accuracy) => sum + accuracy, 0) / found.length;
  }

  async function labels(
    images: readonly Image[],
    compared: readonly Image[],
  ): Promise<LabelSignal | undefined> {
    const name = probe && Object.keys(probe.quantities)[0];
    if (!probe || name === undefined) return undefined;
    const pairs = samples.map((sample, n) => ({
      synthetic: { ...sample, image: compared[n]! },
      refined: { id: sample.id, image: images[n]! },
    }));
    const { quantities } = await measureLabelPreservation(pairs, probe);
    const { unit, shift, lost } = quantities[name]!;
    const found = shift.count + lost;
    return { unit, median: shift.median, p95: shift.p95, lost: found > 0 ? lost / found : 0, found };
  }

  return {
    async look({ step, refiner, discriminator }) {
      const { images, compared } = await refined();
      return {
        step,
        ...measureChanges(compared, images, form),
        distance: kernelDistance(featuresOf(images), real),
        ...before,
        lambda: refiner.lambda,
        regularization: refiner.regularization,
        discriminatorLoss: discriminator.loss,
        accuracyOnRefined: discriminator.accuracyOnRefined,
        accuracyOnReal: discriminator.accuracyOnReal,
        accuracyOnHeldOut: await accuracyOnHeldOut(),
        labels: await labels(images, compared),
      };
    },
    async dispose() {
      await refine.dispose();
      await judge.dispose();
    },
  };
}

function movedStep({ refine }: Warping): Step<'refined' | 'moved'> {
  return ({ synthetic, noise }) => {
    const { refined, moved } = refine(synthetic as tf.Tensor4D, noise as tf.Tensor4D | undefined);
    return { refined, moved };
  };
}

/** Batches of one size; the last is filled up with its last item, so that one compiled program serves all. */
function* batchesOf<Item>(items: readonly Item[], size: number): Generator<Item[]> {
  for (let start = 0; start < items.length; start += size) {
    yield Array.from({ length: size }, (_, i) => items[Math.min(start + i, items.length - 1)]!);
  }
}

async function imagesOf(dataset: Dataset<RealImage>, limit: number): Promise<Image[]> {
  return (await collect(spreadItems(dataset, limit))).map(({ image }) => image);
}

async function collect<Item>(dataset: Dataset<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of dataset) items.push(item);
  return items;
}
