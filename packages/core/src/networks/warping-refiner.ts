import * as tf from '@tensorflow/tfjs-core';
import { controlPosition, splineWeights } from '../cubic-spline.ts';
import { SimganError } from '../errors.ts';
import type { SizedForm } from '../image.ts';
import { createRng } from '../rng.ts';
import { constantTensor } from './constant.ts';
import { convolution } from './convolution.ts';
import type { NetworkBuilder, Refiner, WarpedBatch } from './network.ts';
import { sampleAt } from './sampling.ts';
import { createVariable } from './variables.ts';

/** Options for {@link warpingRefiner}. */
export interface WarpingRefinerOptions {
  /** Filters of the encoder's 3x3 convolutions, each with stride 2. Default: [16, 32, 32]. */
  readonly encoder?: readonly number[];
  /** Control points along each side of the picture that are moved freely, at least 2. Default: 4. */
  readonly controls?: number;
  /**
   * How far the free control points may move, as a share of the distance between two of them. Default: 0.35, at which
   * a field folds rarely.
   */
  readonly reach?: number;
  /** How far the affine part may scale, shear and turn, as a share of 1. Its shift may reach as far. Default: 0.25. */
  readonly affine?: number;
  /** Normals per picture that the field is made from, beside the picture. Default: 16. */
  readonly fieldNoise?: number;
  /** Whether strokes may become wider or thinner, between the least and the most of 3x3 pixels. Default: false. */
  readonly stroke?: boolean;
}

/**
 * Makes a refiner of pixels one that may move things: an encoder of the picture and some noise gives a small, smooth
 * displacement field (an affine map and a few control points of a cubic B-spline), the picture is sampled there, and the
 * given refiner then changes pixels. The field is an output, so that labels can be moved with it. It starts at 0.
 *
 * Pictures must have one size: the field spans the whole picture. Its noise has one channel more than the given
 * refiner's, of which the field takes the first values. Pictures of 16 bits are copied pixel by pixel, others sampled
 * between pixels. Not in the paper.
 *
 * @throws SimganError INVALID_ARGUMENT, when the network is built, if a picture has too few pixels.
 * @example
 * const refiner = warpingRefiner(plugin.refiner);
 * const recipe = { ...plugin.recipes.quick, refiner, displacement: { start: 0.05, target: 1 } };
 */
export function warpingRefiner(
  pixelRefiner: NetworkBuilder<Refiner>,
  options: WarpingRefinerOptions = {},
): NetworkBuilder<Refiner> {
  const { encoder = [16, 32, 32], controls = 4, reach = 0.35, affine = 0.25 } = options;
  const { fieldNoise = 16, stroke = false } = options;
  return (image, seed) => {
    const pixelCount = image.width * image.height;
    if (pixelCount < fieldNoise) {
      throw new SimganError(
        'INVALID_ARGUMENT',
        `A warping refiner takes ${fieldNoise} values of noise from a picture's size, and ${image.width} x ${image.height} pixels are fewer. Use larger pictures or a smaller fieldNoise.`,
      );
    }
    const pixels = pixelRefiner(image, seed);
    const rng = createRng(seed).fork('warping');
    let extent = { height: image.height, width: image.width, channels: image.channels as number };
    const layers = encoder.map((filters, index) => {
      const name = `warp/encoder${index}`;
      const shape = { kernel: 3, stride: 2, inputs: extent.channels, filters };
      const { height, width } = extent;
      extent = { height: Math.ceil(height / 2), width: Math.ceil(width / 2), channels: filters };
      return convolution(name, shape, rng.fork(name));
    });
    const basis = fieldBasis(image, { controls, reach, affine });
    const features = extent.height * extent.width * extent.channels;
    const outputs = basis.parts + (stroke ? 1 : 0);
    const hidden = 64;
    const dense = (name: string, inputs: number, units: number, std: number) => {
      const source = rng.fork(name);
      const values = Float32Array.from({ length: inputs * units }, () => std * source.normal());
      return [
        createVariable(`${name}/weights`, values, [inputs, units]),
        createVariable(`${name}/bias`, new Float32Array(units), [units]),
      ] as const;
    };
    const inputs = features + fieldNoise;
    const first = dense('warp/field', inputs, hidden, Math.sqrt(2 / inputs));
    const last = dense('warp/parts', hidden, outputs, 1e-3);
    const variables = [...pixels.variables, ...layers.flatMap((layer) => layer.variables), ...first, ...last];
    const pixelNoise = pixels.noiseChannels;

    /** What the field and the stroke are made of, each in [-1, 1]. */
    const partsOf = (batch: tf.Tensor4D, noise: tf.Tensor4D): tf.Tensor2D => {
      const [count] = batch.shape;
      const encoded = layers.reduce<tf.Tensor4D>((maps, layer) => tf.relu(layer.apply(maps)), batch);
      const channel = tf.slice(noise, [0, 0, 0, pixelNoise], [count, image.height, image.width, 1]);
      const all = tf.concat2d(
        [
          tf.reshape(encoded, [count, features]),
          tf.slice2d(tf.reshape(channel, [count, pixelCount]), [0, 0], [count, fieldNoise]),
        ],
        1,
      );
      return tf.tanh(apply(last, tf.relu(apply(first, all))));
    };

    const refine = (batch: tf.Tensor4D, noise?: tf.Tensor4D, share?: tf.Tensor4D): WarpedBatch => {
      const [count, height, width] = batch.shape;
      if (height !== image.height || width !== image.width) {
        throw new SimganError(
          'INVALID_IMAGE',
          `This refiner moves things and was made for pictures of ${image.width} x ${image.height}, not ${width} x ${height}: its displacement field spans a whole picture. Resize pictures first.`,
        );
      }
      if (!noise)
        throw new Error('This refiner takes noise in addition to the image: pass it as the second argument.');
      const parts = partsOf(batch, noise);
      const freely: tf.Tensor2D = tf.slice(parts, [0, 0], [count, basis.parts]);
      const controlled = tf.matMul(
        freely,
        constantTensor(basis.values, [basis.parts, basis.size]) as tf.Tensor2D,
      );
      const whole: tf.Tensor4D = tf.reshape(controlled, [count, basis.count, basis.count, 2]);
      const field: tf.Tensor4D = share ? tf.mul(whole, share) : whole;
      const displacement = displacementOf(field, image);
      const sampled = sampleAt(batch, displacement, image.bits === 8 ? 'linear' : 'nearest');
      const moved = stroke
        ? withStroke(sampled, tf.slice(parts, [0, basis.parts], [count, 1]), share)
        : sampled;
      const own =
        pixelNoise > 0 ? tf.slice(noise, [0, 0, 0, 0], [count, height, width, pixelNoise]) : undefined;
      return { refined: pixels.apply(moved, own), moved, field, displacement };
    };
    return {
      noiseChannels: pixelNoise + 1,
      receptiveField: Number.POSITIVE_INFINITY,
      variables,
      warping: { grid: { rows: basis.count, columns: basis.count }, refine },
      apply: (batch, noise) => refine(batch, noise).refined,
      dispose: () => tf.dispose(variables),
    };
  };
}

