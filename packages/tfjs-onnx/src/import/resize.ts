/** Resizing as matrix products: TensorFlow.js' own resizing has wrong gradients on some backends. */
import * as tf from '@tensorflow/tfjs-core';
import { OnnxError } from '../errors.ts';
import { checkSize, MOST_RESIZED } from './limits.ts';
import { type OperatorNode, type OperatorReader, present } from './operator.ts';
import { constantTensor, modelShape } from './value.ts';

export const resizeOperators: Readonly<Record<string, OperatorReader>> = {
  Resize(node) {
    const from = node.opset < 11 ? 1 : 2;
    const sizes = node.opset < 11 ? undefined : node.optionalConstant(3, 'sizes');
    const nearest = node.string('nearest_mode', 'round_prefer_floor');
    const where =
      node.opset < 11 ? 'asymmetric' : node.string('coordinate_transformation_mode', 'half_pixel');
    for (const name of ['antialias', 'axes', 'keep_aspect_ratio_policy']) {
      if (node.has(name)) throw new OnnxError(`its attribute ${name} is not supported`);
    }
    const rule = {
      mode: node.string('mode', 'nearest'),
      nearest: node.opset < 11 ? 'floor' : nearest,
      where,
    };
    return resized(sizes ? { sizes: [...sizes.data] } : scalesOf(node, from), rule);
  },
  Upsample(node) {
    const scales = node.opset < 9 ? undefined : scalesOf(node, 1);
    if (!scales) throw new OnnxError('Upsample before opset 9 is not supported');
    return resized(scales, { mode: node.string('mode', 'nearest'), nearest: 'floor', where: 'asymmetric' });
  },
};

interface Rule {
  readonly mode: string;
  readonly nearest: string;
  readonly where: string;
}

function scalesOf(node: OperatorNode, index: number): { scales: readonly number[] } {
  return { scales: [...node.constant(index, 'scales').data] };
}

const roundings: Readonly<Record<string, (position: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (position) => Math.ceil(position - 0.5),
  round_prefer_ceil: (position) => Math.floor(position + 0.5),
};

function resized(
  target: { scales: readonly number[] } | { sizes: readonly number[] },
  { mode, nearest, where }: Rule,
): ReturnType<OperatorReader> {
  const round = roundings[nearest];
  if (!['nearest', 'linear'].includes(mode)) throw new OnnxError(`its mode ${mode} is not supported`);
  if (!round) throw new OnnxError(`its nearest_mode ${nearest} is not supported`);
  if (!['half_pixel', 'pytorch_half_pixel', 'asymmetric', 'align_corners'].includes(where)) {
    throw new OnnxError(`its coordinate_transformation_mode ${where} is not supported`);
  }
  return ([x]) => {
    const { axes, tensor } = present(x);
    const before = modelShape(present(x));
    const wanted = 'sizes' in target ? target.sizes : target.scales;
    if (wanted.length !== axes.length) {
      throw new OnnxError(`it has ${wanted.length} sizes or scales for ${axes.length} axes`);
    }
    const along = (result: tf.Tensor, axis: number): tf.Tensor => {
      const place = axes.indexOf(axis);
      const from = before[axis]!;
      const to = 'sizes' in target ? target.sizes[axis]! : Math.floor(from * target.scales[axis]!);
      if (to === from) return result;
      if (!(Number.isInteger(to) && to > 0 && to <= MOST_RESIZED)) {
        throw new OnnxError(`it resizes an axis of ${from} to ${to}; 1 to ${MOST_RESIZED} is supported`);
      }
      checkSize(result.shape.with(place, to), from);
      checkSize([to, from]);
      const scale = 'sizes' in target ? to / from : target.scales[axis]!;
      const matrix = new Float32Array(to * from);
      for (let row = 0; row < to; row++) {
        const source = positionOf(row, { from, to, scale, where });
        const clamp = (index: number) => Math.min(Math.max(index, 0), from - 1);
        if (mode === 'nearest') matrix[row * from + clamp(round(source))] = 1;
        else {
          const inside = clamp(source);
          const low = Math.floor(inside);
          matrix[row * from + low]! += 1 - (inside - low);
          matrix[row * from + clamp(low + 1)]! += inside - low;
        }
      }
      // [outer, from, inner] → [from, outer · inner]: the axis becomes the rows of a matrix.
      const outer = result.shape.slice(0, place).reduce((a, b) => a * b, 1);
      const inner = result.shape.slice(place + 1).reduce((a, b) => a * b, 1);
      const rows = tf.transpose(tf.reshape(result, [outer, from, inner]), [1, 0, 2]);
      const made = tf.matMul(
        constantTensor(matrix, [to, from]) as tf.Tensor2D,
        tf.reshape(rows, [from, outer * inner]) as tf.Tensor2D,
      );
      const back = tf.transpose(tf.reshape(made, [to, outer, inner]), [1, 0, 2]);
      return tf.reshape(back, result.shape.with(place, to));
    };
    return { tensor: before.map((_, axis) => axis).reduce(along, tensor), axes };
  };
}

/** The position of an output row in the input, in rows. */
function positionOf(
  row: number,
  { from, to, scale, where }: { from: number; to: number; scale: number; where: string },
): number {
  if (where === 'asymmetric') return row / scale;
  if (where === 'align_corners') return to === 1 ? 0 : (row * (from - 1)) / (to - 1);
  if (where === 'pytorch_half_pixel' && to === 1) return 0;
  return (row + 0.5) / scale - 0.5;
}
