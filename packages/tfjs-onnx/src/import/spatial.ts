/** Spatial operators: convolution, pooling, normalization, padding, resizing. */
import * as tf from '@tensorflow/tfjs-core';
import { OnnxError } from '../errors.ts';
import { type Budget, checkLengths, checkSize } from './limits.ts';
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
    checkLengths('dilations', dilations, 1);
    checkLengths('kernel', [height!, width!], 1);
    const filter = filterFor(
      weights.data,
      { outputs: outputs!, perGroup: perGroup!, height: height!, width: width! },
      groups,
      dilations,
      node.expanded,
    );
    const kernel = [filter.shape[0], filter.shape[1]] as const;
    const strides = node.pair('strides', 1);
    checkLengths('strides', strides, 1);
    const paddingFor = readPadding(node, kernel, strides);
    return ([x]) => {
      const image = imageOf(x);
      const channels = image.shape[3];
      if (channels !== perGroup! * groups) {
        throw new OnnxError(
          `it expects ${perGroup! * groups} channels but gets ${channels}. Check the option layout and the kind of images that the model expects`,
        );
      }
      const kernels = constantTensor(filter.data, filter.shape) as tf.Tensor4D;
      const padding = paddingFor(image);
      checkSize([...paddedShape(image, padding, strides), outputs!], filter.data.length / outputs!);
      const mapped = tf.conv2d(image, kernels, [...strides], asPad(padding));
      return asImage(
        bias ? tf.add(mapped, constantTensor(Float32Array.from(bias.data), bias.shape)) : mapped,
      );
    };
  },
  MaxPool(node) {
    const { kernel, strides, paddingFor } = readPooling(node);
    return ([x]) => {
      const image = imageOf(x);
      const padding = paddingFor(image);
      checkPooling(image, padding, kernel, strides);
      return asImage(maxPool(image, kernel, strides, padding));
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
      checkPooling(image, padding, kernel, strides);
      // Padded first: TensorFlow.js' gradient of average pooling with padding is wrong at the border.
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
      // Channels are axis 1 of the model; in a batch of vectors that is the last axis.
      const order = value.axes.length === 4 ? IMAGE : value.axes.map((_, axis) => axis);
      if (order.at(-1) !== 1) throw new OnnxError('only images and batches of vectors are supported');
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
    checkLengths('pads', pads, 0);
    if (!['constant', 'reflect'].includes(mode)) throw new OnnxError(`its mode ${mode} is not supported`);
    return ([x]) => {
      const { tensor, axes } = present(x);
      if (pads.length !== 2 * axes.length) {
        throw new OnnxError(`it has ${pads.length} pads for ${axes.length} axes`);
      }
      const perAxis = axes.map((axis): [number, number] => [pads[axis]!, pads[axis + axes.length]!]);
      checkSize(tensor.shape.map((length, i) => length + perAxis[i]![0] + perAxis[i]![1]));
      if (mode === 'constant') return { tensor: tf.pad(tensor, perAxis, filling), axes };
      return { tensor: perAxis.reduce(reflectAlong, tensor), axes };
    };
  },
};

type Pair = readonly [number, number];
/** Rows added at the top and bottom, columns added at the left and right. */
type Padding = readonly [rows: [number, number], columns: [number, number]];

function imageOf(value: Value | undefined): tf.Tensor4D {
  const { axes } = present(value);
  if (axes.length !== 4) throw new OnnxError(`it expects an image but gets a value of rank ${axes.length}`);
  return arranged(present(value), IMAGE) as tf.Tensor4D;
}

function asImage(tensor: tf.Tensor): Value {
  return { tensor, axes: IMAGE };
}

/**
 * The filter in TensorFlow.js' layout, `[height, width, inputs, outputs]`, expanded with zeros between groups and
 * between dilated taps: TensorFlow.js lacks the gradients of grouped and dilated convolutions, on all or on some
 * backends.
 */
