/** Operators on images: convolution, pooling, normalization, padding, resizing. */
import * as tf from '@tensorflow/tfjs-core';
import { OnnxError } from '../errors.ts';
import { type OperatorNode, type OperatorReader, present } from './operator.ts';
import { resizeOperators } from './resize.ts';
import { arranged, constantTensor, IMAGE, type Value } from './value.ts';

export const spatialOperators: Readonly<Record<string, OperatorReader>> = {
  ...resizeOperators,
  Conv(node) {
    const weights = node.constant(1, 'filter');
    const bias = node.optionalConstant(2, 'bias');
    const groups = node.int('group', 1);
    const [outputs, perGroup, height, width] = weights.shape;
    if (weights.shape.length !== 4) {
      throw new OnnxError(`its filter has the shape [${weights.shape}]; only 2-D convolutions are supported`);
    }
    const dilations = node.pair('dilations', 1);
    const filter = filterFor(
      weights.data,
      { outputs: outputs!, perGroup: perGroup!, height: height!, width: width! },
      groups,
      dilations,
    );
    const kernel = [filter.shape[0], filter.shape[1]] as const;
    const strides = node.pair('strides', 1);
    const paddingFor = readPadding(node, kernel, strides);
    return ([x]) => {
      const image = imageOf(x);
      const channels = image.shape[3];
      if (channels !== perGroup! * groups) {
        throw new OnnxError(
          `it takes ${perGroup! * groups} channels and gets ${channels}; check which input and which form of images the model was made for`,
        );
      }
      const kernels = constantTensor(filter.data, filter.shape) as tf.Tensor4D;
      const mapped = tf.conv2d(image, kernels, [...strides], asPad(paddingFor(image)));
      return asImage(
        bias ? tf.add(mapped, constantTensor(Float32Array.from(bias.data), bias.shape)) : mapped,
      );
    };
  },
  MaxPool(node) {
    const { kernel, strides, paddingFor } = readPooling(node);
    return ([x]) => {
      const image = imageOf(x);
      return asImage(maxPool(image, kernel, strides, paddingFor(image)));
    };
  },
  AveragePool(node) {
    const { kernel, strides, paddingFor } = readPooling(node);
    const countsPadding = node.int('count_include_pad', 0) === 1;
    if (countsPadding && node.int('ceil_mode', 0) === 1) {
      throw new OnnxError('count_include_pad together with ceil_mode is not supported');
    }
    return ([x]) => {
      const image = imageOf(x);
      const padding = paddingFor(image);
      // Padded beforehand: tensorflow.js' gradient of a padded average is wrong at the border.
      const padded = tf.pad(image, [[0, 0], padding[0], padding[1], [0, 0]]);
      const sums = tf.avgPool(padded, [...kernel], [...strides], 'valid');
      if (countsPadding || isZero(padding)) return asImage(sums);
      return asImage(tf.mul(sums, sharesInside(image, sums, kernel, strides, padding)));
    };
  },
  GlobalAveragePool:
    () =>
    ([x]) =>
      asImage(tf.mean(imageOf(x), [1, 2], true)),
  GlobalMaxPool:
    () =>
    ([x]) =>
      asImage(tf.max(imageOf(x), [1, 2], true)),
  BatchNormalization(node) {
    if (node.int('training_mode', 0) === 1) throw new OnnxError('it is in training mode');
    const [gamma, beta, mean, variance] = ['scale', 'bias', 'mean', 'variance'].map(
      (what, i) => node.constant(i + 1, what).data,
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const epsilon = node.float('epsilon', 1e-5);
    const factor = Float32Array.from(gamma, (value, i) => value / Math.sqrt(variance[i]! + epsilon));
    const offset = Float32Array.from(beta, (value, i) => value - mean[i]! * factor[i]!);
    return ([x]) => {
      const value = present(x);
      // Channels are axis 1 of the model; beside a batch of vectors they are the last one.
      const order = value.axes.length === 4 ? IMAGE : value.axes.map((_, axis) => axis);
      if (order.at(-1) !== 1) throw new OnnxError('it works on images and on batches of vectors only');
      const scaled = tf.mul(arranged(value, order), constantTensor(factor, [factor.length]));
      return { tensor: tf.add(scaled, constantTensor(offset, [offset.length])), axes: order };
    };
  },
  Pad(node) {
    const mode = node.string('mode', 'constant');
    const pads = node.ints('pads') ?? [...node.constant(1, 'pads').data];
    const filling = node.optionalConstant(2, 'constant_value')?.data[0] ?? node.float('value', 0);
    if (node.hasInput(3)) throw new OnnxError('its input axes is not supported');
    if (pads.some((length) => length < 0)) throw new OnnxError('negative pads are not supported');
    if (!['constant', 'reflect'].includes(mode)) throw new OnnxError(`its mode ${mode} is not supported`);
    return ([x]) => {
      const { tensor, axes } = present(x);
      if (pads.length !== 2 * axes.length) {
        throw new OnnxError(`it has ${pads.length} pads for ${axes.length} axes`);
      }
      const perAxis = axes.map((axis): [number, number] => [pads[axis]!, pads[axis + axes.length]!]);
      if (mode === 'constant') return { tensor: tf.pad(tensor, perAxis, filling), axes };
      return { tensor: perAxis.reduce(reflectAlong, tensor), axes };
    };
  },
};

type Pair = readonly [number, number];
/** Rows above and below, columns left and right. */
type Padding = readonly [rows: [number, number], columns: [number, number]];

function imageOf(value: Value | undefined): tf.Tensor4D {
  const { axes } = present(value);
  if (axes.length !== 4) throw new OnnxError(`it takes an image and gets a value of ${axes.length} axes`);
  return arranged(present(value), IMAGE) as tf.Tensor4D;
}

function asImage(tensor: tf.Tensor): Value {
  return { tensor, axes: IMAGE };
}

/**
 * A filter as tensorflow.js wants it, `[height, width, inputs, outputs]`. Groups are written out as zeros between them
 * and dilation as zeros between the taps: for these tensorflow.js has no gradient, or not on every backend.
 */
function filterFor(
  weights: ArrayLike<number>,
  { outputs, perGroup, height, width }: Record<'outputs' | 'perGroup' | 'height' | 'width', number>,
  groups: number,
  [downwards, rightwards]: Pair,
): { data: Float32Array; shape: [number, number, number, number] } {
  if (groups < 1 || outputs % groups !== 0) {
    throw new OnnxError(`its ${outputs} filters do not divide into ${groups} groups`);
  }
  const inputs = perGroup * groups;
  const shape: [number, number, number, number] = [
    (height - 1) * downwards + 1,
    (width - 1) * rightwards + 1,
    inputs,
    outputs,
  ];
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  let at = 0;
  for (let output = 0; output < outputs; output++) {
    const first = Math.floor(output / (outputs / groups)) * perGroup;
    for (let input = 0; input < perGroup; input++) {
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const tap = row * downwards * shape[1] + column * rightwards;
          data[(tap * inputs + first + input) * outputs + output] = weights[at++]!;
        }
      }
    }
  }
  return { data, shape };
}

