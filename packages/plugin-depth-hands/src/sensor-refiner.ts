import { createRng, type NetworkBuilder, type Refiner } from '@simgan/core';
import { type Convolution, convolution } from '@simgan/core/networks';
import * as tf from '@tensorflow/tfjs-core';
import { cubeOf, networkValues } from './hand-image.ts';
import { EDGE_MM } from './sensor/structured-light.ts';

/** Options for {@link sensorRefiner}. */
export interface SensorRefinerOptions {
  /** Feature maps in every hidden layer. */
  readonly width: number;
  /** ResNet blocks of two convolutions. */
  readonly blocks: number;
  /** Side of the first convolution's kernel in pixels; those of the blocks are 3. */
  readonly stem: number;
  /** The largest error of a depth, mm. */
  readonly reach: number;
  /** Channels of noise, normal with standard deviation 1. */
  readonly noiseChannels: number;
}

/** The lead of the score of an unchanged pixel in the untrained network. */
const STAY = 4;
/** Scores lie between this and its negative, so that no choice becomes too certain to be unlearned. */
const MOST = 6;
/**
 * How fast scores follow the last layer. A discriminator that has seen no holes in refined pictures takes every hole for
 * real and rewards them everywhere; faster scores turn all of the background into holes before it has seen any.
 */
const PACE = 0.3;
/**
 * How much of the first noise channel is added to the score of a hole, and subtracted from those of the neighbors. With
 * half of it, similar pixels became holes all at once, and then none again; with this their share grows smoothly with
 * the scores.
 */
const CHANCE = 1.2;
/**
 * A bound that no score overrides: a pixel at the edge of a surface is lost only where the first noise channel is above
 * this, 20 of 100 pixels. Sensors lose as many, and whole outlines cannot be lost.
 */
const LOST_AT_EDGES = 0.85;
/** As above, for showing a neighbor: where that channel is below the negative of this, 12 of 100 pixels. */
const MIXED_AT_EDGES = 1.2;
/** As above, for losing background far from any surface: 16 of 100 pixels. */
const FAR_OFF = 1;
/** How far shadows reach, in mm: the distance between projector and camera of the first Kinect. */
const SHADOW_MM = 75;
/** The gradient is that of scores divided by this, so that a certain choice can still be unlearned. */
const TEMPERATURE = 3;
/** What a pixel may show: itself, the nearest and the farthest of its neighbors, a hole. */
const CHOICES = 4;

/**
 * A refiner that can do to depth what a sensor does, and nothing else, so that how far labels may move is bounded by
 * construction and not only by a weight in a loss.
 *
 * - Depth changes by at most `reach` mm, with a mean of 0 over a picture: a hand does not move as a whole.
 * - A pixel at the edge of a surface may show the nearest or the farthest of its eight neighbors, as a sensor sees edges
 *   a pixel aside, or become a hole; but only at random pixels, so that outlines fray and do not move.
 * - Background may be lost wherever the shadow of a surface may fall, and elsewhere at random pixels.
 *
 * So surfaces appear and disappear only at their edges, by one pixel; anything farther away stays background or becomes a
 * hole.
 *
 * The trunk is the paper's: a convolution and ResNet blocks. Its five outputs are the error of depth and four
 * scores, of which the highest is taken; the gradient is that of a softmax ("straight through": Bengio, Léonard
 * and Courville, 2013). Untrained it changes next to nothing.
 *
 * Building it for a form that `handImage` does not return throws SimganError INVALID_ARGUMENT.
 */
