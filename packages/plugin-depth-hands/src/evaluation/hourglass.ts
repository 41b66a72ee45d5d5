import { createRng, imageRange, type NetworkBuilder, type SizedForm } from '@simgan/core';
import { type Convolution, convolution, type Initializer } from '@simgan/core/networks';
import * as tf from '@tensorflow/tfjs-core';
import { backgroundValue, cubeOf } from '../hand-image.ts';

/** Options for {@link stackedHourglass}. Lengths in cells of its maps. */
export interface HourglassOptions {
  /** Hourglasses in sequence, each with an output that is supervised; Newell et al. have 8, the paper 2. */
  readonly stacks: number;
  /** The number of feature maps; even. */
  readonly width: number;
  /** Side of the output maps; 64 in the paper. */
  readonly side: number;
  /** How often an hourglass halves its maps. */
  readonly depth: number;
  /** Output maps of each hourglass. */
  readonly answers: number;
}

/** How the cells of the maps cover the pixels of a picture. */
export interface MapGrid {
  /** Pixels along a cell. */
  readonly stride: number;
  /** Pixels of background padded around the picture, so that whole cells cover it. */
  readonly border: number;
}

/** The grid of maps of `side` x `side` over pictures of `size` x `size` pixels. */
export function mapGrid(size: number, side: number): MapGrid {
  let stride = 1;
  while (stride * side < size) stride *= 2;
  return { stride, border: Math.ceil((stride * side - size) / 2) };
}

/**
 * A stacked hourglass (Newell, Yang and Deng, ECCV 2016), with which the paper estimates hand joints: a picture is
 * reduced to the maps' size by strides, then every hourglass processes it at all scales, and its output is an input of
 * the next. Residual blocks are bottlenecks; in place of batch normalization every block starts as the identity.
 * Maps are enlarged by nearest neighbor.
 *
 * `[batch, size, size, 1]` in, `[batch, side, side, stacks * answers]` out, the last stack's last.
 */
export function stackedHourglass({ stacks, width, side, depth, answers }: HourglassOptions): NetworkBuilder {
  return (image, seed) => {
    const rng = createRng(seed).fork('hourglass');
    const layers: Convolution[] = [];
    const layer = (
      name: string,
      kernel: number,
      inputs: number,
      filters: number,
      { stride = 1, initializer = 'he' as Initializer } = {},
    ): Convolution => {
      const shape = { kernel, stride, inputs, filters };
      const built = convolution(name, shape, rng.fork(name), { initializer });
      layers.push(built);
      return built;
    };
    const residual = (name: string): Step => {
      const a = layer(`${name}/a`, 1, width, width / 2);
      const b = layer(`${name}/b`, 3, width / 2, width / 2);
      const c = layer(`${name}/c`, 1, width / 2, width, { initializer: 'zeros' });
      return (x) => tf.relu(sum(x, c.apply(tf.relu(b.apply(tf.relu(a.apply(x)))))));
    };
    const hourglass = (name: string, level: number): Step => {
      const [aside, down] = [residual(`${name}/aside`), residual(`${name}/down`)];
      const within = level > 1 ? hourglass(`${name}/${level - 1}`, level - 1) : residual(`${name}/within`);
      const up = residual(`${name}/up`);
      // The mean, because with a sum features would double at every level.
      return (x) => tf.mul(0.5, sum(aside(x), enlarge(up(within(down(halve(x)))))));
    };

    const grid = mapGrid(image.width, side);
    const stem = layer('stem', 7, image.channels, width, { stride: Math.min(2, grid.stride) });
    const halvings = Array.from({ length: Math.max(0, Math.log2(grid.stride) - 1) }, (_, i) =>
      residual(`halving${i}`),
    );
    const before = residual('before');
    const stack = Array.from({ length: stacks }, (_, i) => ({
      look: hourglass(`stack${i}`, depth),
      conclude: layer(`stack${i}/conclude`, 1, width, width),
      answer: layer(`stack${i}/answer`, 1, width, answers, { initializer: { std: 1e-3 } }),
      ...(i < stacks - 1 && {
        tell: layer(`stack${i}/tell`, 1, width + answers, width, { initializer: 'zeros' }),
      }),
    }));
    const variables = layers.flatMap((built) => built.variables);

    return {
      variables,
      receptiveField: image.width,
      apply(batch) {
        let features: tf.Tensor4D = tf.relu(stem.apply(surrounded(batch, image, grid, side)));
        for (const step of halvings) features = halve(step(features));
        features = before(features);
        const said: tf.Tensor4D[] = [];
        for (const { look, conclude, answer, tell } of stack) {
          const seen: tf.Tensor4D = tf.relu(conclude.apply(look(features)));
          const answered = answer.apply(seen);
          said.push(answered);
          if (tell) features = tf.relu(sum(features, tell.apply(tf.concat([seen, answered], 3))));
        }
        return said.length === 1 ? said[0]! : tf.concat(said, 3);
      },
      dispose: () => tf.dispose(variables),
    };
  };
}

type Step = (x: tf.Tensor4D) => tf.Tensor4D;

/** Pads the picture with background to whole cells. */
function surrounded(
  batch: tf.Tensor4D,
  image: SizedForm,
  { stride, border }: MapGrid,
  side: number,
): tf.Tensor4D {
  const behind = stride * side - image.width - border;
  if (border + behind === 0) return batch;
  const [low, high] = imageRange(image);
  const background = (2 * (backgroundValue(cubeOf(image)) - low)) / (high - low) - 1;
  const around: [number, number] = [border, behind];
  return tf.pad(batch, [[0, 0], around, around, [0, 0]], background);
}

function sum(a: tf.Tensor4D, b: tf.Tensor4D): tf.Tensor4D {
  return tf.add(a, b);
}

function halve(x: tf.Tensor4D): tf.Tensor4D {
  return tf.maxPool(x, 2, 2, 'same');
}

/** Repeats every cell 2x2 times, by concatenation, whose gradient every engine has. */
function enlarge(x: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const wide = tf.reshape(tf.concat([x, x], 3), [batch, height, 1, 2 * width * channels]);
  return tf.reshape(tf.concat([wide, wide], 2), [batch, 2 * height, 2 * width, channels]);
}