function apply([weights, bias]: readonly [tf.Variable, tf.Variable], input: tf.Tensor2D): tf.Tensor2D {
  return tf.add(tf.matMul(input, weights as tf.Tensor as tf.Tensor2D), bias);
}

/**
 * Makes strokes wider where the width is above 0, and thinner below: bright ones on dark ground, that is. A mean of the
 * picture and the most, or the least, of 3x3 pixels.
 */
function withStroke(batch: tf.Tensor4D, width: tf.Tensor2D, share?: tf.Tensor4D): tf.Tensor4D {
  const [count] = batch.shape;
  const own = tf.reshape(width, [count, 1, 1, 1]) as tf.Tensor4D;
  const amount: tf.Tensor4D = share ? tf.mul(own, share) : own;
  const most = tf.maxPool(batch, 3, 1, 'same');
  const least = tf.neg(tf.maxPool(tf.neg(batch), 3, 1, 'same'));
  const wider = tf.mul(tf.relu(amount), tf.sub(most, batch));
  const thinner = tf.mul(tf.relu(tf.neg(amount)), tf.sub(least, batch));
  return tf.add(batch, tf.add(wider, thinner));
}

/** `[batch, rows, columns, 2]` at control points to `[batch, height, width, 2]` at the centers of pixels. */
function displacementOf(field: tf.Tensor4D, { width, height }: SizedForm): tf.Tensor4D {
  const [count, rows, columns] = field.shape;
  const weights = new Float32Array(rows * columns * height * width);
  for (let y = 0; y < height; y++) {
    const down = splineWeights(height, rows, y + 0.5);
    for (let x = 0; x < width; x++) {
      const across = splineWeights(width, columns, x + 0.5);
      for (let i = 0; i < 4; i++) {
        for (let j = 0; j < 4; j++) {
          const control = (down.first + i) * columns + across.first + j;
          weights[control * height * width + y * width + x] = down.weights[i]! * across.weights[j]!;
        }
      }
    }
  }
  const controls = tf.reshape(tf.transpose(field, [0, 3, 1, 2]), [count * 2, rows * columns]);
  const dense = tf.matMul(
    controls as tf.Tensor2D,
    constantTensor(weights, [rows * columns, height * width]) as tf.Tensor2D,
  );
  return tf.transpose(tf.reshape(dense, [count, 2, height, width]), [0, 2, 3, 1]) as tf.Tensor4D;
}

/**
 * The displacements at all control points, `[count, count, 2]`, that each part of a field makes at 1: the six numbers of
 * an affine map about the middle, then x and y of each free control point. Points beyond an edge move as the free ones
 * at it, so that the field has no slope of its own there.
 */
function fieldBasis(
  { width, height }: SizedForm,
  { controls, reach, affine }: { controls: number; reach: number; affine: number },
) {
  const count = controls + 2;
  const size = count * count * 2;
  const parts = 6 + 2 * controls * controls;
  const values = new Float32Array(parts * size);
  const step = { x: (reach * width) / (controls - 1), y: (reach * height) / (controls - 1) };
  const inner = (index: number) => Math.min(controls - 1, Math.max(0, index - 1));
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < count; column++) {
      const x = controlPosition(width, count, column) - width / 2;
      const y = controlPosition(height, count, row) - height / 2;
      const at = 2 * (row * count + column);
      const put = (part: number, dx: number, dy: number) => {
        values[part * size + at] = dx;
        values[part * size + at + 1] = dy;
      };
      put(0, affine * x, 0);
      put(1, affine * y, 0);
      put(2, 0, affine * x);
      put(3, 0, affine * y);
      put(4, (affine * width) / 2, 0);
      put(5, 0, (affine * height) / 2);
      const part = 6 + 2 * (inner(row) * controls + inner(column));
      put(part, step.x, 0);
      put(part + 1, 0, step.y);
    }
  }
  return { count, size, parts, values };
}