export function sensorRefiner(options: SensorRefinerOptions): NetworkBuilder<Refiner> {
  const { width, blocks, stem, reach, noiseChannels } = options;
  return (image, seed) => {
    const { background, deepest, hole, perMillimeter } = networkValues(image);
    const shadow = Math.round((SHADOW_MM / cubeOf(image)) * image.width);
    const rng = createRng(seed).fork('sensor refiner');
    const layer = (name: string, kernel: number, inputs: number, filters: number, start: 'he' | 'zeros') =>
      convolution(name, { kernel, inputs, filters }, rng.fork(name), {
        initializer: start,
        padding: 'reflect',
      });
    const first = layer('stem', stem, 1 + noiseChannels, width, 'he');
    const trunk = Array.from({ length: blocks }, (_, block): [Convolution, Convolution] => [
      layer(`block${block}/a`, 3, width, width, 'he'),
      layer(`block${block}/b`, 3, width, width, 'zeros'),
    ]);
    const last = convolution(
      'measured',
      { kernel: 1, inputs: width, filters: 1 + CHOICES },
      rng.fork('measured'),
      {
        initializer: { std: 1e-3 },
      },
    );
    const variables = [first, ...trunk.flat(), last].flatMap((convolution) => convolution.variables);

    /** What each pixel may show, in the order of its scores; itself where the first noise channel forbids others. */
    const choicesOf = (batch: tf.Tensor4D, chance: tf.Tensor4D) => {
      const nearest = tf.neg(tf.maxPool(tf.neg(batch) as tf.Tensor4D, 3, 1, 'same'));
      const farthest = tf.maxPool(tf.minimum(batch, background) as tf.Tensor4D, 3, 1, 'same');
      const isEdge = tf.greater(tf.sub(farthest, nearest), EDGE_MM * perMillimeter);
      const isSurface = tf.less(batch, deepest);
      const isMixed = tf.logicalAnd(isEdge, tf.less(chance, -MIXED_AT_EDGES));
      const mayFade = tf.logicalAnd(isEdge, tf.greater(chance, LOST_AT_EDGES));
      const mayLieInShadow = tf.logicalOr(isNear(isSurface, shadow), tf.greater(chance, FAR_OFF));
      const isLost = tf.logicalOr(
        tf.logicalAnd(isSurface, mayFade),
        tf.logicalAnd(tf.logicalNot(isSurface), mayLieInShadow),
      );
      const others = [
        tf.where(isMixed, nearest, batch),
        tf.where(isMixed, farthest, batch),
        tf.where(isLost, tf.fill(batch.shape, hole), batch),
      ];
      return tf.concat([batch, ...others], 3);
    };

    return {
      noiseChannels,
      // The mean of the errors is taken over the whole picture.
      receptiveField: image.width,
      variables,
      apply(batch, noise) {
        let features: tf.Tensor4D = tf.relu(first.apply(noise ? tf.concat([batch, noise], 3) : batch));
        for (const [a, b] of trunk) {
          const change: tf.Tensor4D = tf.add(b.apply(tf.relu(a.apply(features))), features);
          features = tf.relu(change);
        }
        const outputs = last.apply(features);
        const output = (index: number, count: number): tf.Tensor4D =>
          tf.slice(outputs, [0, 0, 0, index], [-1, -1, -1, count]);
        const error = tf.tanh(output(0, 1));
        const score = (index: number, count: number) =>
          tf.mul(tf.tanh(tf.mul(output(index, count), PACE / MOST)), MOST) as tf.Tensor4D;
        const chance: tf.Tensor4D = noise
          ? tf.slice(noise, [0, 0, 0, 0], [-1, -1, -1, 1])
          : tf.zerosLike(batch);
        const bonus = tf.mul(chance, CHANCE);
        const scores = tf.concat(
          [tf.add(score(1, 1), STAY), tf.sub(score(2, 2), bonus), tf.add(score(4, 1), bonus)],
          3,
        ) as tf.Tensor4D;
        const shown = choicesOf(batch, chance);
        const chosen: tf.Tensor4D = tf.sum(tf.mul(highest(scores), shown), 3, true);
        const isDepth = isLess(chosen, deepest);
        // Half of the reach: an error and the mean may differ by 2.
        const millimeters = tf.mul(withoutMean(error, isDepth), (reach / 2) * perMillimeter);
        const measured = tf.add(chosen, tf.mul(isDepth, millimeters));
        return tf.clipByValue(measured, -1, 1) as tf.Tensor4D;
      },
      dispose: () => tf.dispose(variables),
    };
  };
}

/** Dilates a mask by `pixels` along rows and columns. */
function isNear(mask: tf.Tensor, pixels: number): tf.Tensor {
  const along = (image: tf.Tensor4D, size: [number, number]) => tf.maxPool(image, size, 1, 'same');
  const side = 2 * pixels + 1;
  const rows = along(tf.cast(mask, 'float32') as tf.Tensor4D, [side, 1]);
  return tf.greater(along(rows, [1, side]), 0);
}

/** Subtracts the mean over those pixels of each picture that count. */
function withoutMean(error: tf.Tensor4D, counts: tf.Tensor4D): tf.Tensor4D {
  const total = tf.sum(tf.mul(error, counts), [1, 2], true);
  return tf.sub(error, tf.div(total, tf.add(tf.sum(counts, [1, 2], true), 1e-6)));
}

/** 1 for the highest of the last axis and 0 for the others, with the gradient of the softmax. */
function highest(scores: tf.Tensor4D): tf.Tensor4D {
  const choose = tf.customGrad((x, save) => {
    const values = x as tf.Tensor4D;
    const isHighest = tf.cast(tf.greaterEqual(values, tf.max(values, 3, true)), 'float32');
    (save as (tensors: tf.Tensor[]) => void)([tf.softmax(tf.div(values, TEMPERATURE))]);
    return {
      // Ties share the choice.
      value: tf.div(isHighest, tf.sum(isHighest, 3, true)),
      gradFunc: (dy, saved) => {
        const [soft] = saved as [tf.Tensor4D];
        const weighted = tf.mul(dy as tf.Tensor4D, soft);
        return tf.sub(weighted, tf.mul(soft, tf.sum(weighted, 3, true)));
      },
    };
  });
  return choose(scores) as tf.Tensor4D;
}

/** 1 where a value is less than another, without a gradient. */
function isLess(batch: tf.Tensor4D, than: number): tf.Tensor4D {
  const compare = tf.customGrad((x) => ({
    value: tf.cast(tf.less(x as tf.Tensor4D, than), 'float32'),
    gradFunc: (dy) => tf.zerosLike(dy as tf.Tensor4D),
  }));
  return compare(batch) as tf.Tensor4D;
}