function readPooling(node: OperatorNode) {
  const kernel = node.ints('kernel_shape');
  if (kernel?.length !== 2) throw new OnnxError(`its kernel is [${kernel ?? ''}]; only images are supported`);
  if (node.pair('dilations', 1).some((dilation) => dilation !== 1)) {
    throw new OnnxError('dilated pooling is not supported');
  }
  const strides = node.pair('strides', 1);
  return { kernel: kernel as Pair, strides, paddingFor: readPadding(node, kernel as Pair, strides) };
}

/** How much an image of given size is padded, by the attributes pads, auto_pad and ceil_mode. */
function readPadding(node: OperatorNode, kernel: Pair, strides: Pair): (image: tf.Tensor4D) => Padding {
  const automatic = node.string('auto_pad', 'NOTSET');
  const pads = node.ints('pads') ?? [0, 0, 0, 0];
  const roundsUp = node.int('ceil_mode', 0) === 1;
  if (pads.length !== 4 || pads.some((length) => length < 0)) {
    throw new OnnxError(`its pads are [${pads}], not four lengths of at least 0`);
  }
  if (!['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'].includes(automatic)) {
    throw new OnnxError(`its auto_pad ${automatic} is not known`);
  }
  return (image) => {
    const along = (side: 0 | 1): [number, number] => {
      const [length, window, stride] = [image.shape[side + 1]!, kernel[side], strides[side]];
      if (automatic === 'VALID') return [0, 0];
      if (automatic.startsWith('SAME')) {
        const all = Math.max((Math.ceil(length / stride) - 1) * stride + window - length, 0);
        const less = Math.floor(all / 2);
        return automatic === 'SAME_UPPER' ? [less, all - less] : [all - less, less];
      }
      const [before, after] = [pads[side]!, pads[side + 2]!];
      if (!roundsUp) return [before, after];
      let windows = Math.ceil((length + before + after - window) / stride) + 1;
      // A window that would begin in the padding behind the image is left out.
      if ((windows - 1) * stride >= length + before) windows -= 1;
      return [before, Math.max(after, (windows - 1) * stride + window - length - before)];
    };
    const padding: Padding = [along(0), along(1)];
    for (const side of [0, 1] as const) {
      const [length, [before, after]] = [image.shape[side + 1]!, padding[side]];
      if (length + before + after < kernel[side]) {
        throw new OnnxError(
          `only ${length} ${side === 0 ? 'rows' : 'columns'} of the image are left for its kernel of ${kernel[side]}; take an earlier output, or larger images`,
        );
      }
    }
    return padding;
  };
}