function filterFor(
  weights: ArrayLike<number>,
  { outputs, perGroup, height, width }: Record<'outputs' | 'perGroup' | 'height' | 'width', number>,
  groups: number,
  [downwards, rightwards]: Pair,
  expanded: Budget,
): { data: Float32Array; shape: [number, number, number, number] } {
  if (!Number.isInteger(groups) || groups < 1 || outputs % groups !== 0) {
    throw new OnnxError(`its ${outputs} filters cannot be divided into ${groups} groups`);
  }
  const inputs = perGroup * groups;
  const shape: [number, number, number, number] = [
    (height - 1) * downwards + 1,
    (width - 1) * rightwards + 1,
    inputs,
    outputs,
  ];
  const length = shape.reduce((a, b) => a * b, 1);
  expanded.spend(length);
  const data = new Float32Array(length);
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
  if (kernel?.length !== 2)
    throw new OnnxError(`its kernel_shape is [${kernel ?? ''}], but only two spatial axes are supported`);
  if (node.pair('dilations', 1).some((dilation) => dilation !== 1)) {
    throw new OnnxError('dilated pooling is not supported');
  }
  const strides = node.pair('strides', 1);
  checkLengths('kernel_shape', kernel, 1);
  checkLengths('strides', strides, 1);
  return { kernel: kernel as Pair, strides, paddingFor: readPadding(node, kernel as Pair, strides) };
}

/** The padding for an image of a given size, from the attributes pads, auto_pad and ceil_mode. */
function readPadding(node: OperatorNode, kernel: Pair, strides: Pair): (image: tf.Tensor4D) => Padding {
  const automatic = node.string('auto_pad', 'NOTSET');
  const pads = node.ints('pads') ?? [0, 0, 0, 0];
  const roundsUp = node.int('ceil_mode', 0) === 1;
  if (pads.length !== 4) throw new OnnxError(`its pads are [${pads}] instead of four lengths`);
  checkLengths('pads', pads, 0);
  if (!['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'].includes(automatic)) {
    throw new OnnxError(`its auto_pad ${automatic} is not supported`);
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
      // A window that would start in the end padding is dropped.
      if ((windows - 1) * stride >= length + before) windows -= 1;
      return [before, Math.max(after, (windows - 1) * stride + window - length - before)];
    };
    const padding: Padding = [along(0), along(1)];
    for (const side of [0, 1] as const) {
      const [length, [before, after]] = [image.shape[side + 1]!, padding[side]];
      if (length + before + after < kernel[side]) {
        throw new OnnxError(
          `the image has only ${length} ${side === 0 ? 'rows' : 'columns'} left for its kernel of ${kernel[side]}. Choose an earlier output or use larger images`,
        );
      }
    }
    return padding;
  };
}

function asPad(padding: Padding): 'valid' | tf.backend_util.ExplicitPadding {
  return isZero(padding) ? 'valid' : [[0, 0], padding[0], padding[1], [0, 0]];
}

/** @throws OnnxError if a pool, or what it is taken of, would be too large. */
function checkPooling(image: tf.Tensor4D, padding: Padding, kernel: Pair, strides: Pair): void {
  const channels = image.shape[3];
  checkSize([...paddedShape(image, padding, [1, 1]), channels]);
  checkSize([...paddedShape(image, padding, strides), channels], kernel[0] * kernel[1]);
}

/** The shape of an image with padding, subsampled by strides, without its channels. */
function paddedShape({ shape }: tf.Tensor4D, padding: Padding, strides: Pair): number[] {
  const along = (side: 0 | 1) => {
    const [before, after] = padding[side];
    return Math.ceil((shape[side + 1]! + before + after) / strides[side]);
  };
  return [shape[0], along(0), along(1)];
}

function isZero(padding: Padding): boolean {
  return padding.flat().every((length) => length === 0);
}

function maxPool(image: tf.Tensor4D, kernel: Pair, strides: Pair, padding: Padding): tf.Tensor4D {
  if (tf.getBackend() !== 'wasm') return tf.maxPool(image, [...kernel], [...strides], asPad(padding));
  // On the wasm backend of TensorFlow.js 4.22, the gradient of max pooling with an even kernel is wrong. Instead, take
  // the maximum of shifted images along the rows, then along the columns, and subsample the result by the stride.
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

/** The kernel's area divided by its overlap with the image, for each position: `[1, height, width, 1]`. */
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

/** Reflects without repeating the border; made of slices because TensorFlow.js' gradient of tf.mirrorPad is wrong. */
function reflectAlong(
  tensor: tf.Tensor,
  [before, after]: readonly [number, number],
  axis: number,
): tf.Tensor {
  const length = tensor.shape[axis]!;
  if (Math.max(before, after) >= length) {
    throw new OnnxError(`an axis of length ${length} cannot be reflected by ${Math.max(before, after)}`);
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
