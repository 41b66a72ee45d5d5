/** @file Feature networks in ONNX. */
import type { Rng } from '@simgan/core';
import { onnxFeatures } from '@simgan/node';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { OnnxModel } from '../../../packages/tfjs-onnx/src/onnx/model.ts';
import { mutateModel } from '../../../packages/tfjs-onnx/test/mutate-model.ts';
import type { Kind } from '../kind.ts';
import { mutateBytes } from '../mutate.ts';
import { Defect, outcomeOfError } from '../outcome.ts';

/** A network of pictures in color with most of the operators that are read. */
function network(): Uint8Array {
  const model = new OnnxModel();
  const weights = (...shape: number[]) => {
    const length = shape.reduce((a, b) => a * b, 1);
    return model.float32(
      Float32Array.from({ length }, (_, i) => Math.sin(i) / 3),
      shape,
    );
  };
  const x = model.input('x', 'float32', ['n' as unknown as number, 3, 12, 12]);
  const conv = model.node('Conv', [x, weights(4, 3, 3, 3), weights(4)], { pads: [1, 1, 1, 1] });
  const grouped = model.node('Conv', [conv, weights(4, 2, 3, 3)], {
    group: 2,
    dilations: [2, 2],
    pads: [2, 2, 2, 2],
  });
  const relu = model.node('LeakyRelu', [grouped], { alpha: { float: 0.1 } });
  const joined = model.node('Concat', [relu, conv], { axis: 1 });
  const pooled = model.node('MaxPool', [joined], { kernel_shape: [2, 2], strides: [2, 2] });
  const mean = model.node('AveragePool', [pooled], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  const padded = model.node('Pad', [mean], { pads: [0, 0, 1, 1, 0, 0, 1, 1], mode: 'reflect' });
  const resized = model.node('Resize', [padded, '', weightsOf(model, [1, 1, 2, 2])], { mode: 'linear' });
  const turned = model.node('Transpose', [resized], { perm: [0, 1, 3, 2] });
  const sum = model.node('Add', [turned, weights(1, 8, 1, 1)]);
  const norm = model.node('BatchNormalization', [sum, ...[0, 0, 0].map(() => weights(8)), ones(model, 8)]);
  const flat = model.node('Flatten', [model.node('GlobalAveragePool', [norm])]);
  const product = model.node('Gemm', [flat, weights(8, 5), weights(5)]);
  model.output('y', model.node('Softmax', [product], { axis: -1 }), 'float32', [1, 5]);
  return model.serialize();
}

const weightsOf = (model: OnnxModel, numbers: readonly number[]) =>
  model.float32(Float32Array.from(numbers), [numbers.length]);
const ones = (model: OnnxModel, length: number) => model.float32(new Float32Array(length).fill(1), [length]);

function kindOf(name: string, mutate: (bytes: Uint8Array, rng: Rng) => Uint8Array): Kind {
  return {
    name,
    share: 1,
    async prepare() {
      await tf.setBackend('cpu');
      const sound = network();
      const batch = tf.keep(tf.randomUniform<tf.Rank.R4>([1, 12, 12, 3], -1, 1, 'float32', 1));
      return {
        attempt: async (rng) => {
          try {
            const features = onnxFeatures(mutate(sound, rng));
            const rank = tf.tidy(() => features(batch).rank);
            if (rank !== 4) throw new Defect(`The features have rank ${rank}`);
            return 'success';
          } catch (error) {
            return outcomeOfError(error);
          }
        },
        close: () => batch.dispose(),
      };
    },
  };
}

export const modelKinds: readonly Kind[] = [
  kindOf('onnx', mutateBytes),
  kindOf('onnx, its operators', mutateModel),
];
