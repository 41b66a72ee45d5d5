import { type Convolution, convolution, createRng, type NetworkBuilder, type Refiner } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import { cubeOf, networkValues } from './hand-image.ts';
import { EDGE_MM } from './stand-in/structured-light.ts';

/** The numbers of {@link sensorRefiner}. */
export interface SensorRefinerOptions {
  /** Feature maps in every hidden layer. */
  readonly width: number;
  /** ResNet blocks of two convolutions. */
  readonly blocks: number;
  /** Side of the first convolution's kernel in pixels; those of the blocks are 3. */
  readonly stem: number;
  /** The most by which a depth may be wrong, mm. */
  readonly reach: number;
  /** Channels of noise, normal with standard deviation 1. */
  readonly noiseChannels: number;
}

/** How much more the untrained network likes a pixel to be what it is. */
const STAY = 4;
/** Scores lie between this and its negative, so that a choice never becomes so certain that nothing unlearns it. */
const MOST = 6;
/**
 * How fast scores follow the last layer. A discriminator that sees no holes in refined pictures takes every hole for
 * real and asks for them everywhere; scores that follow at once make all of the background holes before it has seen any.
 */
const PACE = 0.3;
/**
 * How much of the first noise channel is added to the score of a hole, and taken from those of the neighbours. With half
 * of it pixels that look alike became holes all at once, and then none again; with this their share grows smoothly with
 * the scores.
 */
const CHANCE = 1.2;
/**
 * What no scores can change: a pixel at the edge of a surface is lost only where the first noise channel is above this,
 * in 20 of 100. That is what sensors lose there, and whole outlines are out of reach.
 */
const LOST_AT_EDGES = 0.85;
/** As above, for showing a neighbour: where that channel is below the negative of this, in 12 of 100 pixels. */
const MIXED_AT_EDGES = 1.2;
/** As above, for losing background that is far from any surface: 16 in 100. */
const FAR_OFF = 1;
/** How far shadows reach, in mm: as far as projector and camera of the first Kinect stand apart. */
const SHADOW_MM = 75;
/** The gradient is that of scores divided by this: a choice that has become certain can still be learned away. */
const TEMPERATURE = 3;
/** What a pixel may show: itself, the nearest and the farthest of its neighbours, nothing. */
const CHOICES = 4;

/**
 * A refiner that can do to depth what a sensor does, and nothing else, so that how far labels may move is bounded by
 * construction and not only by a weight in a loss.
 *
 * - Depth is off by at most `reach` mm, to both sides alike over a picture: a hand does not move as a whole.
 * - A pixel at the edge of a surface may show the nearest or the farthest of the eight about it, as a sensor sees edges
 *   a pixel aside, or nothing; but only some of them, which chance picks, so that outlines fray and do not move.
 * - Background may be lost wherever the shadow of a surface may fall, and elsewhere at some pixels.
 *
 * So no surface comes or goes but by a pixel at its edge, and what is farther from any is background still, or a hole.
 *
 * The trunk is the paper's: a convolution and ResNet blocks. Its five outputs are the error of depth and four
 * scores, of which the highest is taken; the gradient is that of a softmax ("straight through": Bengio, Léonard
 * and Courville, 2013). Untrained it changes next to nothing.
 *
 * For pictures of the form that `handImage` gives: building it for another throws INVALID_ARGUMENT.
 */
export function sensorRefiner(options: SensorRefinerOptions): NetworkBuilder<Refiner> {
  const { width, blocks, stem, reach, noiseChannels } = options;
  return (image, seed) => {
    const { background, deepest, hole, perMillimetre } = networkValues(image);
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
        initializer: { deviation: 1e-3 },
      },
    );
    const variables = [first, ...trunk.flat(), last].flatMap((convolution) => convolution.variables);

    /** What each pixel may show, in the order of its scores; itself where `lot`, the first noise channel, forbids others. */
    const choicesOf = (batch: tf.Tensor4D, lot: tf.Tensor4D) => {
      const nearest = tf.neg(tf.maxPool(tf.neg(batch) as tf.Tensor4D, 3, 1, 'same'));
      const farthest = tf.maxPool(tf.minimum(batch, background) as tf.Tensor4D, 3, 1, 'same');
      const isEdge = tf.greater(tf.sub(farthest, nearest), EDGE_MM * perMillimetre);
      const isSurface = tf.less(batch, deepest);
      const isMixed = tf.logicalAnd(isEdge, tf.less(lot, -MIXED_AT_EDGES));
      const mayFade = tf.logicalAnd(isEdge, tf.greater(lot, LOST_AT_EDGES));
      const mayLieInShadow = tf.logicalOr(isNear(isSurface, shadow), tf.greater(lot, FAR_OFF));
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
      // The mean of the errors is that of the whole picture.
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
        const lot: tf.Tensor4D = noise ? tf.slice(noise, [0, 0, 0, 0], [-1, -1, -1, 1]) : tf.zerosLike(batch);
        const chance = tf.mul(lot, CHANCE);
        const scores = tf.concat(
          [tf.add(score(1, 1), STAY), tf.sub(score(2, 2), chance), tf.add(score(4, 1), chance)],
          3,
        ) as tf.Tensor4D;
        const shown = choicesOf(batch, lot);
        const chosen: tf.Tensor4D = tf.sum(tf.mul(highest(scores), shown), 3, true);
        const isDepth = isLess(chosen, deepest);
        // Half of it: an error and its mean may be 2 apart.
        const millimetres = tf.mul(withoutMean(error, isDepth), (reach / 2) * perMillimetre);
        const measured = tf.add(chosen, tf.mul(isDepth, millimetres));
        return tf.clipByValue(measured, -1, 1) as tf.Tensor4D;
      },
      dispose: () => tf.dispose(variables),
    };
  };
}

/** What lies at most `pixels` from where `mask` holds, along rows and columns. */
function isNear(mask: tf.Tensor, pixels: number): tf.Tensor {
  const along = (image: tf.Tensor4D, size: [number, number]) => tf.maxPool(image, size, 1, 'same');
  const side = 2 * pixels + 1;
  const rows = along(tf.cast(mask, 'float32') as tf.Tensor4D, [side, 1]);
  return tf.greater(along(rows, [1, side]), 0);
}

/** Less its mean over the pixels of each picture that count. */
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
      // Of equals each counts its part.
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