function asPad(padding: Padding): 'valid' | tf.backend_util.ExplicitPadding {
  return isZero(padding) ? 'valid' : [[0, 0], padding[0], padding[1], [0, 0]];
}

function isZero(padding: Padding): boolean {
  return padding.flat().every((length) => length === 0);
}

function maxPool(image: tf.Tensor4D, kernel: Pair, strides: Pair, padding: Padding): tf.Tensor4D {
  if (tf.getBackend() !== 'wasm') return tf.maxPool(image, [...kernel], [...strides], asPad(padding));
  // The gradient of max pooling is wrong on the wasm backend of tensorflow.js 4.22 where a kernel is even. Here it is
  // made of shifted images: a row's maximum first, then a column's, of which the stride takes some.
  const padded = tf.pad(image, [[0, 0], padding[0], padding[1], [0, 0]], -3e38);
  const highest = ([0, 1] as const).reduce((pixels, side) => {
    const length = pixels.shape[side + 1]! - kernel[side] + 1;
    const shifted = Array.from({ length: kernel[side] }, (_, i) => {
      const begin = [0, 0, 0, 0].with(side + 1, i) as [number, number, number, number];
      return tf.slice(pixels, begin, pixels.shape.with(side + 1, length) as typeof begin);
    });
    return shifted.reduce((a, b) => tf.maximum(a, b));
  }, padded);
  return tf.avgPool(highest, 1, [...strides], 'valid');
}

/** The kernel's area over the part of it that lies on the image, for each position: `[1, height, width, 1]`. */
function sharesInside(
  image: tf.Tensor4D,
  { shape: [, rows, columns] }: tf.Tensor4D,
  kernel: Pair,
  strides: Pair,
  padding: Padding,
): tf.Tensor {
  const inside = (side: 0 | 1, position: number) => {
    const start = position * strides[side] - padding[side][0];
    return Math.min(start + kernel[side], image.shape[side + 1]!) - Math.max(start, 0);
  };
  const data = Float32Array.from(
    { length: rows * columns },
    (_, i) => (kernel[0] * kernel[1]) / (inside(0, Math.floor(i / columns)) * inside(1, i % columns)),
  );
  return constantTensor(data, [1, rows, columns, 1]);
}

/** Mirrors without repeating the border; of slices, because tensorflow.js' gradient of tf.mirrorPad is wrong. */
function reflectAlong(
  tensor: tf.Tensor,
  [before, after]: readonly [number, number],
  axis: number,
): tf.Tensor {
  const length = tensor.shape[axis]!;
  if (Math.max(before, after) >= length) {
    throw new OnnxError(`an axis of length ${length} cannot be mirrored by ${Math.max(before, after)}`);
  }
  const line = (index: number) => {
    const begin = tensor.shape.map((_, i) => (i === axis ? index : 0));
    return tf.slice(tensor, begin, tensor.shape.with(axis, 1));
  };
  if (before + after === 0) return tensor;
  const mirrored = (count: number, at: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => line(at(i)));
  return tf.concat(
    [...mirrored(before, (i) => before - i), tensor, ...mirrored(after, (i) => length - 2 - i)],
    axis,
  );
}
