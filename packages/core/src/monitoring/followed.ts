import type * as tf from '@tensorflow/tfjs-core';
import { type Dataset, datasetOf, itemsOf, spreadItems } from '../dataset.ts';
import type { Step } from '../engine/engine.ts';
import { measureLabelPreservation, type QuantityPreservation } from '../evaluation/label-preservation.ts';
import type { LabelProbe } from '../evaluation/label-probe.ts';
import type { HostTensor } from '../host-tensor.ts';
import { decodeImages, encodeImages, hasSize, type Image } from '../image.ts';
import type { Warping } from '../networks/network.ts';
import { noiseKey, pixelNoise } from '../refining/pixel-noise.ts';
import { refineStep } from '../refining/refine-step.ts';
import { createRng } from '../rng.ts';
import type { Sample } from '../sample.ts';
import { cropsOf, type Training } from '../training/training.ts';
import { type Changes, measureChanges } from './changes.ts';

/** Options for {@link followPictures}. */
export interface FollowOptions<Annotation> {
  readonly training: Training;
  /** Pictures before matching; best of all some that are not trained on. */
  readonly synthetic: Dataset<Sample<Annotation>>;
  /** Measures labels in whole pictures; in crops they are elsewhere. Default: labels are not measured. */
  readonly probe?: LabelProbe<Annotation> | undefined;
  /** Most pictures, spread over the set. Default: the recipe's `steering.pictures`, or 128. */
  readonly pictures?: number;
}

/** The pictures that a training is followed by. */
export interface Followed<Annotation = unknown> {
  /** Most pictures. */
  readonly limit: number;
  /** The crops that networks see, before and after matching, in one order. Drawn once, when they are first asked for. */
  pictures(): Promise<FollowedPictures<Annotation>>;
  /**
   * Refines them with the averaged weights as they are now, and measures what that changed. Changes nothing of the
   * training. Asked again before the training moves on, it gives the same without computing it again.
   */
  refine(): Promise<FollowedMoment>;
  dispose(): Promise<void>;
}

/** The followed pictures before refinement. */
export interface FollowedPictures<Annotation = unknown> {
  readonly drawn: readonly Sample<Annotation>[];
  readonly matched: readonly Sample<Annotation>[];
}

/** What the refiner makes of the followed pictures at one moment of its training. */
export interface FollowedMoment {
  readonly refined: readonly Image[];
  /** What refinement changed, relative to the matched pictures; if things moved, to these after they were moved. */
  readonly changes: Changes;
  /** How far labels moved in the same comparison, by the probe's quantities; `undefined` where nothing measures them. */
  readonly labels: Readonly<Record<string, QuantityPreservation>> | undefined;
}

const PICTURES = 128;

/**
 * Follows a training by the same pictures: looks judge them, and a timeline shows them.
 *
 * @example
 * const followed = followPictures({ training, synthetic });
 * for await (const { step } of train(training)) {
 *   if (step % 100 === 0) console.log(step, (await followed.refine()).changes.moved);
 * }
 * await followed.dispose();
 */
export function followPictures<Annotation>(options: FollowOptions<Annotation>): Followed<Annotation> {
  const { training } = options;
  const { engine, form, image, recipe, seed, averagedRefiner, matcher } = training;
  const { pictures: limit = recipe.steering?.pictures ?? PICTURES } = options;
  const isWhole = hasSize(image) && image.width === form.width && image.height === form.height;
  const probe = isWhole && options.probe ? remembering(options.probe) : undefined;
  const { warping, noiseChannels } = averagedRefiner;
  const rng = createRng(seed).fork('refine');
  // What a refiner that moves things made of a picture is compared with the picture after it was moved.
  const refine = engine.compile(warping ? movedStep(warping) : refineStep(averagedRefiner));

  const draw = async (): Promise<FollowedPictures<Annotation>> => {
    const whole = await itemsOf(spreadItems(options.synthetic, limit));
    const crops = (samples: readonly Sample<Annotation>[]) =>
      itemsOf(cropsOf(datasetOf(samples), form, seed));
    return { drawn: await crops(whole), matched: await crops(whole.map((sample) => matcher.apply(sample))) };
  };
  let drawing: ReturnType<typeof draw> | undefined;
  const pictures = () => {
    drawing ??= draw();
    return drawing;
  };

  async function refineAll(samples: readonly Sample<Annotation>[]) {
    const refined: Image[] = [];
    const moved: Image[] = [];
    for (const batch of batchesOf(samples, recipe.batchSize)) {
      const window = { left: 0, top: 0, width: form.width, height: form.height };
      const noise = batch.map(({ id }) => ({ key: noiseKey(rng.fork(id)), window }));
      const outputs: { refined: HostTensor; moved?: HostTensor } = await refine.run({
        synthetic: encodeImages(
          batch.map((sample) => sample.image),
          form,
        ),
        ...(noiseChannels > 0 && { noise: pixelNoise(noise, noiseChannels) }),
      });
      refined.push(...decodeImages(outputs.refined, form));
      if (outputs.moved) moved.push(...decodeImages(outputs.moved, form));
    }
    const compared = warping ? moved : samples.map((sample) => sample.image);
    return { refined: refined.slice(0, samples.length), compared: compared.slice(0, samples.length) };
  }

  const measure = async (): Promise<FollowedMoment> => {
    const { matched } = await pictures();
    const { refined, compared } = await refineAll(matched);
    const pairs = matched.map((sample, n) => ({
      synthetic: { ...sample, image: compared[n]! },
      refined: { id: sample.id, image: refined[n]! },
    }));
    return {
      refined,
      changes: measureChanges(compared, refined, form),
      labels: probe && (await measureLabelPreservation(pairs, probe)).quantities,
    };
  };
  let last: { readonly at: string; readonly moment: Promise<FollowedMoment> } | undefined;
  return {
    limit,
    pictures,
    refine() {
      // A training that was rolled back comes to the same steps again, with a lower rate.
      const at = `${training.step} ${training.learningRate}`;
      if (last?.at !== at) last = { at, moment: measure() };
      return last.moment;
    },
    dispose: () => refine.dispose(),
  };
}

/** A probe that measures each picture once: those before refinement are the same at every moment. */
function remembering<Annotation>(probe: LabelProbe<Annotation>): LabelProbe<Annotation> {
  const measured = new WeakMap<Image, ReturnType<typeof probe.measure>>();
  return {
    ...probe,
    measure(image, annotation) {
      const known = measured.get(image) ?? probe.measure(image, annotation);
      measured.set(image, known);
      return known;
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
