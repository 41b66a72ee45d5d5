import { type Convolution, convolution, createRng, type NetworkBuilder, type Refiner } from '@simgan/core';
import * as tf from '@tensorflow/tfjs-core';
import { networkValues } from './hand-image.ts';
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
/**
 * How much of the first noise channel is added to the scores of the other choices. With half of it the pixels of a
 * background became holes all at once, and then none again; with this their share grows smoothly with the scores.
 */
const CHANCE = 1.2;
/** Background is lost only where the first noise channel is above: in 16 of 100 pixels, which no scores can change. */
const RARE = 1;
/** The gradient is that of scores divided by this: a choice that has become certain can still be learned away. */
const TEMPERATURE = 3;
/** What a pixel may show: itself, the nearest and the farthest of its neighbours, nothing. */
const CHOICES = 4;

/**
 * A refiner that can do to depth what a sensor does, and nothing else, so that how far labels may move is bounded by
 * construction and not only by a weight in a loss. Each pixel shows its own surface or that of the nearest or the
 * farthest of the eight pixels about it (a sensor sees edges a pixel aside), or, if it lies at an edge or is one of
 * the 16 in 100 of the background that chance allows, nothing; and depth is off by at most `reach` mm, to both sides alike over a picture: a hand does not move as
 * a whole. So no surface comes or goes but by a pixel at its edge, and what is farther from any is background still,
 * or a hole. Outlines may fray by that pixel, which the regularizer must hold.
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
    return {
      noiseChannels,
      receptiveField: stem + 4 * blocks,
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
        const chance = noise ? tf.mul(tf.slice(noise, [0, 0, 0, 0], [-1, -1, -1, 1]), CHANCE) : 0;
        const others = tf.add(output(2, CHOICES - 1), chance);
        const scores = tf.concat([tf.add(output(1, 1), STAY), others], 3) as tf.Tensor4D;
        const nearest = tf.neg(tf.maxPool(tf.neg(batch) as tf.Tensor4D, 3, 1, 'same'));
        const farthest = tf.maxPool(tf.minimum(batch, background) as tf.Tensor4D, 3, 1, 'same');
        const isEdge = tf.greater(tf.sub(farthest, nearest), EDGE_MM * perMillimetre);
        const mayBeLost = tf.logicalOr(isEdge, tf.logicalAnd(tf.greaterEqual(batch, deepest), isRare(noise)));
        const lost = tf.where(mayBeLost, tf.fill(batch.shape, hole), batch);
        const shown = tf.concat([batch, nearest, farthest, lost], 3);
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

/** Where background may be lost: a bounded share, or training leaps between all of it and none. */
function isRare(noise: tf.Tensor4D | undefined): tf.Tensor {
  return noise ? tf.greater(tf.slice(noise, [0, 0, 0, 0], [-1, -1, -1, 1]), RARE) : tf.scalar(false, 'bool');
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
